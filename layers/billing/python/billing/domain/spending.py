"""Using credits: spends, reservations, adjustments and what undoes a spend. Pure, like `decide`, and free of Stripe.

Each act takes the account as it was read and answers what must be stored. It settles the account first, so that nothing
is taken from a lot that has run out; and it leaves alone what only a converge may change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from billing.domain.account import Account, Credits, credits_of, record_access
from billing.domain.credits import Lot, LotKey, Reservation, Share, balance_of, shares_of
from billing.domain.entitlement import AccessPolicy
from billing.domain.ids import PurchaseKey, ReservationId
from billing.domain.ledger import Cause, Change, Entry, Kind, booked
from billing.domain.settle import Settled, move_out, settle
from billing.errors import (
    InsufficientCredits,
    InvalidRequest,
    MalformedObject,
    ReservationNotFound,
    TooManyReservations,
)

MOST_RESERVATIONS = 100
"""Open at once for one user: they are part of the account's item, which DynamoDB limits to 400 KB."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What an act starts from: the account, and those lots it concerns that were moved out of it."""

    account: Account
    moved: Mapping[LotKey, Lot] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Act:
    """What must be stored: the account, the entries of the ledger, and lots to write as items of their own.

    `entry` and `reservation` are what the act was about; `credits` is what there is afterwards.
    """

    account: Account
    entries: tuple[Entry, ...]
    moved: tuple[Lot, ...]
    credits: Credits
    entry: Entry | None = None
    reservation: Reservation | None = None


def spend(holdings: Holdings, amount: int, reason: str, reference: str | None, now: datetime, cause: Cause) -> Act:
    """Take credits, first to expire first; the entry says from which lots. Raises InsufficientCredits."""
    settled = _settled(holdings, now)
    shares = _taken(settled, amount)
    change = Change(Kind.SPEND, -amount, None, reason, lots=shares, reference=reference)
    return _act(holdings, settled, _used(settled.lots, shares), settled.reservations, change, now, cause)


def undo_spend(holdings: Holdings, spent: Entry, reason: str, now: datetime, cause: Cause) -> Act:
    """Give a spend's credits back to the lots that they came from; what came from a lot that has run out expires."""
    settled = _settled(holdings, now)
    back = tuple(replace(share, amount=-share.amount) for share in spent.lots)
    change = Change(Kind.SPEND_REVERSAL, -spent.amount, None, reason, lots=spent.lots, reference=spent.key)
    return _act(holdings, settled, _used(settled.lots, back), settled.reservations, change, now, cause)


def reserve(
    holdings: Holdings,
    id: ReservationId,
    amount: int,
    expires_at: datetime,
    reference: str | None,
    now: datetime,
    cause: Cause,
) -> Act:
    """Set credits aside, as a spend would take them. Raises InsufficientCredits, TooManyReservations."""
    settled = _settled(holdings, now)
    if len(settled.reservations) >= MOST_RESERVATIONS:
        raise TooManyReservations(f"{MOST_RESERVATIONS} reservations of this user are open already")
    made = Reservation(id, amount, now, expires_at, _taken(settled, amount), reference)
    act = _act(holdings, settled, settled.lots, (*settled.reservations, made), None, now, cause)
    return replace(act, reservation=made)


def capture(holdings: Holdings, id: ReservationId, amount: int | None, reason: str, now: datetime, cause: Cause) -> Act:
    """Spend a reservation, or a part of it; the rest goes back. Raises ReservationNotFound, InvalidRequest.

    It was set aside, so it can be spent even if the balance has fallen below it since.
    """
    settled = _settled(holdings, now)
    made, others = _reservation(settled, id)
    taken = made.amount if amount is None else amount
    if taken > made.amount:
        raise InvalidRequest("amount is more than was reserved")
    shares = _first(made.shares, taken)
    change = Change(Kind.SPEND, -taken, None, reason, lots=shares, reference=made.id)
    act = _act(holdings, settled, _used(settled.lots, shares), others, change, now, cause)
    return replace(act, reservation=made)


def release(holdings: Holdings, id: ReservationId, now: datetime, cause: Cause) -> Act:
    """Give a reservation back. Raises ReservationNotFound."""
    settled = _settled(holdings, now)
    made, others = _reservation(settled, id)
    return replace(_act(holdings, settled, settled.lots, others, None, now, cause), reservation=made)


