"""Bad input over real HTTP: a 4xx with a stable code, never a 5xx, nothing stored, no stack trace in any log.

F30, F32, F65; S01, S02, S04, S06, S08 to S10, S13, S23. Rows of one table each: what is sent, and what must come back.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local.stack import Stack
from tests.integration.purchase.books import Books
from tests.integration.purchase.logs import Logs
from tests.integration.purchase.shop import Checkout, Shop

ORDER, SUCCESS, ACCOUNT, WEBHOOK = (
    "POST /checkout/sessions",
    "POST /checkout/success",
    "GET /account",
    "POST /webhooks/stripe",
)
MEGABYTE = 1024 * 1024
GATEWAY_SAYS = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 413: "Request Entity Too Large"}
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html: the gateway's
own refusals are `{"message": …}`, without a code."""


@dataclass(frozen=True)
class Row:
    """A request, and the status and code of its answer; code None: the gateway refuses it itself."""

    route: str
    body: bytes | str | None
    status: int
    code: str | None
    headers: dict[str, str] = field(default_factory=dict)


def priced(quantity: str) -> str:
    return f'{{"lookupKey": "credits_500", "quantity": {quantity}}}'


GOOD = priced("1")
DEEP = '{"lookupKey":' + "[" * 5000 + "]" * 5000 + "}"

BODIES = {
    "no JSON": Row(ORDER, "{", 400, "invalid_request"),
    "JSON with a tail": Row(ORDER, GOOD + "}", 400, "invalid_request"),
    "no body": Row(ORDER, None, 400, "invalid_request"),
    "empty body": Row(ORDER, "", 400, "invalid_request"),
    "empty object": Row(ORDER, "{}", 400, "invalid_request"),
    "list": Row(ORDER, "[]", 400, "invalid_request"),
    "null": Row(ORDER, "null", 400, "invalid_request"),
    "number": Row(ORDER, "1", 400, "invalid_request"),
    "string": Row(ORDER, '"credits_500"', 400, "invalid_request"),
    "NaN": Row(ORDER, priced("NaN"), 400, "invalid_request"),
    "deep nesting": Row(ORDER, DEEP, 400, "invalid_request"),
    "half of a surrogate pair": Row(ORDER, '{"lookupKey": "\\ud800"}', 400, "invalid_request"),
    "not UTF-8": Row(ORDER, b'{"lookupKey": "\xff\xfe"}', 404, "unknown_price"),
    "not UTF-8, of no type": Row(ORDER, b'{"lookupKey": "\xff\xfe"}', 400, "invalid_request", {"content-type": ""}),
    "UTF-16": Row(ORDER, GOOD.encode("utf-16"), 400, "invalid_request"),
    "1 MB": Row(ORDER, "x" * MEGABYTE, 400, "body_too_large"),
    "1 MB of JSON": Row(ORDER, json.dumps({"lookupKey": "x" * MEGABYTE}), 400, "body_too_large"),
    "over the gateway's limit": Row(ORDER, "x" * (10 * MEGABYTE + 1), 413, None),
    "a name that stands twice": Row(ORDER, GOOD[:-1] + ', "quantity": 2}', 400, "invalid_request"),
    "unknown field": Row(ORDER, '{"lookupKey": "credits_500", "amount": 1}', 400, "invalid_request"),
    "unknown field that looks like ours": Row(ORDER, '{"lookup_key": "credits_500"}', 400, "invalid_request"),
    "somebody's user id": Row(ORDER, '{"lookupKey": "credits_500", "userId": "bob"}', 400, "invalid_request"),
    "a return path": Row(ORDER, '{"lookupKey": "credits_500", "returnPath": "//evil"}', 400, "invalid_request"),
    "two prices": Row(ORDER, '{"lookupKey": "credits_500", "priceId": "price_1"}', 400, "invalid_request"),
    "price of another type": Row(ORDER, '{"priceId": 1}', 400, "invalid_request"),
    "price of 300 letters": Row(ORDER, json.dumps({"priceId": "p" * 300}), 400, "invalid_request"),
    "unknown price": Row(ORDER, '{"priceId": "price_doesnotexist"}', 404, "unknown_price"),
    "unknown lookup key": Row(ORDER, '{"lookupKey": "nothing"}', 404, "unknown_price"),
    "price id that is a path": Row(ORDER, '{"priceId": "../customers"}', 404, "unknown_price"),
    "price id with a line break": Row(ORDER, '{"priceId": "price_1\\nx"}', 404, "unknown_price"),
    "lookup key with a zero byte": Row(ORDER, '{"lookupKey": "a\\u0000"}', 404, "unknown_price"),
    "session id of another type": Row(SUCCESS, '{"sessionId": 1}', 400, "invalid_request"),
    "no session id": Row(SUCCESS, "{}", 400, "invalid_request"),
    "unknown field at success": Row(SUCCESS, '{"sessionId": "cs_1", "userId": "bob"}', 400, "invalid_request"),
    "unknown session": Row(SUCCESS, '{"sessionId": "cs_test_unknown"}', 404, "session_not_found"),
    "session id with a key's separator": Row(SUCCESS, '{"sessionId": "cs_1#2"}', 404, "session_not_found"),
    "session id that is a price": Row(SUCCESS, '{"sessionId": "price_1"}', 404, "session_not_found"),
    "limit 0": Row("GET /credits/transactions?limit=0", None, 400, "invalid_request"),
    "limit huge": Row("GET /credits/transactions?limit=99999999999", None, 400, "invalid_request"),
    "limit of Arabic digits": Row("GET /credits/transactions?limit=%D9%A1", None, 400, "invalid_request"),
    "filter misspelt": Row("GET /credits/transactions?kinds=SPEND", None, 400, "invalid_request"),
    "limit negative": Row("GET /credits/transactions?limit=-1", None, 400, "invalid_request"),
    "cursor of somebody's making": Row("GET /credits/transactions?cursor=x%23y", None, 400, "invalid_request"),
    "another user named": Row("GET /account?userId=bob", None, 403, "forbidden"),
    "another user's credits": Row("GET /credits?userId=bob", None, 403, "forbidden"),
    "another user's level": Row("GET /entitlements?userId=bob", None, 403, "forbidden"),
    "unknown route": Row("GET /nowhere", None, 404, None),
    "unknown method": Row("DELETE /account", None, 404, None),
}
QUANTITIES = {
    "0": "quantity_out_of_range",
    "-1": "quantity_out_of_range",
    "101": "quantity_out_of_range",
    "1000000000000": "quantity_out_of_range",
    "1" + "0" * 400: "quantity_out_of_range",
    "1" + "0" * 5000: "invalid_request",
    "1.0": "invalid_request",
    "1.5": "invalid_request",
    "1e2": "invalid_request",
    "1e999": "invalid_request",
    '"1"': "invalid_request",
    "true": "invalid_request",
    "null": "invalid_request",
    "[1]": "invalid_request",
}
BODIES |= {
    f"quantity {quantity[:12]}": Row(ORDER, priced(quantity), 400, code) for quantity, code in QUANTITIES.items()
}


