"""The cache, as a shape: what is kept in Redis and may vanish at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from billing.domain.ids import (
        CustomerId,
        EventId,
        SessionId,
        UserId,
    )


class Cache(Protocol):
    """Upstash Redis: only a cache. No method raises for a failure of Redis: it answers as if nothing were cached."""

    def is_done(self, event: EventId) -> bool:
        """Whether the consumer has marked this event as finished."""

    def publish(self, states: Sequence[PublishedAccount], done: Sequence[EventId]) -> bool:
        """Write what the accounts are now and mark the events, in one round trip; False when Redis did not take it.

        A stored value is replaced only by a higher account version, whatever order publishers come in.
        """

    def entitlement(self, user: UserId) -> CachedEntitlement | None:
        """The cached level of a user, if it is there, whole, and of this user."""

    def catalog(self) -> str | None:
        """The cached public catalog, as JSON."""

    def keep_catalog(self, document: str, seconds: int) -> None:
        """Cache the public catalog."""

    def count_checkout(self, user: UserId) -> int:
        """Count a checkout that the user asks for; how many that makes in this hour, 0 when Redis does not answer."""

    def lock_success(self, session: SessionId) -> bool:
        """Take the three-second lock of the public redirect; False when it is held, or Redis does not answer."""


@dataclass(frozen=True, slots=True)
class CachedEntitlement:
    """A cached level: `until` None has no end in sight."""

    level: str
    until: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class PublishedAccount:
    """What the cache learns of an account after a converge."""

    user: UserId
    version: int
    at: datetime
    """When this held."""
    customer: CustomerId | None
    level: str
    until: datetime | None
    balance: int
    lowest: bool
    """True when the level is the one that everybody has: kept for 60 s only, so that a failed publish can't keep
    somebody who has paid out for an hour (money rule 25)."""
    subscription: Mapping[str, object] = field(default_factory=dict)
    """Subscription and payment state, as JSON values, for `stripe:customer:{id}`."""
