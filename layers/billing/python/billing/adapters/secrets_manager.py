"""Secrets by name from Secrets Manager, kept for minutes: a rotation is picked up without a deploy."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from billing.errors import Misconfigured, SecretsUnavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from billing.ports.world import Clock, Secrets

_KEPT = timedelta(minutes=5)
_PAUSE = timedelta(seconds=30)
"""Between two tries while Secrets Manager is down: each may hold its request for seconds, and some need two secrets."""


class SecretsManager:
    """The Secrets port. The client is connected at the first read."""

    def __init__(self, connect: Callable[[], SecretsManagerClient], clock: Clock) -> None:
        self._connect = connect
        self._clock = clock
        self._client: SecretsManagerClient | None = None
        self._read: dict[str, tuple[datetime, Mapping[str, object]]] = {}
        self._silent_until: datetime | None = None

    def read(self, name: str) -> Mapping[str, object]:
        """See Secrets. While Secrets Manager does not answer, what was read last goes on being used."""
        now = self._clock.now()
        kept = self._read.get(name)
        silent = self._silent_until is not None and now < self._silent_until
        if kept is not None and (silent or now - kept[0] < _KEPT):
            return kept[1]
        try:
            value = self._fetch(name)
        except SecretsUnavailable:
            if kept is None:
                raise
            value, now = kept[1], now - _KEPT + _PAUSE
        self._read[name] = (now, value)
        return value

    def _fetch(self, name: str) -> Mapping[str, object]:
        if self._client is None:
            self._client = self._connect()
        try:
            text = self._client.get_secret_value(SecretId=name).get("SecretString", "")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                raise Misconfigured(f"there is no secret named {name}", secret=name) from error
            raise SecretsUnavailable("Secrets Manager refused the read", secret=name) from error
        except BotoCoreError as error:
            self._silent_until = self._clock.now() + _PAUSE
            raise SecretsUnavailable("Secrets Manager did not answer", secret=name) from error
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, dict):  # raised outside the handler: the parser's error would quote the secret
            raise Misconfigured(f"the secret {name} is not a JSON object", secret=name)
        return value


def secret_text(secrets: Secrets, name: str, field: str) -> str:
    """A text of a secret. Raises Misconfigured, without showing it, where there is none, and what reading raises."""
    value = secrets.read(name).get(field)
    if not isinstance(value, str) or not value:
        raise Misconfigured(f"the secret {name} has no {field}", secret=name)
    return value
