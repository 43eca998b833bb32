"""The table of error codes, as Markdown, from the errors themselves."""

from __future__ import annotations

from collections.abc import Sequence

from billing.http.reply import status_and_code
from docs.openapi.document import every_error, said
from docs.openapi.operation import Operation
from docs.openapi.operations import OPERATIONS

_HEAD = """\
# Error codes

Every error from a function is `{"error": {"code": "...", "message": "..."}}`. Codes are stable and for programs;
messages are for people and may change. `make openapi` writes this page from `billing/errors` and the routes in
`docs/openapi/operations`.

| Status | `code` | Meaning | Routes |
|---|---|---|---|
"""
_FOOT = """
API Gateway itself answers in its own form: `401 {"message": "Unauthorized"}` if the token is missing or invalid,
`403 {"message": "Forbidden"}` if it lacks the route's scope, `404 {"message": "Not Found"}` for other paths,
`429 {"message": "Too Many Requests"}` if there are too many at once (the local system does so only with `make run
ARGS=--throttle`),
`500 {"message": "Internal Server Error"}` if the function ended without an answer, and `503 {"message": "Service
Unavailable"}` if it could not be reached. 503s from functions carry `Retry-After: 2`.
"""


def error_page(operations: Sequence[Operation] = OPERATIONS) -> str:
    """Write the page; errors that no route can answer (settings, the queue's messages) are not on it."""
    rows: dict[tuple[int, str], tuple[str, list[str]]] = {}
    for error in every_error():
        status, code = status_and_code(error)
        routes = [each.route for each in operations if error in each.every_error]
        if not routes:
            continue
        known = rows.setdefault((status, code), (said(code, [error]), []))
        known[1].extend(route for route in routes if route not in known[1])
    lines = [
        f"| {status} | `{code}` | {said} | {_listed(routes, len(operations))} |"
        for (status, code), (said, routes) in sorted(rows.items())
    ]
    return _HEAD + "\n".join(lines) + "\n" + _FOOT


def _listed(routes: Sequence[str], of: int) -> str:
    if len(routes) == of:
        return "all"
    return ", ".join(f"`{route}`" for route in routes)
