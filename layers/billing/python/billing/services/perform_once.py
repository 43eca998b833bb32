"""Carry out one act on a user's credits exactly once, however often it is asked for (money rule 20).

The answer is stored under the caller's key in the same transaction as account and ledger. So whoever finds the key
gets the same answer, and whoever does not knows that nothing was done. Stripe is never asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.domain.account import Account
from billing.domain.entitlement import AccessPolicy
from billing.domain.ids import UserId
from billing.domain.ledger import Cause, Entry, Kind
from billing.domain.receipt import Receipt, Remembered
from billing.domain.spending import Act, Holdings
from billing.errors import AlreadyReversed, Contention, IdempotencyConflict
from billing.ports.cache import Cache
from billing.ports.credits import CreditOutcome, CreditStore, CreditWrite
from billing.ports.world import Clock, Log, Metrics, Randomness
from billing.services.backoff import Backoff
from billing.services.publish import published

_BUDGET = timedelta(seconds=8)
"""Of all tries. A caller waits for the answer, and API Gateway gives up after 30 seconds."""
_BACKOFF = Backoff(first_seconds=0.02, longest_seconds=0.5)

_COUNTED = {
    Kind.SPEND: "CreditsSpent",
    Kind.SPEND_REVERSAL: "CreditsReturned",
    Kind.ADJUSTMENT: "CreditsAdjusted",
    Kind.EXPIRY: "CreditsExpired",
}


@dataclass(frozen=True, slots=True)
class CreditDeps:
    """What using credits needs of the world."""

    credits: CreditStore
    cache: Cache
    clock: Clock
    random: Randomness
    log: Log
    metrics: Metrics
    policy: AccessPolicy


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what: `key` is the caller's idempotency key, `fingerprint` the hash of what it stands for."""

    user: UserId
    key: str
    fingerprint: str
    actor: str
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Performed:
    """What it came to; `replayed` when that was decided by an earlier request of the same key."""

    receipt: Receipt
    replayed: bool


type Doing = Callable[[Holdings, datetime, Cause], Act]


def perform_once(asked: Asked, doing: Doing, deps: CreditDeps, undoes: Entry | None = None) -> Performed:
    """Do it, or answer what it came to before.

    A refusal (too few credits, for one) is not kept: nothing was done, and the same key may be tried again later.
    Raises IdempotencyConflict, AlreadyReversed, Contention, what `doing` raises and what the ports raise.
    """
    cause = Cause(asked.actor)
    lots = [share.key for share in undoes.lots] if undoes else []
    end = deps.clock.now() + _BUDGET
    attempt = 0
    while True:
        found = deps.credits.find(asked.user, asked.key, lots)
        if found.remembered is not None:
            return _again(asked, found.remembered, found.holdings.account, deps)
        before, now = found.holdings.account, deps.clock.now()
        act = doing(found.holdings, now, cause)
        receipt = Receipt(act.credits, act.entry, act.reservation)
        remembered = Remembered(asked.user, asked.key, asked.fingerprint, receipt, now, asked.lasting)
        outcome = deps.credits.write(CreditWrite(before, act, remembered, undoes.key if undoes else None))
        if outcome is CreditOutcome.DONE:
            tell(act, attempt, deps)
            return Performed(receipt, replayed=False)
        if outcome is CreditOutcome.UNDONE:
            raise AlreadyReversed("this spend was undone before", reason=undoes.key if undoes else None)
        attempt += 1
        if deps.clock.now() >= end:
            raise Contention("every attempt to use credits met another writer", user_id=asked.user)
        if outcome is CreditOutcome.CONFLICT:
            wait_for_turn(attempt, deps)


def wait_for_turn(attempt: int, deps: CreditDeps) -> None:
    """Wait before another try at an account that another writer was at."""
    _BACKOFF.wait(attempt, deps.clock, deps.random)


def tell(act: Act, retries: int, deps: CreditDeps) -> None:
    """Tell the log, the metrics and the cache what was written."""
    for entry in act.entries:
        deps.log.info(
            "ledger entry written",
            user_id=entry.user,
            kind=entry.kind,
            amount=entry.amount,
            balance=entry.balance_after,
            stripe_object=entry.stripe_object,
            version=entry.version,
        )
    _count(act.entries, deps)
    deps.metrics.count("CreditRetries", retries)
    _publish(act.account, deps)


def _again(asked: Asked, remembered: Remembered, account: Account, deps: CreditDeps) -> Performed:
    if remembered.fingerprint != asked.fingerprint:
        raise IdempotencyConflict("this idempotency key was used for another request", user_id=asked.user)
    deps.log.info("answered again", user_id=asked.user, version=account.version)
    deps.metrics.count("CreditReplays")
    # whoever wrote it may have died before it told the cache: what is told now must be what stands now
    _publish(account, deps)
    return Performed(remembered.receipt, replayed=True)


def _count(entries: Iterable[Entry], deps: CreditDeps) -> None:
    for entry in entries:
        if entry.kind in _COUNTED:
            deps.metrics.count(_COUNTED[entry.kind], abs(entry.amount))


def _publish(account: Account, deps: CreditDeps) -> None:
    deps.cache.publish([published(account, deps.policy, deps.clock.now())], [])
