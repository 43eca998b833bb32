"""The OpenAPI document of the HTTP API: made of the pydantic models, never written by hand (`make openapi`)."""
