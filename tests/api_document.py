"""The API's document as a referee: does an answer that was seen keep what the document promises?"""

from __future__ import annotations

import copy
import re
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from docs.openapi.document import document

_METHODS = ("get", "post", "put", "delete", "patch")


@cache
def _told() -> dict[str, Any]:
    """The document, with every object closed: a member that it does not name is a fault, too."""
    whole = copy.deepcopy(document())
    for schema in whole["components"]["schemas"].values():
        close(schema)
    return whole


def close(schema: Any) -> None:
    """Let no object of a schema have a member that it does not name."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
        for part in schema.values():
            close(part)
    elif isinstance(schema, list):
        for part in schema:
            close(part)


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """The operation that a request was for; None for a path that the API does not have."""
    for template, operations in _told()["paths"].items():
        pattern = re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in operations:
            found: dict[str, Any] = operations[method.lower()]
            return found
    return None


def faults(response: httpx.Response) -> list[str]:
    """What of an answer is not as the document says. An unknown path must be API Gateway's 404, a preflight its 204."""
    request = response.request
    where = f"{request.method} {request.url.path} answered {response.status_code}"
    operation = operation_of(request.method, request.url.path)
    if operation is None or request.method not in {method.upper() for method in _METHODS}:
        return []
    promised = operation["responses"].get(str(response.status_code))
    if promised is None:
        return [f"{where}, which the document does not have"]
    missing = [name for name in promised.get("headers", {}) if name.lower() not in response.headers]
    found = [f"{where} without the header {name}" for name in missing]
    content = promised.get("content", {}).get("application/json")
    if content is not None:
        schema = {**content["schema"], "components": _told()["components"]}
        found += [f"{where}: {error.json_path} {error.message}" for error in _errors(schema, response.json())]
    return found


def _errors(schema: dict[str, Any], value: object) -> list[Any]:
    return list(Draft202012Validator(schema).iter_errors(value))


def referee(response: httpx.Response) -> None:
    """An httpx response hook: every answer that a test sees is held against the document."""
    response.read()
    wrong = faults(response)
    assert not wrong, "\n".join(wrong)
