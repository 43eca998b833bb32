"""Adjusting a balance by hand: an entry of the ledger with who did it and why (failure-modes.md S29)."""

from __future__ import annotations

from datetime import datetime

from billing.domain.ids import IDEMPOTENCY_KEY, USER_ID, PurchaseKey, UserId
from billing.domain.ledger import Cause
from billing.domain.receipt import fingerprint_of
from billing.domain.spending import Act, Holdings, grant, take
from billing.errors import InvalidRequest
from billing.services.perform_once import Asked, CreditDeps, Performed, perform_once
from billing.services.reserve_credits import new_id

MOST = 1_000_000_000
"""Credits of one adjustment, either way: more is a slip of the finger."""


def adjust_credits(
    user: UserId, amount: int, reason: str, actor: str, key: str, expires_at: datetime | None, deps: CreditDeps
) -> Performed:
    """Give credits, or take them away when `amount` is negative. Under one key it is done once, for ever.

    Raises InvalidRequest, InsufficientCredits when there is less to take, and what `perform_once` raises.
    """
    _check(user, amount, reason, actor, key)
    if expires_at is not None and amount < 0:
        raise InvalidRequest("only credits that are given expire")

    def adjust(holdings: Holdings, now: datetime, cause: Cause) -> Act:
        if expires_at is not None and expires_at <= now:  # here: a second run of an old file is still answered
            raise InvalidRequest("the credits would have expired already")
        if amount < 0:
            return take(holdings, -amount, reason, now, cause)
        lot = PurchaseKey(f"adj_{new_id(user, key, holdings.account.version)}")
        return grant(holdings, lot, amount, expires_at, reason, now, cause)

    asked = {"amount": amount, "reason": reason, "expires_at": expires_at.isoformat() if expires_at else None}
    return perform_once(
        Asked(user, key, fingerprint_of("adjust", asked), actor, lasting=True),
        adjust,
        deps,
    )


def _check(user: str, amount: int, reason: str, actor: str, key: str) -> None:
    """The caller is our own command, not the API, whose models check before: so all of it is checked here."""
    if USER_ID.fullmatch(user) is None:
        raise InvalidRequest("this is no user id")
    if amount == 0 or abs(amount) > MOST:
        raise InvalidRequest(f"the amount must be from 1 to {MOST}, or as much below 0")
    if not reason.strip() or not actor.strip():
        raise InvalidRequest("an adjustment needs who does it and why")
    if IDEMPOTENCY_KEY.fullmatch(key) is None:
        raise InvalidRequest("the idempotency key must have from 1 to 255 visible characters")
