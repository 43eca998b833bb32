"""Adjusting a balance by hand: an entry of the ledger with who did it and why (failure-modes.md S29)."""

from __future__ import annotations

from datetime import datetime, timedelta

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
    user: UserId,
    amount: int,
    reason: str,
    actor: str,
    key: str,
    expires: datetime | timedelta | None,
    deps: CreditDeps,
) -> Performed:
    """Give credits, or take them away when `amount` is negative. Under one key it is done once, for ever.

    What is given expires at a time, or so long after it was given.

    Raises InvalidRequest, InsufficientCredits when there is less to take, and what `perform_once` raises.
    """
    _check(user, amount, reason, actor, key)
    if expires is not None and amount < 0:
        raise InvalidRequest("only credits that are given expire")

    def adjust(holdings: Holdings, now: datetime, cause: Cause) -> Act:
        expires_at = now + expires if isinstance(expires, timedelta) else expires
        if expires_at is not None and expires_at <= now:  # here: a second run of an old file is still answered
            raise InvalidRequest("the credits would have expired already")
        if amount < 0:
            return take(holdings, -amount, reason, now, cause)
        lot = PurchaseKey(f"adj_{new_id(user, key, holdings.account.version)}")
        return grant(holdings, lot, amount, expires_at, reason, now, cause)

    return perform_once(
        Asked(user, key, adjustment(amount, reason, expires), actor, lasting=True),
        adjust,
        deps,
    )


def adjustment(amount: int, reason: str, expires: datetime | timedelta | None) -> str:
    """The fingerprint of what the key of an adjustment stands for.

    Of a length of time as it was asked for: the end that comes of it is another at each call.
    """
    asked = {
        "amount": amount,
        "reason": reason,
        "expires_at": expires.isoformat() if isinstance(expires, datetime) else expires,
    }
    return fingerprint_of("adjust", asked)


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
