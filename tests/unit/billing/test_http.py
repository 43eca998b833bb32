"""Requests in, answers out: what a client can send wrong, and who a caller is (S06-S10, S13, S17)."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from billing import errors
from billing.http import caller, reply, request
from billing.http.handler import http_handler
from billing.http.reply import HttpResponse
from billing.http.request import HttpEvent
from billing.observability import LambdaContext
from tests.fakes.lambda_events import FakeContext, http_event


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    price: str
    quantity: int = 1


def parsed(response: HttpResponse) -> dict[str, Any]:
    return json.loads(response["body"])


def answer_to(exc: BaseException) -> HttpResponse:
    @http_handler
    def handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:
        raise exc

    return handler(http_event(), FakeContext())


# --- bodies


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("body", [b"", b"{}", "é😀".encode(), b" {\r\n} "])
def test_the_exact_bytes_come_out(body: bytes, encoded: bool) -> None:
    """S04: verified as the bytes that were sent, or refused."""
    assert request.raw_body(http_event(body, encoded=encoded)) == body


@given(st.binary(max_size=200))
def test_any_bytes_come_out_of_base64(body: bytes) -> None:
    assert request.raw_body(http_event(body, encoded=True)) == body


BAD_BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "invalid_request"),
    "not JSON": (b"{", "invalid_request"),
    "not UTF-8": (b'{"price":"\xff"}', "invalid_request"),
    "UTF-16": ('{"price":"x"}'.encode("utf-16"), "invalid_request"),
    "a list": (b"[]", "invalid_request"),
    "null": (b"null", "invalid_request"),
    "NaN": (b'{"price":"x","quantity":NaN}', "invalid_request"),
    "Infinity": (b'{"price":"x","quantity":-Infinity}', "invalid_request"),
    "an endless integer": (b'{"price":"x","quantity":' + b"9" * 5000 + b"}", "invalid_request"),
    "deep nesting": (b'{"a":' * 3000, "invalid_request"),
    "deep nesting that ends": (b"[" * 8000 + b"]" * 8000, "invalid_request"),
    "deep nesting inside": (b'{"price":' + b"[" * 5000 + b"]" * 5000 + b"}", "invalid_request"),
    "half of a surrogate pair": (b'{"price":"\\ud800"}', "invalid_request"),
    "half of a surrogate pair as a name": (b'{"\\ud800":1}', "invalid_request"),
    "too large": (b'{"price":"' + b"x" * request.MAX_JSON + b'"}', "body_too_large"),
    "an unknown field": (b'{"price":"x","amount":1}', "invalid_request"),
    "a field missing": (b"{}", "invalid_request"),
    "a text for a number": (b'{"price":"x","quantity":"1"}', "invalid_request"),
    "a fraction": (b'{"price":"x","quantity":1.5}', "invalid_request"),
    "true for a number": (b'{"price":"x","quantity":true}', "invalid_request"),
    "a name that stands twice": (b'{"price":"x","quantity":1,"quantity":2}', "invalid_request"),
    "null for a text": (b'{"price":null}', "invalid_request"),
}


@pytest.mark.parametrize(("body", "code"), BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_a_bad_body_is_a_400(body: bytes, code: str) -> None:
    @http_handler
    def handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:
        request.body_as(event, Order)
        return reply.reply(200, {})

    response = handler(http_event(body, encoded=True), FakeContext())
    assert response["statusCode"] == 400
    assert parsed(response)["error"]["code"] == code
    assert len(response["body"].encode("utf-8")) < 300


def test_the_field_is_named_and_its_value_is_not() -> None:
    with pytest.raises(errors.InvalidRequest) as refused:
        request.body_as(http_event('{"price":"x","quantity":"alice@example.com"}'), Order)
    assert refused.value.message.startswith("quantity: ")
    assert "alice" not in refused.value.message


def test_a_good_body_is_read_with_its_defaults() -> None:
    assert request.body_as(http_event('{"price":"é"}'), Order) == Order(price="é", quantity=1)


# --- headers and parameters


def test_headers_are_found_in_any_case() -> None:
    assert request.header({"headers": {"stripe-signature": "a"}}, "stripe-signature") == "a"
    assert request.header({"headers": {"Stripe-Signature": "a"}}, "stripe-signature") == "a"
    assert request.header({}, "stripe-signature") is None


def test_a_missing_parameter_is_none() -> None:
    assert request.query({}, "limit") is None
    assert request.query(http_event(query={"limit": "5"}), "limit") == "5"


# --- who asks


def test_a_caller_with_a_subject_is_a_user() -> None:
    found = caller.caller(http_event(claims={"sub": "alice", "email": "alice@example.com", "email_verified": "true"}))
    assert (found.user_id, found.email, found.email_verified) == ("alice", "alice@example.com", True)
    assert not found.is_machine
    assert found.as_user() is found


@pytest.mark.parametrize("sub", ["auth0|6591f2", "ada@example.com", "a.b+c=d_e-f", "x" * 128, "aBc|X"])
def test_a_subject_of_any_common_issuer_is_taken_to_the_letter(sub: str) -> None:
    """S07: to the letter, since two users may differ by case alone."""
    assert caller.caller(http_event(claims={"sub": sub})).user_id == sub


@pytest.mark.parametrize("sub", [None, "", "a b", "a:b", "é", "a\n", "x" * 129, "a/b", 5, ["alice"], "USER#alice"])
def test_a_subject_that_cannot_be_a_key_is_nobody(sub: object) -> None:
    """S08: and no other claim stands in for it: a user may choose a name, and never a subject."""
    names = {"username": "bob", "cognito:username": "bob", "client_id": "bob", "email": "bob@example.com"}
    with pytest.raises(errors.Unauthenticated):
        caller.caller(http_event(claims={**names, "sub": sub}))


@pytest.mark.parametrize("context", [None, {}, {"authorizer": None}, {"authorizer": {"jwt": None}}, {"authorizer": []}])
def test_without_the_authorizers_claims_nobody_asks(context: Any) -> None:
    event = http_event(headers={"x-user-id": "alice", "authorization": "Bearer forged"})
    event["requestContext"] = context
    with pytest.raises(errors.Unauthenticated):
        caller.caller(event)


@pytest.mark.parametrize("name", ["x-user-id", "X-User-Id", "x-amzn-oidc-identity", "sub"])
def test_a_header_names_nobody(name: str) -> None:
    """S08: anybody can set a header; the claims are the authorizer's."""
    assert caller.caller(http_event(headers={name: "bob"}, claims={"sub": "alice"})).user_id == "alice"


