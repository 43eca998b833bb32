"""Idempotency keys: the first answer is saved, also a 500, and replayed. https://docs.stripe.com/api/idempotent_requests

Nothing is saved of a request that never began to execute: a refused parameter, a missing key, a rate limit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.stripe.engine.errors import ApiError
from local.stripe.engine.world import snapshot

MAX_KEY = 255
KEPT = 24 * 3600


@dataclass(frozen=True)
class Saved:
    """One answer under a key."""

    path: str
    params: str
    status: int
    body: dict[str, Any]
    request_id: str
    at: int


class IdempotencyKeys:
    """The saved answers of one account."""

    def __init__(self) -> None:
        self._saved: dict[str, Saved] = {}

    def find(self, key: str, path: str, params: Mapping[str, Any], now: int) -> Saved | None:
        """Return the saved answer; raise when the key was used for something else."""
        if len(key) > MAX_KEY:
            raise _misuse(f"Idempotency key is too long. Idempotency keys are limited to {MAX_KEY} characters.")
        saved = self._saved.get(key)
        if saved is None or saved.at + KEPT < now:
            return None
        if saved.path != path:
            raise _misuse(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for "
                f"('{path}' vs '{saved.path}'). Try using a key other than '{key}' if you meant to execute a different "
                "request."
            )
        if saved.params != _fingerprint(params):
            raise _misuse(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
                f"using a key other than '{key}' if you meant to execute a different request."
            )
        return saved

    def save(
        self,
        key: str,
        path: str,
        params: Mapping[str, Any],
        status: int,
        body: dict[str, Any],
        request_id: str,
        now: int,
    ) -> None:
        """Keep an answer."""
        self._saved[key] = Saved(path, _fingerprint(params), status, snapshot(body), request_id, now)


def _fingerprint(params: Mapping[str, Any]) -> str:
    return json.dumps(params, sort_keys=True, default=str)


def in_use(key: str) -> ApiError:
    """What the second of two requests with one key gets while the first is executed.

    https://docs.stripe.com/api/errors has the status, the SDK the code (`stripe/_invoice.py`). Text and type are not
    documented.
    """
    return ApiError(
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted "
        f"twice, and the other request is still going through): {key}. Please try again later.",
        status=409,
        code="idempotency_key_in_use",
        parameters_refused=True,
    )


def _misuse(message: str) -> ApiError:
    return ApiError(message, type="idempotency_error", parameters_refused=True)
