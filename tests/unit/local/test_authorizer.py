"""The JWT authorizer against tokens that must not hold (S09, S10, S11)."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from local.gateway.authorizer import Authorizer, Forbidden, Unauthorized
from local.issuer.keys import key_id, public_jwk
from local.issuer.tokens import Issuer
from local.template import JwtAuthorizer

ISSUER = "http://issuer"
KEY = generate_private_key(65537, 2048)
OTHER_KEY = generate_private_key(65537, 2048)
TOKENS = Issuer(KEY, ISSUER, "plumbline")
SETTINGS = JwtAuthorizer("Users", ISSUER, ("plumbline", "second"), "authorization")


class KeyServer:
    """The issuer's two documents, and how often they were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.keys: list[dict[str, Any]] = [public_jwk(KEY)]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(200, json={"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks.json"})
        return httpx.Response(200, json={"keys": self.keys})


@pytest.fixture
def server() -> KeyServer:
    return KeyServer()


@pytest.fixture
def check(server: KeyServer) -> Callable[..., dict[str, Any]]:
    def run(header: str | None, scopes: tuple[str, ...] = ()) -> dict[str, Any]:
        async def inside() -> dict[str, Any]:
            async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as client:
                return await Authorizer(SETTINGS, client).claims(header, scopes)

        return asyncio.run(inside())

    return run


def bearer(**claims: Any) -> str:
    return "Bearer " + TOKENS.sign({"sub": "alice", **claims})


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "{}"])
def test_a_good_token_gives_its_claims(form: str, check: Callable[..., dict[str, Any]]) -> None:
    claims = check(form.format(TOKENS.user_token("alice")))
    assert (claims["sub"], claims["email"]) == ("alice", "alice@example.com")


NOW = int(time.time())  # when collected: the tokens below must hold for the longest run
PUBLIC_PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
CLAIMS = {"iss": ISSUER, "aud": "plumbline", "sub": "alice", "exp": NOW + 86_400}


def hs256_signed_with_the_public_key() -> str:
    """The classic confusion: the RSA public key used as an HMAC secret. PyJWT refuses to sign it, so by hand."""
    import base64
    import hashlib
    import hmac
    import json

    def part(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    head = part(json.dumps({"alg": "HS256", "typ": "JWT", "kid": key_id(KEY)}).encode())
    signed = head + b"." + part(json.dumps(CLAIMS).encode())
    return (signed + b"." + part(hmac.digest(PUBLIC_PEM, signed, hashlib.sha256))).decode()


def signed(key: Any = KEY, algorithm: str = "RS256", **headers: Any) -> str:
    return jwt.encode(CLAIMS, key, algorithm=algorithm, headers={"kid": key_id(KEY), **headers})


BAD = {
    "nothing": None,
    "empty": "",
    "only the scheme": "Bearer ",
    "no token": "Bearer abc",
    "alg none": "Bearer " + jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": key_id(KEY)}),
    "HS256 with the public key": "Bearer " + hs256_signed_with_the_public_key(),
    "RS512": "Bearer " + signed(algorithm="RS512"),
    "signed by another key": "Bearer " + signed(OTHER_KEY),
    "another key, brought by jku": "Bearer " + signed(OTHER_KEY, kid=key_id(OTHER_KEY), jku="http://evil/jwks.json"),
    "another key, brought inside": "Bearer " + signed(OTHER_KEY, kid=key_id(OTHER_KEY), jwk=public_jwk(OTHER_KEY)),
    "no kid": "Bearer " + jwt.encode(CLAIMS, KEY, algorithm="RS256"),
    "unknown kid": "Bearer " + signed(kid="unknown"),
    "kid of another type": "Bearer " + signed().replace(signed().split(".")[0], "eyJhbGciOiJSUzI1NiIsImtpZCI6MX0"),
    "wrong issuer": bearer(iss="http://evil"),
    "wrong audience": bearer(aud="somebody"),
    "wrong audience, right client": bearer(aud="somebody", client_id="plumbline"),
    "audience null": bearer(aud=None),
    "expired": bearer(exp=NOW - 1),
    "not yet valid": bearer(nbf=NOW + 86_400),
    "issued in the future": bearer(iat=NOW + 86_400),
    "expiry of the wrong type": bearer(exp="soon"),
    "changed after signing": bearer()[:-4] + "AAAA",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused_without_asking_elsewhere(
    name: str, check: Callable[..., dict[str, Any]], server: KeyServer
) -> None:
    with pytest.raises(Unauthorized):
        check(BAD[name])
    assert not any("evil" in url for url in server.asked)


def test_a_token_without_expiry_is_refused(check: Callable[..., dict[str, Any]]) -> None:
    claims = {key: value for key, value in CLAIMS.items() if key != "exp"}
    with pytest.raises(Unauthorized):
        check("Bearer " + jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": key_id(KEY)}))


@pytest.mark.parametrize("claims", [{"aud": "second"}, {"aud": ["x", "plumbline"]}])
def test_one_fitting_audience_is_enough(claims: dict[str, Any], check: Callable[..., dict[str, Any]]) -> None:
    assert check(bearer(**claims))["sub"] == "alice"


def test_client_id_counts_where_there_is_no_audience(check: Callable[..., dict[str, Any]]) -> None:
    claims = {key: value for key, value in CLAIMS.items() if key != "aud"} | {"client_id": "plumbline"}
    token = jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": key_id(KEY)})
    assert check(f"Bearer {token}")["client_id"] == "plumbline"


@pytest.mark.parametrize("claims", [{"scope": "a:x a:y"}, {"scp": ["a:y"]}, {"scp": "a:y"}])
def test_one_of_the_routes_scopes_is_enough(claims: dict[str, Any], check: Callable[..., dict[str, Any]]) -> None:
    check(bearer(**claims), ("a:y", "a:z"))


@pytest.mark.parametrize("claims", [{}, {"scope": ""}, {"scope": "a:yy"}, {"scp": ["b"]}])
def test_without_a_scope_it_is_forbidden(claims: dict[str, Any], check: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(Forbidden):
        check(bearer(**claims), ("a:y", "a:z"))


def test_the_key_set_is_asked_for_once(server: KeyServer) -> None:
    async def inside() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as client:
            authorizer = Authorizer(SETTINGS, client)
            for _ in range(3):
                await authorizer.claims(bearer(), ())
            with pytest.raises(Unauthorized):  # an unknown key asks again, though not at every request
                await authorizer.claims("Bearer " + signed(kid="unknown"), ())

    asyncio.run(inside())
    assert len(server.asked) == 2


def test_an_issuer_that_cannot_be_reached_lets_nobody_in() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async def inside() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(away)) as client:
            await Authorizer(SETTINGS, client).claims(bearer(), ())

    with pytest.raises(Unauthorized):
        asyncio.run(inside())
