"""Build the OpenAPI 3.1 document from the table of operations and the pydantic models."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from billing import errors
from billing.http.reply import status_and_code
from docs.openapi.operation import Caller, Error, Operation, Replied
from docs.openapi.operations import OPERATIONS

_SCHEMAS = "#/components/schemas/"
_INTERNAL = "Our fault; the log has it."
_GATEWAYS = {
    401: "the token is missing or invalid",
    403: "the token lacks the route's scope",
    413: "the request is larger than API Gateway accepts",
    429: "there are too many requests at once (template.yaml, `RouteSettings`)",
    500: "the function ended without an answer",
    503: "the function could not be reached",
}
"""Statuses that API Gateway answers by itself, in its own form."""
_CANDIDATE = {
    "type": "object",
    "required": ["priceId", "lookupKey", "interval", "intervalCount", "currency", "unitAmount"],
    "properties": {
        "priceId": {"type": "string"},
        "lookupKey": {"type": ["string", "null"]},
        "interval": {"type": ["string", "null"], "description": "Null: bought once."},
        "intervalCount": {"type": ["integer", "null"]},
        "currency": {"type": "string"},
        "unitAmount": {"type": "integer"},
    },
}
_ERRORS = {
    "Error": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "portal": {
                        "type": "string",
                        "description": "The route that helps, if the portal does.",
                    },
                    "candidates": {
                        "type": "array",
                        "items": _CANDIDATE,
                        "description": "Of `ambiguous_price`: the prices to choose from.",
                    },
                    "balance": {"type": "integer", "description": "of `insufficient_credits`"},
                    "available": {"type": "integer", "description": "of `insufficient_credits`"},
                },
            }
        },
    },
    "GatewayError": {
        "type": "object",
        "required": ["message"],
        "properties": {"message": {"type": "string"}},
    },
}
_ABOUT = """\
JSON in, JSON out. Names are camelCase, times are ISO 8601 in UTC to the second, amounts of money are whole numbers in
the currency's smallest unit, credits are whole numbers. What is absent is `null`. Unknown fields in a request are
refused.

Every error is `{"error": {"code", "message"}}`: codes are stable and for programs, messages are for people. API
Gateway itself answers in a form of its own, `{"message": "Unauthorized"}`, if a token is missing or invalid.
"""


def document(operations: Sequence[Operation] = OPERATIONS) -> dict[str, Any]:
    """Build the whole document."""
    paths: dict[str, Any] = {}
    for each in operations:
        method, path = each.route.split(" ")
        paths.setdefault(path, {})[method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Plumbline",
            "version": "1",
            "summary": "Checkout, subscriptions, entitlements and prepaid credits on Stripe.",
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [
            {"url": "http://127.0.0.1:8788", "description": "the local system (`make run`)"},
            {
                "url": "https://{api}.execute-api.{region}.amazonaws.com",
                "description": "a deployment: the stack's output ApiUrl",
                "variables": {"api": {"default": "abc123"}, "region": {"default": "us-east-1"}},
            },
        ],
        "tags": [{"name": name} for name in dict.fromkeys(each.tag for each in operations)],
        "paths": paths,
        "components": {
            "schemas": {**_models(operations), **_ERRORS},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "RS256; `sub` is the user. A machine has scope `billing:read` or `billing:spend`",
                }
            },
        },
    }


def meaning(error: Error) -> str:
    """What an error means: the first sentence of its docstring."""
    text = inspect.cleandoc(error.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=\.) ", text)[0]


def _operation(each: Operation) -> dict[str, Any]:
    answers = {str(reply.status): _answer(reply) for reply in each.answers}
    for status, group in sorted(_by_status(each.every_error).items()):
        answers[str(status)] = _error_answer(status, group)
    if each.body is not None or each.caller is Caller.STRIPE:
        answers["413"] = _gateway_answer(413)
    answers.setdefault("429", _gateway_answer(429))
    answers.setdefault("503", _gateway_answer(503))  # also where the function itself asks nobody who may be away
    found: dict[str, Any] = {
        "operationId": each.id,
        "tags": [each.tag],
        "summary": each.summary,
        "description": " ".join(filter(None, [f"Caller: {each.caller}.", each.more])),
        "security": [] if each.caller in (Caller.ANYBODY, Caller.STRIPE) else [{"token": []}],
        "responses": answers,
    }
    if each.parameters:
        found["parameters"] = [
            {
                "name": item.name,
                "in": item.where,
                "required": item.required or item.where == "path",
                "description": item.meaning,
                "schema": dict(item.schema),
                **({"explode": item.explode} if item.explode is not None else {}),
            }
            for item in each.parameters
        ]
    if each.foreign_body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": dict(each.foreign_body)}}}
    if each.body is not None:
        schema = {"$ref": _SCHEMAS + each.body.__name__}
        found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return found


def _answer(reply: Replied) -> dict[str, Any]:
    found: dict[str, Any] = {"description": reply.meaning}
    if reply.headers:
        found["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in reply.headers.items()
        }
    schema = {"$ref": _SCHEMAS + reply.body.__name__} if reply.body is not None else reply.schema
    if schema is not None:
        found["content"] = {"application/json": {"schema": dict(schema)}}
    return found


def _error_answer(status: int, group: Sequence[Error]) -> dict[str, Any]:
    codes = sorted({status_and_code(error)[1] for error in group})
    lines = [f"`{code}`: {said(code, group)}" for code in codes]
    if status in _GATEWAYS:
        lines.append(f"Or API Gateway's own answer: {_GATEWAYS[status]}.")
    ours = {"$ref": f"{_SCHEMAS}Error", "properties": {"error": {"properties": {"code": {"enum": codes}}}}}
    schema = {"anyOf": [ours, {"$ref": f"{_SCHEMAS}GatewayError"}]} if status in _GATEWAYS else ours
    return {"description": "\n\n".join(lines), "content": {"application/json": {"schema": schema}}}


def _gateway_answer(status: int) -> dict[str, Any]:
    schema = {"$ref": f"{_SCHEMAS}GatewayError"}
    description = f"API Gateway's own answer: {_GATEWAYS[status]}."
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def said(code: str, group: Iterable[Error]) -> str:
    """What a code means, by the first of the errors that carry it."""
    return (
        _INTERNAL if code == "internal" else meaning(next(kind for kind in group if status_and_code(kind)[1] == code))
    )


def _by_status(group: Iterable[Error]) -> dict[int, list[Error]]:
    found: dict[int, list[Error]] = {}
    for error in group:
        found.setdefault(status_and_code(error)[0], []).append(error)
    return found


def _models(operations: Sequence[Operation]) -> dict[str, Any]:
    requests = list(dict.fromkeys(each.body for each in operations if each.body is not None))
    answers = list(dict.fromkeys(reply.body for each in operations for reply in each.answers if reply.body is not None))
    _, read = models_json_schema([(model, "validation") for model in requests], ref_template=_SCHEMAS + "{model}")
    _, written = models_json_schema([(model, "serialization") for model in answers], ref_template=_SCHEMAS + "{model}")
    return dict(sorted({**read.get("$defs", {}), **written.get("$defs", {})}.items()))


def every_error() -> Iterator[Error]:
    """Every class of error that has a code of its own."""
    pending: list[Error] = [errors.BillingError]
    while pending:
        kind = pending.pop(0)
        yield kind
        pending += kind.__subclasses__()