@pytest.fixture(autouse=True, scope="module")
def nothing_stored(sold: Checkout, books: Books) -> Iterator[None]:
    """All of this leaves every table as it was, and the queues empty."""
    before = books.everything()
    yield
    books.wait_until_drained()
    assert books.everything() == before


@pytest.fixture(autouse=True)
def no_trace(stack: Stack) -> Iterator[None]:
    """No part and no function has written a stack trace."""
    logs = Logs(stack)
    yield
    assert logs.traces() == []


def ask(shop: Shop, row: Row, headers: dict[str, str], authorization: str = "") -> httpx.Response:
    method, path = row.route.split(" ", 1)
    given = {"content-type": "application/json", **headers, **row.headers}
    if authorization:
        given["authorization"] = authorization
    raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
    return shop.http.request(method, shop.stack.api_url + path, content=row.body, headers=raw)


def check(answer: httpx.Response, status: int, code: str | None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    if code is None:
        assert answer.json() == {"message": GATEWAY_SAYS[status]}
        return
    body = answer.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message"}
    assert body["error"]["code"] == code
    assert body["error"]["message"].strip()
    assert len(answer.content) < 500


@pytest.mark.parametrize("row", BODIES.values(), ids=BODIES.keys())
def test_bad_input_of_a_user_is_refused(row: Row, shop: Shop) -> None:
    check(ask(shop, row, shop.as_user("bad-input")), row.status, row.code)


# Who asks


def forged(stack: Stack, **claims: object) -> str:
    """A token of our issuer but for these claims."""
    return stack.issuer.sign({"sub": "bad-input", "email": "a@example.com", **claims})


def by_a_stranger(stack: Stack) -> str:
    """Signed by somebody else's key, under the name of ours."""
    good = forged(stack)
    claims = jwt.decode(good, options={"verify_signature": False})
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": jwt.get_unverified_header(good)["kid"]})


def with_alg(stack: Stack, alg: str) -> str:
    """Unsigned, or signed with what everybody knows: the name of the public key."""
    good = forged(stack)
    claims, kid = jwt.decode(good, options={"verify_signature": False}), jwt.get_unverified_header(good)["kid"]
    return jwt.encode(claims, str(kid) if alg == "HS256" else "", algorithm=alg, headers={"kid": kid})


def tampered(stack: Stack) -> str:
    head, _, tail = forged(stack).split(".")
    other = forged(stack, sub="bob").split(".")[1]
    return f"{head}.{other}.{tail}"


NOW = time.time
TOKENS: dict[str, Callable[[Stack], str]] = {
    "none": lambda _: "",
    "the word Bearer only": lambda _: "Bearer",
    "no token": lambda _: "Bearer x.y.z",
    "not ASCII": lambda _: "Bearer \u00e9\u00e9",
    "huge": lambda _: "Bearer " + "a" * 6000,
    "another scheme": lambda stack: f"Basic {forged(stack)}",
    "expired": lambda stack: f"Bearer {forged(stack, exp=int(NOW()) - 60)}",
    "not yet valid": lambda stack: f"Bearer {forged(stack, nbf=int(NOW()) + 600)}",
    "another audience": lambda stack: f"Bearer {forged(stack, aud='somebody')}",
    "another issuer": lambda stack: f"Bearer {forged(stack, iss='https://evil.example')}",
    "by a stranger": lambda stack: f"Bearer {by_a_stranger(stack)}",
    "alg none": lambda stack: f"Bearer {with_alg(stack, 'none')}",
    "alg HS256": lambda stack: f"Bearer {with_alg(stack, 'HS256')}",
    "another user's claims under this signature": lambda stack: f"Bearer {tampered(stack)}",
}


@pytest.mark.parametrize("route", [ORDER, SUCCESS, ACCOUNT, "GET /credits/transactions"])
@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS.keys())
def test_a_request_without_a_good_token_is_refused(
    token: Callable[[Stack], str], route: str, stack: Stack, shop: Shop
) -> None:
    spoofed = {"x-user-id": "bad-input", "x-amzn-oidc-identity": "bad-input"}
    check(ask(shop, Row(route, GOOD, 401, None), spoofed, token(stack)), 401, None)


