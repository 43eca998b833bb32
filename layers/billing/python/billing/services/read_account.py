"""Reading: what a user has, from one consistent read of the account, or from the cache where that is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.domain.ledger import EVERYTHING, EntryFilter
from billing.domain.subscription import Span
from billing.errors import InvalidRequest
from billing.services.publish import published

if TYPE_CHECKING:
    from billing.domain.account import Account
    from billing.domain.entitlement import AccessPolicy
    from billing.domain.ids import UserId
    from billing.ports.cache import Cache
    from billing.ports.store import AccountStore, LedgerReader, Page
    from billing.ports.world import Clock

_MOST_ENTRIES = 100


@dataclass(frozen=True, slots=True)
class ReadDeps:
    """What reading needs of the world."""

    accounts: AccountStore
    ledger: LedgerReader
    cache: Cache
    clock: Clock
    policy: AccessPolicy


def read_account(user: UserId, deps: ReadDeps) -> Account:
    """The whole account; a new one for a user who never bought anything."""
    return deps.accounts.load(user, []).account


def read_entitlement(user: UserId, deps: ReadDeps) -> tuple[Span, str]:
    """The user's level, and where it was found: `cache` or `store`.

    A cached level that has run out is not believed, whatever its time to live says.
    """
    now = deps.clock.now()
    cached = deps.cache.entitlement(user)
    if cached is not None and cached.level in deps.policy.levels and (cached.until is None or now < cached.until):
        return Span(cached.level, cached.until), "cache"
    account = deps.accounts.load(user, []).account
    deps.cache.publish([published(account, deps.policy, now)], [])
    return account.access_at(deps.policy, now), "store"


def read_transactions(
    user: UserId, limit: int, cursor: str | None, deps: ReadDeps, wanted: EntryFilter = EVERYTHING
) -> Page:
    """A page of the user's ledger, newest first. Raises InvalidRequest for a limit out of bounds."""
    if not 1 <= limit <= _MOST_ENTRIES:
        raise InvalidRequest(f"limit must be from 1 to {_MOST_ENTRIES}")
    return deps.ledger.page(user, limit, cursor, wanted)
