"""Sign tokens for users and for machines."""

import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from local.issuer.keys import key_id

LIFETIME = 12 * 3600
"""Seconds: a working day at the laptop."""
MACHINE_SCOPES = frozenset({"billing:read", "billing:spend"})
"""What a machine may be allowed to do; the local system shares no code with the program, so the list is its own."""
USER_ID = re.compile(r"[A-Za-z0-9_.@|+=-]{1,128}")


class Issuer:
    def __init__(self, key: RSAPrivateKey, issuer: str, audience: str) -> None:
        self._key = key
        self._issuer = issuer
        self._audience = audience

    def user_token(self, user: str) -> str:
        """A user's token carries an e-mail address and no scope; raise ValueError for an impossible user id."""
        if not USER_ID.fullmatch(user):
            raise ValueError(f"{user!r} is no user id: letters, digits and _ . @ | + = - only, at most 128")
        return self.sign({"sub": user, "email": f"{user}@example.com", "email_verified": True})

    def machine_token(self, scope: str) -> str:
        return self.sign({"sub": "service", "scope": scope})

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The standard claims, then `claims` over them."""
        now = int(time.time())
        standard = {
            "iss": self._issuer,
            "aud": self._audience,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME,
            "jti": uuid.uuid4().hex,
        }
        return jwt.encode({**standard, **claims}, self._key, algorithm="RS256", headers={"kid": key_id(self._key)})