@pytest.mark.parametrize("scope", sorted(caller.MACHINE_SCOPES))
def test_a_machine_is_known_by_any_of_our_scopes_and_is_no_user(scope: str) -> None:
    machine = caller.caller(http_event(claims={"sub": "service", "scope": f"openid {scope}"}))
    assert machine.is_machine
    with pytest.raises(errors.Forbidden):
        machine.as_user()


@pytest.mark.parametrize("scope", ["openid profile", "billing:read-own", "xbilling:spend", ["billing:spend"]])
def test_a_scope_that_is_not_ours_makes_no_machine(scope: object) -> None:
    """S10: nor one that ours is a part of."""
    assert not caller.caller(http_event(claims={"sub": "alice", "scope": scope})).is_machine


@pytest.mark.parametrize(
    "claims",
    [
        {"scp": "openid billing:spend"},
        {"scp": "[openid billing:spend]"},
        {"scp": "[billing:spend openid]"},
        {"scp": "openid billing/spend"},
    ],
    ids=["a text", "last in a list", "first in a list", "Cognito's"],
)
@pytest.mark.parametrize("scope", [{}, {"scope": "openid"}], ids=["alone", "beside a scope"])
def test_scopes_are_found_where_the_gateway_finds_them(claims: dict[str, str], scope: dict[str, str]) -> None:
    """S10: a service let through by its `scp`, and here no service, would be refused, or be a user elsewhere."""
    event = http_event(claims={"sub": "service", **scope, **claims})
    assert caller.spender(event).user_id == "service"
    with pytest.raises(errors.Forbidden):
        caller.caller(event).as_user()


