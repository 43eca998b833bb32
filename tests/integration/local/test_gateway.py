"""The gateway over real HTTP, down to a function and back."""

import base64
import json
from typing import Any

import httpx
import jwt
import pytest

from local.issuer.keys import key_id, load_key
from local.stack import Stack


def echoed(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    event: dict[str, Any] = answer.json()["event"]
    return event


def test_the_event_of_a_request(toy: Stack, http: httpx.Client) -> None:
    event = echoed(
        http.post(
            f"{toy.api_url}/echo?a=1&b=x%20y&a=2&c=",
            content=b'{"x": 1}',
            headers=[
                ("Content-Type", "application/json"),
                ("Cookie", "one=1; two=2"),
                ("X-Many", "a"),
                ("X-Many", "b"),
                ("User-Agent", "test/1"),
            ],
        )
    )
    context = event.pop("requestContext")
    headers = event.pop("headers")
    assert event == {
        "version": "2.0",
        "routeKey": "ANY /echo",
        "rawPath": "/echo",
        "rawQueryString": "a=1&b=x%20y&a=2&c=",
        "cookies": ["one=1", "two=2"],
        "queryStringParameters": {"a": "1,2", "b": "x y", "c": ""},
        "body": '{"x": 1}',
        "isBase64Encoded": False,
    }
    assert headers["x-many"] == "a,b"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["host"] == toy.api_url.removeprefix("http://")
    assert context["http"] == {
        "method": "POST",
        "path": "/echo",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "test/1",
    }
    assert (context["routeKey"], context["stage"], context["accountId"]) == ("ANY /echo", "$default", "123456789012")
    assert isinstance(context["timeEpoch"], int)


@pytest.mark.parametrize("body", [b"\x00\xff", "é".encode(), b"a=1"])
def test_other_bodies_arrive_as_base64(body: bytes, toy: Stack, http: httpx.Client) -> None:
    event = echoed(http.post(f"{toy.api_url}/echo", content=body))
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == body


def test_json_that_is_no_utf8_reaches_the_function_changed(toy: Stack, http: httpx.Client) -> None:
    event = echoed(http.post(f"{toy.api_url}/echo", content=b'"\xff"', headers={"content-type": "application/json"}))
    assert (event["body"], event["isBase64Encoded"]) == ('"�"', False)


@pytest.mark.parametrize(
    ("path", "key", "parameters"),
    [
        ("/items/7", "GET /items/{id}", {"id": "7"}),
        ("/items/a%0Ab", "GET /items/{id}", {"id": "a\nb"}),
        ("/items/fixed", "GET /items/fixed", None),
        ("/rest/a/b", "GET /rest/{proxy+}", {"proxy": "a/b"}),
    ],
)
def test_parameters_of_the_path_are_in_the_event(
    path: str, key: str, parameters: dict[str, str] | None, toy: Stack, http: httpx.Client
) -> None:
    event = echoed(http.get(toy.api_url + path))
    assert (event["routeKey"], event.get("pathParameters")) == (key, parameters)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("DELETE", "/items/7"), ("GET", "/"), ("GET", "/a%0Ab")]
)
def test_a_route_that_does_not_exist_is_not_found(method: str, path: str, toy: Stack, http: httpx.Client) -> None:
    answer = http.request(method, toy.api_url + path)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize(
    ("wish", "status", "body"),
    [
        ("inferred", 200, b'{"plain": true}'),
        ("text", 200, b"just text"),
        ("binary", 201, b"\x00\xff\xfe"),
        ("crash", 500, b'{"message":"Internal Server Error"}'),
        ("malformed", 500, b'{"message":"Internal Server Error"}'),
        ("unserialisable", 500, b'{"message":"Internal Server Error"}'),
        ("exit", 500, b'{"message":"Internal Server Error"}'),
    ],
)
def test_what_a_function_answers_is_sent(wish: str, status: int, body: bytes, toy: Stack, http: httpx.Client) -> None:
    answer = http.get(f"{toy.api_url}/echo", params={"wish": wish})
    assert (answer.status_code, answer.content) == (status, body)


def test_cookies_of_the_answer(toy: Stack, http: httpx.Client) -> None:
    answer = http.get(f"{toy.api_url}/echo", params={"wish": "cookies"})
    assert answer.status_code == 204
    assert answer.headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]
    http.cookies.clear()


def test_a_body_over_ten_megabytes(toy: Stack, http: httpx.Client) -> None:
    answer = http.post(f"{toy.api_url}/echo", content=b"x" * (10 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})


