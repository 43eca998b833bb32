"""The webhook's signing secrets in Secrets Manager: all that are live, newest first, never shown."""

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from billing.domain.signature import SigningSecrets
from billing.errors import Misconfigured
from plumb.errors import PlumbError

_LIVE = 2
"""Stripe keeps the old one for up to a day after a roll (https://docs.stripe.com/webhooks#roll-endpoint-secrets)."""


@dataclass(frozen=True)
class SigningStore:
    """The secret of this name; `client` is one of Secrets Manager."""

    client: Any
    name: str

    def read(self) -> list[str]:
        """The usable ones; a placeholder that was left in the secret is none."""
        try:
            text = self.client.get_secret_value(SecretId=self.name)["SecretString"]
        except ClientError as exc:
            if exc.response["Error"]["Code"] == "ResourceNotFoundException":
                return []
            raise
        try:
            found = json.loads(text).get("secrets", [])
        except (ValueError, AttributeError):
            return []
        return [value for value in found if isinstance(value, str) and _usable(value)]

    def add(self, secret: str) -> int:
        """Put a new one in front, so that it and the one before are live; how many are now. Raises PlumbError."""
        check_secret(secret)
        kept = [secret, *(old for old in self.read() if old != secret)][:_LIVE]
        self._write(kept)
        return len(kept)

    def keep_newest(self) -> int:
        """Drop all but the newest; how many were dropped."""
        found = self.read()
        if len(found) > 1:
            self._write(found[:1])
        return max(0, len(found) - 1)

    def _write(self, secrets: list[str]) -> None:
        content = json.dumps({"secrets": secrets})
        try:
            self.client.put_secret_value(SecretId=self.name, SecretString=content)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            self.client.create_secret(Name=self.name, SecretString=content)


def check_secret(secret: str) -> None:
    """Raise PlumbError for a signing secret that the function itself would refuse, or that is none of Stripe's."""
    if not secret.startswith("whsec_") or not _usable(secret):
        raise PlumbError("That is no signing secret: it begins with whsec_, has at least 16 characters, no spaces.")


def _usable(secret: str) -> bool:
    try:
        SigningSecrets((secret,))
    except Misconfigured:
        return False
    return True
