"""The gateway's pure parts: routes, bodies, replies, CORS."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.cors import preflight, with_cors
from local.gateway.event import HttpRequest, build_event, claims_as_text, combine_headers, encode_body
from local.gateway.reply import INTERNAL_ERROR, HttpReply, reply_from
from local.gateway.routing import Match, find_route
from local.template import Cors, Route


def route(key: str) -> Route:
    method, _, path = key.rpartition(" ")
    return Route(method or "ANY", path, key, None, (), 30)


ROUTES = [
    route(key)
    for key in ("$default", "GET /a/{id}", "GET /a/fixed", "ANY /a/fixed", "GET /a/{proxy+}", "POST /", "GET /a/{x}/b")
]


@pytest.mark.parametrize(
    ("method", "path", "wanted", "parameters"),
    [
        ("GET", "/a/fixed", "GET /a/fixed", {}),
        ("PUT", "/a/fixed", "ANY /a/fixed", {}),
        ("GET", "/a/1%2F2", "GET /a/{id}", {"id": "1/2"}),
        ("GET", "/a/1/b", "GET /a/{x}/b", {"x": "1"}),
        ("GET", "/a/1/c", "GET /a/{proxy+}", {"proxy": "1/c"}),
        ("POST", "/", "POST /", {}),
        ("DELETE", "/a/1", "$default", {}),
        ("GET", "/a/", "$default", {}),
    ],
)
def test_the_most_specific_route_wins(method: str, path: str, wanted: str, parameters: dict[str, str]) -> None:
    match = find_route(ROUTES, method, path)
    assert match is not None
    assert match.route.function == wanted
    assert match.path_parameters == parameters


def test_a_path_or_method_of_no_route_matches_none() -> None:
    assert find_route([route("GET /a")], "POST", "/a") is None
    assert find_route([route("GET /a")], "GET", "/a/b") is None


@pytest.mark.parametrize(
    "path", ["/webhooks/stripe/", "//webhooks/stripe", "/webhooks//stripe", "webhooks/stripe", "//"]
)
def test_a_slash_too_many_is_another_path(path: str) -> None:
    """https://github.com/storacha/w3infra/pull/166: it would work on the laptop only."""
    routes = [route("POST /webhooks/stripe"), route("POST /webhooks/{name}"), route("POST /")]
    assert find_route(routes, "POST", path) is None
    assert find_route(routes, "POST", "/webhooks/stripe") is not None


@pytest.mark.parametrize("mime", ["text/plain", "application/json; charset=utf-8", "application/xml", "TEXT/CSV"])
def test_text_types_arrive_as_text(mime: str) -> None:
    assert encode_body("é".encode(), mime) == ("é", False)


@pytest.mark.parametrize("mime", [None, "", "application/x-www-form-urlencoded", "image/png", "application/vnd.a+json"])
def test_all_other_types_arrive_as_base64(mime: str | None) -> None:
    assert encode_body(b"a=1", mime) == ("YT0x", True)


@given(st.binary(), st.sampled_from(["application/json", "text/x", None]))
def test_any_body_can_be_put_into_an_event(body: bytes, mime: str | None) -> None:
    text, _ = encode_body(body, mime)
    assert json.loads(json.dumps(text)) == text


def test_claims_become_text() -> None:
    claims = {"sub": "a", "exp": 12, "ok": True, "groups": ["x", "y"], "none": None, "deep": {"b": 1, "a": [2]}}
    assert claims_as_text(claims) == {
        "sub": "a",
        "exp": "12",
        "ok": "true",
        "groups": "[x y]",
        "none": "",
        "deep": "map[a:[2] b:1]",
    }


def test_repeated_headers_are_joined_and_lower_cased() -> None:
    assert combine_headers([("X-A", "1"), ("x-a", "2"), ("B", "")]) == {"x-a": "1,2", "b": ""}


def test_an_event_without_query_body_or_cookies_has_no_such_keys() -> None:
    request = HttpRequest("GET", "/a%20b", "", (("Host", "h:1"),), b"", "127.0.0.1")
    event = build_event(request, Match(route("GET /{x}"), {"x": "a b"}), "api", None)
    assert not {"queryStringParameters", "body", "cookies"} & set(event)
    assert event["rawPath"] == "/a b"
    assert event["pathParameters"] == {"x": "a b"}
    assert "authorizer" not in event["requestContext"]


@pytest.mark.parametrize(
    ("payload", "status", "headers", "body"),
    [
        ({"a": 1}, 200, {"content-type": "application/json"}, b'{"a": 1}'),
        ("text", 200, {"content-type": "application/json"}, b"text"),
        (None, 200, {"content-type": "application/json"}, b"null"),
        ({"statusCode": 201}, 201, {"content-type": "text/plain;charset=utf-8"}, b""),
        ({"statusCode": "404", "body": "é"}, 404, {"content-type": "text/plain;charset=utf-8"}, "é".encode()),
        (
            {"statusCode": 200, "headers": {"Content-Type": "x/y", "X-N": 5, "X-B": True}, "body": ""},
            200,
            {"content-type": "x/y", "x-n": "5", "x-b": "true"},
            b"",
        ),
        ({"statusCode": 200, "isBase64Encoded": True, "body": "AP8="}, 200, None, b"\x00\xff"),
    ],
)
def test_what_a_function_returns_becomes_a_reply(
    payload: object, status: int, headers: dict[str, str] | None, body: bytes
) -> None:
    reply = reply_from(json.dumps(payload))
    assert (reply.status, reply.body) == (status, body)
    if headers is not None:
        assert dict(reply.headers) == headers


@pytest.mark.parametrize(
    "payload",
    [
        {"statusCode": "ok"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"an": "object"}},
        {"statusCode": 200, "body": "!", "isBase64Encoded": True},
        {"statusCode": 200, "headers": {"a": ["list"]}},
    ],
)
def test_a_reply_that_cannot_be_sent_is_a_500(payload: object) -> None:
    assert reply_from(json.dumps(payload)) == INTERNAL_ERROR


CORS = Cors(("http://app",), ("GET", "POST"), ("authorization",), ("x-a",), False, 600)


def test_a_preflight_of_an_allowed_origin_is_answered() -> None:
    reply = preflight(CORS, "http://app")
    assert (reply.status, reply.body) == (204, b"")
    assert dict(reply.headers) == {
        "access-control-allow-origin": "http://app",
        "vary": "origin",
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "authorization",
        "access-control-expose-headers": "x-a",
        "access-control-max-age": "600",
    }
    assert preflight(CORS, "http://evil").headers == ()
    assert preflight(CORS, None).headers == ()


def test_the_configured_cors_headers_replace_the_functions_own() -> None:
    reply = HttpReply(200, (("access-control-allow-origin", "*"), ("x", "1")), b"")
    assert dict(with_cors(CORS, "http://evil", reply).headers) == {"x": "1"}
    assert dict(with_cors(CORS, "http://app", reply).headers)["access-control-allow-origin"] == "http://app"