def test_a_user_reads_its_own_account_and_a_machine_the_one_it_names() -> None:
    user, machine = {"sub": "alice"}, {"sub": "service", "scope": "billing:read"}
    assert caller.reader(http_event(claims=user)) == "alice"
    assert caller.reader(http_event(claims=machine, query={"userId": "bob"})) == "bob"
    spender = {"sub": "service", "scope": "billing:spend"}
    for claims, query in [(user, {"userId": "bob"}), (user, {"userId": "alice"}), (spender, {"userId": "bob"})]:
        with pytest.raises(errors.Forbidden):
            caller.reader(http_event(claims=claims, query=query))
    for query in ({}, {"userId": "a:b"}):
        with pytest.raises(errors.InvalidRequest):
            caller.reader(http_event(claims=machine, query=query))


# --- answers

ANSWERS: list[tuple[errors.BillingError, int, str]] = [
    (errors.InvalidRequest("no"), 400, "invalid_request"),
    (errors.BodyTooLarge("no"), 400, "body_too_large"),
    (errors.QuantityOutOfRange("no"), 400, "quantity_out_of_range"),
    (errors.Unauthenticated("no"), 401, "unauthorized"),
    (errors.Forbidden("no"), 403, "forbidden"),
    (errors.UnknownPrice("no", price_id="price_1"), 404, "unknown_price"),
    (errors.PriceUnavailable("no"), 422, "price_unavailable"),
    (errors.PriceMisconfigured("no"), 422, "price_misconfigured"),
    (errors.CurrencyUnavailable("no"), 422, "currency_unavailable"),
    (errors.IncompatibleLines("no"), 422, "incompatible_lines"),
    (errors.SessionNotFound("no"), 404, "session_not_found"),
    (errors.TransactionNotFound("no"), 404, "transaction_not_found"),
    (errors.ReservationNotFound("no"), 404, "reservation_not_found"),
    (errors.TooManyReservations("no"), 409, "too_many_reservations"),
    (errors.AlreadyReversed("no"), 409, "already_reversed"),
    (errors.IdempotencyConflict("no"), 409, "idempotency_conflict"),
    (errors.CheckoutConflict("no"), 409, "conflict"),
    (errors.SubscriptionNotFound("no"), 404, "subscription_not_found"),
    (errors.SubscriptionAmbiguous("no"), 409, "subscription_ambiguous"),
    (errors.ChangeRefused("no"), 409, "subscription_not_changeable"),
    (errors.PreviewExpired("no"), 409, "preview_expired"),
    (errors.PlanMismatch("no"), 422, "plan_mismatch"),
    (errors.PortalFlowUnavailable("no"), 409, "portal_flow_unavailable"),
    (errors.SignatureRefused("no", reason="mismatch"), 400, "invalid_signature"),
]
HELPFUL: list[tuple[errors.BillingError, int, dict[str, object]]] = [
    (
        errors.SubscriptionExists("no", subscription_id="sub_1"),
        409,
        {"code": "subscription_exists", "message": "no", "portal": "/portal/sessions"},
    ),
    (
        errors.AmbiguousPrice("no", [{"price_id": "price_1", "unit_amount": 5, "lookup_key": None}]),
        409,
        {
            "code": "ambiguous_price",
            "message": "no",
            "candidates": [{"priceId": "price_1", "unitAmount": 5, "lookupKey": None}],
        },
    ),
]
TO_THE_PORTAL: tuple[type[errors.BillingError], ...] = (
    errors.SubscriptionUnpaid,
    errors.SubscriptionPaused,
    errors.SubscriptionCanceling,
    errors.SubscriptionNotChangeable,
    errors.ChangeNotNow,
)
HELPFUL += [
    (kind("no"), 409, {"code": kind.code, "message": "no", "portal": "/portal/sessions"}) for kind in TO_THE_PORTAL
]
HIDDEN: list[tuple[errors.BillingError, int, str]] = [
    (errors.StripeUnavailable("req_secret timed out"), 503, "stripe_unavailable"),
    (errors.StripeKeyInUse("req_secret in use"), 503, "stripe_unavailable"),
    (errors.StripeBusy("req_secret timed out"), 503, "stripe_unavailable"),
    (errors.StripeBusy("req_secret asked too often", retry_after=1.0), 503, "stripe_unavailable"),
    (errors.StoreUnavailable("table secret throttled"), 503, "unavailable"),
    (errors.QueueUnavailable("secret"), 503, "unavailable"),
    (errors.SecretsUnavailable("secret"), 503, "unavailable"),
    (errors.Contention("secret"), 503, "unavailable"),
    (errors.StripeRefused("No such price: secret", stripe_code="secret", param="secret"), 500, "internal"),
    (errors.MalformedObject("secret"), 500, "internal"),
    (errors.MalformedEvent("secret", reason="secret"), 500, "internal"),
    (errors.Misconfigured("secret"), 500, "internal"),
    (errors.PortalNotConfigured("secret"), 500, "portal_not_configured"),
]


