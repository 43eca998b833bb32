"""From the domain to the bodies of the HTTP API, one module for each group of routes."""