SUBJECTS = {
    "a sub that is no id": "a#b",
    "a sub of 200 letters": "a" * 200,
    "an empty sub": "",
    "a sub with a colon": "a:b",
}


@pytest.mark.parametrize("sub", SUBJECTS.values(), ids=SUBJECTS.keys())
def test_a_token_of_an_impossible_user_is_refused(sub: str, stack: Stack, shop: Shop) -> None:
    """The issuer vouches for the token, but its subject would not fit our keys."""
    for route in (ORDER, SUCCESS, ACCOUNT):
        headers = {"authorization": f"Bearer {forged(stack, sub=sub)}"}
        check(ask(shop, Row(route, GOOD, 401, "unauthorized"), headers), 401, "unauthorized")


@pytest.mark.parametrize("scope", ["billing:spend", "billing:read", "billing:spend billing:read"])
@pytest.mark.parametrize("route", [ORDER, SUCCESS, "POST /portal/sessions", "POST /subscriptions/change"])
def test_a_machine_is_refused_where_a_user_is_needed(route: str, scope: str, stack: Stack, shop: Shop) -> None:
    headers = {"authorization": f"Bearer {stack.token(scope=scope)}"}
    check(ask(shop, Row(route, GOOD, 403, "forbidden"), headers), 403, "forbidden")


def test_a_machine_without_the_scope_to_read_is_refused(stack: Stack, shop: Shop) -> None:
    headers = {"authorization": f"Bearer {stack.token(scope='billing:spend')}"}
    check(ask(shop, Row("GET /account?userId=bob", None, 403, "forbidden"), headers), 403, "forbidden")
    headers = {"authorization": f"Bearer {stack.token(scope='billing:read')}"}
    check(ask(shop, Row("GET /account", None, 400, "invalid_request"), headers), 400, "invalid_request")


@pytest.fixture(scope="module")
def sold(shop: Shop, books: Books) -> Checkout:
    """Somebody's finished purchase; made before the tables are looked at."""
    checkout = shop.buy("bad-input-buyer")
    assert shop.success(checkout).status_code == 200
    shop.settle(books)
    return checkout


def test_another_users_session_is_as_unknown_as_no_session(sold: Checkout, shop: Shop) -> None:
    """The two answers must not be told apart, byte by byte."""
    others = shop.success(sold, user="bad-input")
    unknown = shop.post("/checkout/success", "bad-input", {"sessionId": "cs_test_unknown"})
    check(others, 404, "session_not_found")
    assert (others.content, dict(others.headers)) == (unknown.content, dict(unknown.headers))


def test_a_redirect_reveals_nothing(sold: Checkout, shop: Shop) -> None:
    """Unknown, hostile, absent: the buyer is sent to our own page, and only an id that is one is passed on."""
    page = f"{shop.stack.app_url}/checkout/return"
    for given, passed in {
        "": page,
        "?session_id=": page,
        "?session_id=https://evil.example": page,
        "?session_id=cs_1%0d%0aSet-Cookie:%20a=b": page,
        "?session_id=cs_test_unknown": f"{page}?session_id=cs_test_unknown",
        f"?session_id={sold.session_id}": f"{page}?session_id={sold.session_id}",
    }.items():
        answer = shop.get(f"/checkout/success{given}")
        assert (answer.status_code, answer.headers["location"], answer.content) == (303, passed, b"")
        assert "set-cookie" not in answer.headers