def grant(
    holdings: Holdings,
    id: PurchaseKey,
    amount: int,
    expires_at: datetime | None,
    reason: str,
    now: datetime,
    cause: Cause,
) -> Act:
    """Give credits that nobody paid for: a lot of its own, which no refund can touch."""
    settled = _settled(holdings, now)
    lot = Lot(id, 0, amount, now, expires_at)
    change = Change(Kind.ADJUSTMENT, amount, None, reason, lots=(Share(id, 0, amount),))
    return _act(holdings, settled, (*settled.lots, lot), settled.reservations, change, now, cause)


def take(holdings: Holdings, amount: int, reason: str, now: datetime, cause: Cause) -> Act:
    """Take credits away, as a spend would, but not to be undone as one. Raises InsufficientCredits."""
    settled = _settled(holdings, now)
    shares = _taken(settled, amount)
    change = Change(Kind.ADJUSTMENT, -amount, None, reason, lots=shares)
    return _act(holdings, settled, _used(settled.lots, shares), settled.reservations, change, now, cause)


def settle_account(holdings: Holdings, now: datetime, policy: AccessPolicy, cause: Cause) -> Act | None:
    """Write down what time has done: what ran out, lapsed or ended. None when the account says all of it already."""
    settled = _settled(holdings, now)
    act = _act(holdings, settled, settled.lots, settled.reservations, None, now, cause)
    account, turned = record_access(act.account, None, now, policy)
    if replace(account, version=holdings.account.version) == holdings.account:
        return None
    changes = [*settled.changes, *turned]
    entries = booked(account.user, account.version, holdings.account.balance, changes, now, cause)
    return replace(act, account=account, entries=entries)


def _settled(holdings: Holdings, now: datetime) -> Settled:
    return settle((*holdings.account.lots, *holdings.moved.values()), holdings.account.reservations, now)


def _taken(settled: Settled, amount: int) -> tuple[Share, ...]:
    credits = credits_of(settled)
    if amount > credits.available:
        raise InsufficientCredits("not enough credits", balance=credits.balance, available=credits.available)
    return shares_of(settled.lots, amount)


def _first(shares: tuple[Share, ...], amount: int) -> tuple[Share, ...]:
    """The first credits of some shares, in their order: what expires first is spent, the rest goes back."""
    kept = []
    for share in shares:
        part = min(share.amount, amount)
        if part:
            kept.append(replace(share, amount=part))
            amount -= part
    return tuple(kept)


def _used(lots: Iterable[Lot], shares: Iterable[Share]) -> tuple[Lot, ...]:
    """The lots after these shares were taken from them. A lot that is not there would take its credits with it."""
    parts = {share.key: share.amount for share in shares}
    used = tuple(replace(lot, used=lot.used + parts.pop(lot.key, 0)) for lot in lots)
    if parts:
        raise MalformedObject("a lot that was spent from can't be found", purchase=next(iter(parts))[0])
    return used


def _reservation(settled: Settled, id: ReservationId) -> tuple[Reservation, tuple[Reservation, ...]]:
    """The open reservation of this id, and the others."""
    for made in settled.reservations:
        if made.id == id:
            return made, tuple(item for item in settled.reservations if item != made)
    raise ReservationNotFound("no reservation of this id is open", reservation=id)


def _act(
    holdings: Holdings,
    settled: Settled,
    lots: Iterable[Lot],
    reservations: tuple[Reservation, ...],
    change: Change | None,
    now: datetime,
    cause: Cause,
) -> Act:
    """What must be stored. What the act gives back to a lot that has run out expires in the same write."""
    account = holdings.account
    ended = settle(lots, reservations, now)
    kept, moved = move_out(ended.lots, holdings.moved)
    after = replace(
        account, lots=kept, reservations=ended.reservations, balance=balance_of(kept), version=account.version + 1
    )
    changes = [*settled.changes, *([change] if change else []), *ended.changes]
    entries = booked(account.user, after.version, account.balance, changes, now, cause)
    return Act(
        account=after,
        entries=entries,
        moved=moved,
        credits=credits_of(ended),
        entry=entries[len(settled.changes)] if change else None,
    )
