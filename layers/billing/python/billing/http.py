"""HTTP as API Gateway hands it to a function: payload format 2.0 in, its answer out.

Format: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html .
Domain errors know no status codes: `_STATUS` is the one place that does. Start-up counts here (the webhook imports
this module), so pydantic is imported only by who asks for a model.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, TypedDict, cast

from billing import errors
from billing.domain.ids import CORRELATION_ID, USER_ID, UserId, fits
from billing.observability import LambdaContext, log, metrics, observed

if TYPE_CHECKING:
    from pydantic import BaseModel

MAX_JSON = 16 * 1024  # our own requests are a few hundred bytes
MACHINE_SCOPES = frozenset({"billing:spend", "billing:read"})


class HttpEvent(TypedDict, total=False):
    """The parts of a payload 2.0 request that we read; API Gateway writes header names in lower case."""

    routeKey: str
    headers: dict[str, str]
    queryStringParameters: dict[str, str]
    requestContext: dict[str, Any]
    body: str
    isBase64Encoded: bool


class HttpResponse(TypedDict):
    """A payload 2.0 answer."""

    statusCode: int
    headers: dict[str, str]
    body: str
    isBase64Encoded: bool


type Handler = Callable[[HttpEvent, LambdaContext], HttpResponse]

_STATUS: tuple[tuple[type[errors.BillingError], int, str | None], ...] = (
    # The first that fits; a text replaces the error's own where that could tell something about our inside.
    (errors.UnknownPrice, 404, None),
    (errors.SessionNotFound, 404, None),
    (errors.Unauthenticated, 401, None),
    (errors.Forbidden, 403, None),
    (errors.PriceUnavailable, 422, None),
    (errors.SubscriptionExists, 409, None),
    (errors.CheckoutConflict, 409, None),
    (errors.RequestRefused, 400, None),
    (errors.SignatureRefused, 400, None),
    (errors.StripeUnavailable, 503, "Stripe can't be reached at the moment; try again in a few seconds"),
    (errors.Retryable, 503, "this is not possible at the moment; try again in a few seconds"),
    (errors.BillingError, 500, "something went wrong on our side"),
)


def http_handler(function: Handler) -> Handler:
    """Give a handler its frame: ids on every log line, metrics printed at the end, every error answered as JSON."""

    @wraps(function)
    def framed(event: HttpEvent, context: LambdaContext) -> HttpResponse:
        with observed(context, correlation_id(event)):
            try:
                return function(event, context)
            except errors.BillingError as exc:
                return error_reply(exc)
            except Exception as exc:  # noqa: BLE001  whatever was not foreseen is logged here and never shown
                log().failure("request failed", exc, retryable=False, code="internal")
                metrics().count("RequestsFailed", code="internal")
                return _error(500, "internal", "something went wrong on our side")

    return framed


def raw_body(event: HttpEvent) -> bytes:
    """Return the exact bytes that were sent, or raise `InvalidRequest`.

    A signature is over these bytes, so nothing may be read and written again in between. `surrogatepass`: a JSON event
    can hold half of a surrogate pair, which plain UTF-8 refuses; it then fails at the signature, not here.
    """
    body: object = event.get("body") or ""
    if not isinstance(body, str):
        raise errors.InvalidRequest("the body is not text")
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as exc:  # ValueError: a character outside of ASCII
        raise errors.InvalidRequest("the body is not valid base64") from exc


def header(event: HttpEvent, name: str) -> str | None:
    """Return a header by its lower-case name; also from events written by hand, where case varies."""
    headers = event.get("headers") or {}
    if name in headers:
        return headers[name]
    return next((value for key, value in headers.items() if key.lower() == name), None)


def query(event: HttpEvent, name: str) -> str | None:
    """Return a query parameter; several of one name arrive joined by commas."""
    return (event.get("queryStringParameters") or {}).get(name)


def json_body(event: HttpEvent) -> dict[str, Any]:
    """Return the body as a JSON object, or raise `InvalidRequest` for anything else, and `BodyTooLarge`."""
    body = raw_body(event)
    if len(body) > MAX_JSON:
        raise errors.BodyTooLarge(f"the body is larger than {MAX_JSON} bytes")
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
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


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, from the token that the gateway's authorizer has verified."""

    user_id: UserId
    email: str | None
    email_verified: bool
    scopes: frozenset[str]

    @property
    def is_machine(self) -> bool:
        """Whether another service of the team asks: its token has one of our scopes, which users' never have."""
        return bool(self.scopes & MACHINE_SCOPES)

    @property
    def usable_email(self) -> str | None:
        """The e-mail address, unless the issuer says that it was not verified; it comes from nowhere else."""
        return self.email if self.email_verified else None

    def as_user(self) -> Caller:
        """Return this caller where only a user may ask, or raise `Forbidden`."""
        if self.is_machine:
            raise errors.Forbidden("a user's token is needed here")
        return self


