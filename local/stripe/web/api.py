"""`/v1`: decode the wire form, ask the engine, answer."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.stripe.engine.errors import SUPPORT, ApiError
from local.stripe.engine.form import decode_form
from local.stripe.web.shell import Shell, shell_of

FORM = "application/x-www-form-urlencoded"


async def answer(request: Request) -> Response:
    """Answer one API request."""
    shell = shell_of(request)
    body = await request.body()
    if shell.faults.fail > 0 and shell.faults.status == 0:
        shell.faults.take("fail")
        await asyncio.sleep(shell.faults.hang_seconds)
        return Response(status_code=504)
    if shell.faults.take("fail"):
        shell.engine.fail_next = [shell.faults.status]
        shell.engine.fail_late = shell.faults.fail_late
    reply = _reply(shell, request, body)
    shell.engine.fail_next = []
    shell.flush()
    await _hold(shell, request)
    return reply


async def _hold(shell: Shell, request: Request) -> None:
    """Keep an answer back, if that is wanted, and its key in use."""
    key = request.headers.get("idempotency-key") if request.method == "POST" else None
    executing = shell.engine.executing
    if key is None or key in executing or not shell.faults.take("hold"):
        return
    executing.add(key)
    try:
        await asyncio.sleep(shell.faults.hold_seconds)
    finally:
        executing.discard(key)


def _reply(shell: Shell, request: Request, body: bytes) -> Response:
    try:
        given = _given(request, body)
    except ApiError as refusal:
        request_id = shell.engine.world.id("req", 14)
        return JSONResponse(
            refusal.body(request_id, shell.engine.world.now()),
            status_code=refusal.status,
            headers={"Request-Id": request_id},
        )
    result = shell.engine.request(
        request.method,
        request.url.path,
        given,
        api_key=_api_key(request.headers.get("authorization", "")),
        idempotency_key=request.headers.get("idempotency-key"),
        version=request.headers.get("stripe-version"),
    )
    return Response(result.encoded(), status_code=result.status, headers=result.headers, media_type="application/json")


def _given(request: Request, body: bytes) -> dict[str, Any]:
    if request.method in ("GET", "DELETE"):
        return decode_form(request.url.query)
    return _json(request, body) if request.url.path.startswith("/v2/") else decode_form(_form(request, body))


def _json(request: Request, body: bytes) -> dict[str, Any]:
    """Version 2 of the API takes JSON. https://docs.stripe.com/api-v2-overview#key-differences"""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        given = None
    if kind != "application/json" or not isinstance(given, dict):
        raise ApiError("The body of a request to /v2 is a JSON object, with the content type application/json.")
    return given


def _form(request: Request, body: bytes) -> str:
    kind = request.headers.get("content-type", FORM).partition(";")[0].strip().lower()
    try:
        text = body.decode()
    except UnicodeDecodeError:
        kind, text = "", ""
    if body and kind != FORM:
        raise ApiError(
            f"Invalid request (check that your POST content type is {FORM}). If you have any questions, we can help at "
            f"{SUPPORT}."
        )
    return text


def _api_key(authorization: str) -> str | None:
    """The key of a bearer header, or of basic auth's user name. https://docs.stripe.com/api/authentication"""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0] or None
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None
