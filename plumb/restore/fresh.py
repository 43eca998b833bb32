"""Redis must have forgotten: what it knows is of later versions than the restored accounts have, and would stay."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import batched
from typing import TYPE_CHECKING

from billing.domain.ids import USER_ID, UserId, fits
from plumb.cached import OF_CUSTOMER, OF_USER
from plumb.errors import PlumbError

if TYPE_CHECKING:
    from upstash_redis import Redis

_KEYS_AT_ONCE = 1000
_OF_ACCOUNTS = tuple(f"{kind}:" for kind in (*OF_USER, OF_CUSTOMER))
"""Keys whose values name the version of an account. All others are of a time before, or of functions that run."""


def must_be_fresh(redis: Redis, prefix: str, version_of: Callable[[UserId], int]) -> None:
    """Raise PlumbError when under the installation's epoch something is cached that the tables don't know of (money
    rules 25 and 29).

    What a resync has published since is of versions that stand: so a mend may follow it, and be done again.
    """
    standing: dict[UserId, int] = {}
    cursor = 0
    while True:
        cursor, found = redis.scan(cursor, match=f"{prefix}*", count=_KEYS_AT_ONCE)
        for keys in batched(found, _KEYS_AT_ONCE, strict=False):
            for key, (user, version) in _written_from(redis, prefix, keys).items():
                if user is not None and user not in standing:
                    standing[user] = version_of(user)
                if user is None or version > standing[user]:
                    raise PlumbError(
                        f"Redis still has what was cached before ({key}): deploy with a RedisEpoch that is one higher, "
                        "and run this again."
                    )
        if int(cursor) == 0:
            return


def _written_from(redis: Redis, prefix: str, keys: tuple[str, ...]) -> Mapping[str, tuple[UserId | None, int]]:
    """User and version of the account that each value was written from; no user where it is of none, or unreadable."""
    texts = redis.mget(*keys)
    return {
        key: _parsed(text) if key.removeprefix(prefix).startswith(_OF_ACCOUNTS) else (None, 0)
        for key, text in zip(keys, texts, strict=True)
        if text is not None  # its life has ended since
    }


def _parsed(text: str) -> tuple[UserId | None, int]:
    """Of `PRO {"version":12,"user":"alice"}`: see billing.adapters.upstash_values."""
    try:
        value = json.loads(text[text.index("{") :])
        user, version = fits(value["user"], USER_ID), value["version"]
    except (ValueError, TypeError, KeyError):
        return None, 0
    return (UserId(user), version) if user and isinstance(version, int) else (None, 0)
