"""Settle accounts of which something has ended by itself: a lot ran out, a reservation lapsed, access ended.

Every read of an account counts with that already, so nobody gains anything until this has run. It is what brings the
ledger and the cache in line for accounts that nothing else touches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.domain.ids import UserId
from billing.domain.ledger import Cause
from billing.domain.spending import settle_account
from billing.errors import BillingError, Retryable
from billing.ports.credits import CreditOutcome, CreditWrite, DueReader
from billing.services.perform_once import CreditDeps, tell, wait_for_turn

_ACTOR = "reconcile"
_AFTER = timedelta(minutes=1)
"""A subscription's trial or paid time ends at Stripe at the same second. Its event is let through first."""
_MOST = 500
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Settling:
    """What a run came to. `more`: it stopped at its bounds, and the next run goes on from there."""

    settled: int
    failed: int
    more: bool


def settle_due(
    deadline: datetime, due: DueReader, deps: CreditDeps, begin: Callable[[], None] = lambda: None
) -> Settling:
    """Settle what is due, until the deadline or 500 accounts.

    `begin` is called before each: the cache has a time that is meant for one, and the last ones would be told to none.

    An account that was settled is no longer due, so the next run begins where this one stopped. One that can't be
    settled is logged and passed over: it must not stand in the way of the others.
    """
    settled = failed = 0
    more = False
    for user in due.due(deps.clock.now() - _AFTER):
        if settled + failed >= _MOST or deps.clock.now() >= deadline:
            more = True
            break
        begin()
        try:
            settled += _settle(user, deps)
        except BillingError as exc:
            failed += 1
            deps.log.failure("account not settled", exc, user_id=user, retryable=isinstance(exc, Retryable))
    deps.metrics.count("AccountsSettled", settled)
    deps.metrics.count("AccountsNotSettled", failed)
    deps.log.info("settled what was due", count=settled, changed=settled > 0)
    return Settling(settled, failed, more)


def _settle(user: UserId, deps: CreditDeps) -> bool:
    """Settle one account; whether there was anything to do. Another writer settles it as well, so few tries will do."""
    for attempt in range(_TRIES):
        if attempt:
            wait_for_turn(attempt, deps)
        holdings = deps.credits.find(user).holdings
        if holdings.account.version == 0:
            return False
        act = settle_account(holdings, deps.clock.now(), deps.policy, Cause(_ACTOR))
        if act is None:
            return False
        if deps.credits.write(CreditWrite(holdings.account, act)) is CreditOutcome.DONE:
            tell(act, attempt, deps)
            return True
    return False