def caller(event: HttpEvent) -> Caller:
    """Return who asks, or raise `Unauthenticated`.

    Only from the authorizer's claims: a header can be set by anybody (failure-modes.md S08). API Gateway turns every
    claim into text, so a boolean arrives as "true"; the local gateway does the same.
    """
    claims = _claims(event)
    user = fits(claims.get("sub"), USER_ID)
    if user is None:
        raise errors.Unauthenticated("a token with a usable subject is needed")
    email = claims.get("email")
    scope = claims.get("scope")
    return Caller(
        user_id=UserId(user),
        email=email if isinstance(email, str) and 3 <= len(email) <= 320 and "@" in email else None,
        email_verified=claims.get("email_verified") in (True, "true"),
        scopes=frozenset(scope.split()) if isinstance(scope, str) else frozenset(),
    )


def reader(event: HttpEvent) -> UserId:
    """Return whose account is read: the user's own, or the one that a machine with `billing:read` names.

    Raises `Forbidden` when a user names anybody, or a machine lacks the scope, and `InvalidRequest` when a machine
    names nobody.
    """
    asking = caller(event)
    named = query(event, "userId")
    if not asking.is_machine:
        if named is not None:
            raise errors.Forbidden("a user's token reads that user's account only")
        return asking.user_id
    if "billing:read" not in asking.scopes:
        raise errors.Forbidden("the scope billing:read is needed")
    if fits(named, USER_ID) is None:
        raise errors.InvalidRequest("userId must name a user")
    return UserId(named or "")


def correlation_id(event: HttpEvent) -> str | None:
    """Return API Gateway's id of the request, which its access log has as well."""
    found = (event.get("requestContext") or {}).get("requestId")
    return fits(found, CORRELATION_ID)


def reply(status: int, body: Mapping[str, Any] | BaseModel, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a JSON answer; a model is written under its JSON names."""
    if isinstance(body, Mapping):
        return reply_json(status, json.dumps(body, separators=(",", ":"), ensure_ascii=False), headers)
    return reply_json(status, body.model_dump_json(by_alias=True), headers)


def reply_json(status: int, document: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a document that is JSON already. Nothing here may be stored on the way: it is about one user's money."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **(headers or {})},
        "body": document,
        "isBase64Encoded": False,
    }


def redirect(location: str) -> HttpResponse:
    """Return a 303: the browser goes there with GET."""
    return {
        "statusCode": 303,
        "headers": {"location": location, "cache-control": "no-store"},
        "body": "",
        "isBase64Encoded": False,
    }


def error_reply(exc: errors.BillingError) -> HttpResponse:
    """Log an error once, and answer it with its status, stable code and message."""
    status, message = next((status, text) for kind, status, text in _STATUS if isinstance(exc, kind))
    if status < 500:
        log().info("request refused", code=exc.code, status=status, **_free(exc.ids))
        metrics().count("RequestsRefused", code=exc.code)
        return _error(status, exc.code, message or exc.message)
    code = _public_code(exc)
    log().failure("request failed", exc, retryable=status == 503, status=status)
    metrics().count("RequestsFailed", code=code)
    retry = {"retry-after": "2"} if status == 503 else None
    return _error(status, code, message or "something went wrong on our side", retry)


def _public_code(exc: errors.BillingError) -> str:
    """Which of our parts did not answer is for the log; a client needs to know only Stripe from ours."""
    if isinstance(exc, errors.StripeUnavailable):
        return exc.code
    return "unavailable" if isinstance(exc, errors.Retryable) else "internal"


def _error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return reply(status, {"error": {"code": code, "message": message}}, headers)


def _claims(event: HttpEvent) -> Mapping[str, Any]:
    found: object = event.get("requestContext")
    for step in ("authorizer", "jwt", "claims"):
        found = found.get(step) if isinstance(found, Mapping) else None
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def _free(ids: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in ids.items() if key not in ("code", "status", "message")}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