@pytest.mark.parametrize(("exc", "status", "code"), ANSWERS, ids=lambda value: type(value).__name__)
def test_what_the_caller_must_change(exc: errors.BillingError, status: int, code: str) -> None:
    response = answer_to(exc)
    assert response["statusCode"] == status
    assert parsed(response) == {"error": {"code": code, "message": "no"}}
    assert response["headers"] == {"content-type": "application/json", "cache-control": "no-store"}


def test_a_lack_of_credits_says_how_many_there_are() -> None:
    response = answer_to(errors.InsufficientCredits("no", balance=-5, available=0))
    assert response["statusCode"] == 402
    assert parsed(response)["error"] == {"code": "insufficient_credits", "message": "no", "balance": -5, "available": 0}


@pytest.mark.parametrize(("exc", "status", "told"), HELPFUL, ids=lambda value: type(value).__name__)
def test_what_helps_the_caller_stands_beside_code_and_message(
    exc: errors.BillingError, status: int, told: dict[str, object]
) -> None:
    response = answer_to(exc)
    assert (response["statusCode"], parsed(response)) == (status, {"error": told})


@pytest.mark.parametrize(("exc", "status", "code"), HIDDEN, ids=lambda value: type(value).__name__)
def test_what_failed_inside_is_not_told(exc: errors.BillingError, status: int, code: str) -> None:
    response = answer_to(exc)
    assert (response["statusCode"], parsed(response)["error"]["code"]) == (status, code)
    assert "secret" not in response["body"]
    assert ("retry-after" in response["headers"]) is (status == 503)


def test_one_who_asked_for_too_many_is_told_when_to_come_back() -> None:
    response = answer_to(errors.TooManyCheckouts("no", retry_after=1800))
    assert (response["statusCode"], response["headers"]["retry-after"]) == (429, "1800")
    assert parsed(response) == {"error": {"code": "too_many_checkouts", "message": "no"}}


def test_every_error_has_a_status() -> None:
    """A new branch of the error tree falls to the 500 of its root, unless somebody thinks of its own row."""
    alone: set[type[errors.BillingError]] = {errors.InsufficientCredits, errors.TooManyCheckouts}
    answered = {type(exc) for exc, _, _ in [*ANSWERS, *HELPFUL, *HIDDEN]} | alone
    branches = (errors.BillingError, errors.RequestRefused, errors.Retryable, errors.Permanent)
    every = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.BillingError) and value not in branches
    }
    assert every - answered == {errors.MalformedMessage}  # only the consumer meets it, which answers nobody


def test_the_unforeseen_is_an_internal_error() -> None:
    response = answer_to(RuntimeError("alice@example.com"))
    assert response["statusCode"] == 500
    assert parsed(response)["error"]["code"] == "internal"
    assert "alice" not in response["body"]


def test_an_order_to_stop_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        answer_to(KeyboardInterrupt())


def test_a_redirect_is_a_303_with_its_location() -> None:
    response = reply.redirect("https://app.example.com/checkout/return")
    assert response["statusCode"] == 303
    assert response["headers"]["location"] == "https://app.example.com/checkout/return"


def test_base64_is_strict() -> None:
    event = http_event()
    event["isBase64Encoded"] = True
    event["body"] = base64.b64encode(b"{}").decode() + "\n!"
    with pytest.raises(errors.InvalidRequest):
        request.raw_body(event)
