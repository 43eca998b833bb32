"""The JWT authorizer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html lists the steps: token from
the identity source, signature by a key of the issuer's key set named by `kid`, then `iss`, `aud` or `client_id`, `exp`,
`nbf`, `iat`, scopes.
"""

import time
from collections.abc import Mapping
from typing import Any

import httpx
import jwt
from jwt.algorithms import RSAAlgorithm

from local.template import JwtAuthorizer

ALGORITHM = "RS256"
"""Pinned: a token never chooses how it is checked. AWS takes RSA algorithms only as well."""
_KEYS_SECONDS = 2 * 3600.0
""""API Gateway can cache the public key for two hours"."""
_ASK_AGAIN_SECONDS = 10.0


class Unauthorized(Exception):
    """No token that holds: 401."""


class Forbidden(Exception):
    """A good token without any of the route's scopes: 403."""


class Authorizer:
    """Checks tokens against the key set of one issuer.

    Keys that a token brings or points to (`jku`, `x5u`, `jwk`) are never looked at.
    """

    def __init__(self, settings: JwtAuthorizer, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client
        self._keys: dict[str, Any] = {}
        self._asked_at = float("-inf")

    async def claims(self, token_header: str | None, scopes: tuple[str, ...]) -> dict[str, Any]:
        """Return the verified claims; raise Unauthorized or Forbidden."""
        token = _bare_token(token_header)
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(header.get("kid"))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._settings.issuer,
                options={"require": ["exp", "iss"], "verify_aud": False},
            )
        except (jwt.InvalidTokenError, httpx.HTTPError) as exc:
            raise Unauthorized(str(exc)) from exc
        self._check_audience(claims)
        if scopes and not set(scopes) & _scopes_of(claims):
            raise Forbidden("insufficient_scope")
        return claims

    def _check_audience(self, claims: Mapping[str, Any]) -> None:
        """`client_id` counts only where there is no `aud`."""
        audience = claims.get("aud", claims.get("client_id"))
        given = audience if isinstance(audience, list) else [audience]
        if not any(item in self._settings.audience for item in given):
            raise Unauthorized("audience")

    async def _key(self, kid: Any) -> Any:
        if not isinstance(kid, str):
            raise Unauthorized("the token names no key")
        age = time.monotonic() - self._asked_at
        if age > _KEYS_SECONDS or (kid not in self._keys and age > _ASK_AGAIN_SECONDS):
            self._keys = await self._fetch()
            self._asked_at = time.monotonic()
        if kid not in self._keys:
            raise Unauthorized("the token names an unknown key")
        return self._keys[kid]

    async def _fetch(self) -> dict[str, Any]:
        try:
            about = await self._client.get(f"{self._settings.issuer}/.well-known/openid-configuration")
            keys = await self._client.get(about.raise_for_status().json()["jwks_uri"])
            found = keys.raise_for_status().json()["keys"]
            return {key["kid"]: RSAAlgorithm.from_jwk(key) for key in found if key.get("kty") == "RSA"}
        except (KeyError, ValueError, TypeError) as exc:
            raise Unauthorized("the issuer's key set cannot be read") from exc


def _bare_token(header: str | None) -> str:
    """The header holds the token, with or without `Bearer `."""
    if not header:
        raise Unauthorized("no token")
    scheme, _, rest = header.strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else header.strip()


def _scopes_of(claims: Mapping[str, Any]) -> set[str]:
    value = claims.get("scope", claims.get("scp", ""))
    return set(value.split()) if isinstance(value, str) else set(map(str, value or []))