# Tokens: the cases themselves are unit tests of the authorizer; here is that the gateway asks it.


def test_a_users_claims_reach_the_function_as_text(toy: Stack, http: httpx.Client) -> None:
    answer = http.get(f"{toy.api_url}/me", headers={"authorization": f"Bearer {toy.token('bob')}"})
    authorizer = echoed(answer)["requestContext"]["authorizer"]
    claims = authorizer["jwt"]["claims"]
    assert (claims["sub"], claims["email"], claims["email_verified"]) == ("bob", "bob@example.com", "true")
    assert claims["exp"].isdecimal()
    assert authorizer["jwt"]["scopes"] is None


def test_no_token_and_forged_tokens(toy: Stack, http: httpx.Client) -> None:
    key = load_key(toy.state_dir)
    claims = {"iss": toy.config.issuer, "aud": "plumbline", "sub": "bob", "exp": 9999999999}
    bad = [
        None,
        "Bearer x",
        "Bearer " + jwt.encode(claims, "", algorithm="none", headers={"kid": key_id(key)}),
        "Bearer " + toy.issuer.sign({"sub": "bob", "exp": 1}),
        "Bearer " + toy.issuer.sign({"sub": "bob", "aud": "other"}),
        "Bearer " + toy.issuer.sign({"sub": "bob", "iss": "http://other"}),
        "Bearer " + jwt.encode(claims, key, algorithm="RS256"),
    ]
    for header in bad:
        answer = http.get(f"{toy.api_url}/me", headers={"authorization": header} if header else {})
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_a_route_with_a_scope_takes_only_tokens_that_have_it(toy: Stack, http: httpx.Client) -> None:
    url = f"{toy.api_url}/spend"
    refused = http.post(url, headers={"authorization": f"Bearer {toy.token('bob')}"})
    assert (refused.status_code, refused.json()) == (403, {"message": "Forbidden"})
    token = toy.token(scope="toy:read toy:spend")
    event = echoed(http.post(url, headers={"authorization": f"Bearer {token}"}))
    claims = event["requestContext"]["authorizer"]["jwt"]
    assert (claims["claims"]["sub"], claims["claims"]["scope"], claims["scopes"]) == (
        "service",
        "toy:read toy:spend",
        ["toy:spend"],
    )


def test_sign_in_gives_a_token_that_holds(toy: Stack, http: httpx.Client) -> None:
    signed = http.post(f"{toy.app_url}/auth/sign-in", json={"user": "carol"}).json()
    answer = http.get(f"{toy.api_url}/me", headers={"authorization": f"Bearer {signed['token']}"})
    assert echoed(answer)["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] == "carol"
    assert http.post(f"{toy.app_url}/auth/sign-in", json={"user": "../x"}).status_code == 400
    assert http.post(f"{toy.app_url}/auth/sign-in", content=b"{").status_code == 400


def test_only_the_apps_origin_is_allowed(toy: Stack, http: httpx.Client) -> None:
    asked = {"access-control-request-method": "GET"}
    mine = http.options(f"{toy.api_url}/me", headers={"origin": toy.app_url, **asked})
    assert mine.status_code == 204
    assert mine.headers["access-control-allow-origin"] == toy.app_url
    assert mine.headers["access-control-allow-methods"] == "GET,POST"
    other = http.options(f"{toy.api_url}/me", headers={"origin": "http://evil", **asked})
    assert "access-control-allow-origin" not in other.headers
    # also on answers of the gateway itself, or a page could not read why it was refused
    refused = http.get(f"{toy.api_url}/me", headers={"origin": toy.app_url})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, toy.app_url)
    own = http.get(f"{toy.api_url}/echo?wish=cors", headers={"origin": "http://evil"})
    assert "access-control-allow-origin" not in own.headers


def test_the_storefront_has_its_settings(toy: Stack, http: httpx.Client) -> None:
    assert http.get(f"{toy.app_url}/config.json").json() == {
        "apiUrl": toy.api_url,
        "issuer": toy.config.issuer,
        "users": ["alice", "bob", "carol"],
        "stripeJs": None,
        "promotion": None,
    }
    for path in ("/", "/checkout/return", "/checkout/canceled", "/account"):
        assert http.get(toy.app_url + path).headers["content-type"].startswith("text/html")
    assert http.get(f"{toy.app_url}/nothing").status_code == 404
    assert json.loads(http.get(f"{toy.config.issuer}/jwks.json").content)["keys"][0]["alg"] == "RS256"
