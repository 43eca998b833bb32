"""A request as API Gateway hands it to a function: payload format 2.0.

Format: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html .
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn, TypedDict

from billing import errors
from billing.domain.ids import CORRELATION_ID, IDEMPOTENCY_KEY, UnfitError, fits, moment

if TYPE_CHECKING:
    from pydantic import BaseModel


MAX_JSON = 16 * 1024  # our own requests are a few hundred bytes


class HttpEvent(TypedDict, total=False):
    """The parts of a payload 2.0 request that we read; API Gateway writes header names in lower case."""

    routeKey: str
    headers: dict[str, str]
    queryStringParameters: dict[str, str]
    pathParameters: dict[str, str]
    requestContext: dict[str, Any]
    body: str
    isBase64Encoded: bool


def raw_body(event: HttpEvent) -> bytes:
    """Return the exact bytes that were sent, or raise `InvalidRequest`.

    A signature is over these bytes, so nothing may be read and written again in between. `surrogatepass`: a JSON event
    can hold half of a surrogate pair, which plain UTF-8 refuses; it then fails at the signature, not here.
    """
    body = _part(event, "body") or ""
    if not isinstance(body, str):
        raise errors.InvalidRequest("the body is not text")
    if not _part(event, "isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as exc:  # ValueError: a character outside of ASCII
        raise errors.InvalidRequest("the body is not valid base64") from exc


def header(event: HttpEvent, name: str) -> str | None:
    """Return a header by its lower-case name; also from events written by hand, where case varies."""
    headers = _mapping(event, "headers")
    found = headers[name] if name in headers else next((headers[key] for key in headers if key.lower() == name), None)
    return found if isinstance(found, str) else None  # a list is what other events than ours have for several of a name


def query(event: HttpEvent, name: str) -> str | None:
    """Return a query parameter; several of one name arrive joined by commas."""
    found = _mapping(event, "queryStringParameters").get(name)
    return found if isinstance(found, str) else None


def refuse_others(event: HttpEvent, *names: str) -> None:
    """Raise `InvalidRequest` for a query parameter of another name: a misspelt filter would show everything."""
    others = _mapping(event, "queryStringParameters").keys() - set(names)
    if others:
        raise errors.InvalidRequest(f"the parameters here are {', '.join(names)}")


def time_in_query(event: HttpEvent, name: str) -> datetime | None:
    """Return a query parameter as a time, or raise `InvalidRequest` unless it is ISO 8601 with its offset."""
    text = query(event, name)
    try:
        return moment(text, name) if text is not None else None
    except UnfitError as exc:
        raise errors.InvalidRequest(f"{name} must be a time as 2026-11-21T10:00:00Z") from exc


def in_path(event: HttpEvent, name: str) -> str:
    """Return a part of the path. The gateway matches the route, so it is there; else it is empty, and no id."""
    found = _mapping(event, "pathParameters").get(name)
    return found if isinstance(found, str) else ""


def json_body(event: HttpEvent) -> dict[str, Any]:
    """Return the body as a JSON object, or raise `InvalidRequest` for anything else, and `BodyTooLarge`."""
    body = raw_body(event)
    if len(body) > MAX_JSON:
        raise errors.BodyTooLarge(f"the body is larger than {MAX_JSON} bytes")
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_each_name_once)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # "\ud800" parses, and then no answer could quote it
    except (ValueError, RecursionError) as exc:  # ValueError: also UTF-8, and an integer of over 4,300 digits
        raise errors.InvalidRequest("the body is not valid JSON") from exc
    if not isinstance(value, dict):
        raise errors.InvalidRequest("the body is not a JSON object")
    return value


def body_as[M: BaseModel](event: HttpEvent, model: type[M]) -> M:
    """Return the body as a model, or raise `InvalidRequest` naming the first field that does not fit."""
    from pydantic import ValidationError

    body = json_body(event)
    try:
        return model.model_validate(body)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])[:64]
        raise errors.InvalidRequest(f"{field}: {first['msg']}" if field else first["msg"]) from exc


def idempotency_key(event: HttpEvent) -> str | None:
    """Return the header `Idempotency-Key`, or raise `InvalidRequest` when it is none that we take."""
    given = header(event, "idempotency-key")
    if given is not None and fits(given, IDEMPOTENCY_KEY) is None:
        raise errors.InvalidRequest("Idempotency-Key must be 1 to 255 visible characters")
    return given


def required_key(event: HttpEvent) -> str:
    """Return the same where nothing is done without it: what costs credits."""
    key = idempotency_key(event)
    if key is None:
        raise errors.InvalidRequest("the header Idempotency-Key is needed here")
    return key


def correlation_id(event: HttpEvent) -> str | None:
    """Return API Gateway's id of the request, which its access log has as well."""
    return fits(_mapping(event, "requestContext").get("requestId"), CORRELATION_ID)


def _mapping(event: object, name: str) -> Mapping[str, Any]:
    """A part of the event that is a mapping itself, or an empty one."""
    found = _part(event, name)
    return found if isinstance(found, Mapping) else {}


def _part(event: object, name: str) -> object:
    """A part of the event; there is none where the function was invoked with anything else than a request."""
    return event.get(name) if isinstance(event, Mapping) else None


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON leaves open which of two amounts of one name counts, and a proxy in between may have read the other."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
