"""CORS as an HTTP API does it, for all its routes alike.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from local.gateway.reply import HttpReply
from local.template import Cors


def preflight(cors: Cors, origin: str | None) -> HttpReply:
    """The gateway answers preflights itself, with or without an OPTIONS route; a strange origin gets no headers."""
    headers = _headers(cors, origin)
    if headers:
        if cors.allow_methods:
            headers.append(("access-control-allow-methods", ",".join(cors.allow_methods)))
        if cors.allow_headers:
            headers.append(("access-control-allow-headers", ",".join(cors.allow_headers)))
        if cors.max_age is not None:
            headers.append(("access-control-max-age", str(cors.max_age)))
    return HttpReply(204, tuple(headers), b"")


def with_cors(cors: Cors, origin: str | None, reply: HttpReply) -> HttpReply:
    """Add the configured headers, in place of any the function set: "API Gateway ignores CORS headers" of a backend."""
    kept = [(key, value) for key, value in reply.headers if not key.startswith("access-control-")]
    return HttpReply(reply.status, (*kept, *_headers(cors, origin)), reply.body)


def _headers(cors: Cors, origin: str | None) -> list[tuple[str, str]]:
    if origin is None:
        return []
    if "*" in cors.allow_origins:
        headers = [("access-control-allow-origin", "*")]
    elif origin in cors.allow_origins:
        headers = [("access-control-allow-origin", origin), ("vary", "origin")]
    else:
        return []
    if cors.allow_credentials:
        headers.append(("access-control-allow-credentials", "true"))
    if cors.expose_headers:
        headers.append(("access-control-expose-headers", ",".join(cors.expose_headers)))
    return headers
