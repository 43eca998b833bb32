"""What the cache says of an account, without the cache's own leniency: here a Redis that fails is an error to tell.

And its removal, after which the next publish is taken, whatever version was there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.domain.ids import UserId
from billing.errors import BillingError
from plumb.errors import PlumbError

if TYPE_CHECKING:
    from upstash_redis import Redis

    from plumb.world import World


OF_USER = ("entitlements", "credits", "stripe:user")
OF_CUSTOMER = "stripe:customer"
"""Kinds of keys of what is cached of an account, by its user and by its customer, as `UpstashCache` writes them."""


@dataclass(frozen=True)
class Cached[T]:
    """A cached value, with the account version that it was written from."""

    value: T
    version: int


@dataclass(frozen=True)
class CachedAccount:
    """What is cached of a user; None where nothing is, or nothing that would be believed."""

    credits: Cached[int] | None = None
    level: Cached[str] | None = None


def read_cached(redis: Redis, prefix: str, user: UserId) -> CachedAccount:
    """Read it. Raises PlumbError when Redis does not answer."""
    try:
        credits, level = (redis.get(f"{prefix}{kind}:{user}") for kind in ("credits", "entitlements"))
    except BillingError:
        raise
    except Exception as exc:  # the client has no error type of its own: see billing.adapters.upstash_calls
        raise PlumbError(f"Redis did not answer ({type(exc).__name__}), so the cache was not looked at.") from exc
    balance = _parsed(credits)
    return CachedAccount(
        credits=Cached(int(balance.value), balance.version) if balance and _whole(balance.value) else None,
        level=_parsed(level),
    )


def forget_cache(world: World, user: UserId, customers: tuple[str, ...]) -> None:
    """Delete what is cached of the user; it comes back from the account. Raises PlumbError where Redis is away."""
    prefix = world.settings.redis.prefix
    names = [f"{kind}:{user}" for kind in OF_USER]
    names += [f"{OF_CUSTOMER}:{customer}" for customer in customers]
    try:
        world.redis.delete(*(f"{prefix}{name}" for name in names))
    except BillingError:
        raise
    except Exception as exc:
        raise PlumbError(f"Redis did not answer ({type(exc).__name__}), so {user} stays cached.") from exc


def _parsed(text: object) -> Cached[str] | None:
    """Word and version of a cached value: `PRO {"version":12,"user":"alice"}`."""
    word, _, rest = text.partition(" ") if isinstance(text, str) else ("", "", "")
    try:
        version = json.loads(rest)["version"]
    except (ValueError, TypeError, KeyError):
        return None
    return Cached(word, version) if isinstance(version, int) else None


def _whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()
