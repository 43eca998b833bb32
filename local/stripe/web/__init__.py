"""The HTTP shell: API, hosted pages, control API."""
