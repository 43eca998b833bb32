"""What time does to credits by itself: lots run out, reservations lapse. No look at Stripe is needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.credits import Lot, LotKey, Reservation, Share, ordered_lots
from billing.domain.ledger import Change, Kind

_NAMED = 10
"""So many expiries of one moment get an entry each. More of them share one, or a transaction could not hold them."""
_KEPT = 8
"""Finished lots that stay in the account: a refund is most often of a recent purchase, and then costs no extra read."""
_MOVED_AT_ONCE = 10
"""A transaction of 40 events has room for them, and for as many expiries, beside its purchases and their entries."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Lots and open reservations as they stand at a moment, and what that changed."""

    lots: tuple[Lot, ...]
    reservations: tuple[Reservation, ...]
    changes: tuple[Change, ...]


def settle(lots: Iterable[Lot], reservations: Iterable[Reservation], now: datetime) -> Settled:
    """Let reservations lapse and lots expire at `now`; the same however often it is called, and whoever calls it."""
    kept = tuple(item for item in reservations if now < item.expires_at)
    held = _held(kept)
    settled = list[Lot]()
    gone = list[tuple[Lot, int]]()
    for lot in sorted(lots, key=lambda lot: lot.key):
        holding = held.get(lot.key, 0)
        after = (lot if holding == lot.held else replace(lot, held=holding)).settled_at(now)
        settled.append(after)
        if after.left != lot.left:
            gone.append((after, after.left - lot.left))
    return Settled(tuple(settled), kept, tuple(_expiries(gone)))


def move_out(lots: Iterable[Lot], moved: Mapping[LotKey, Lot]) -> tuple[tuple[Lot, ...], tuple[Lot, ...]]:
    """Part lots into those that the account keeps and those to write as items of their own (money rule 17).

    Only finished lots move, so the balance never misses them; the newest few stay. `moved` are lots that were read
    from items of their own: they stay there while they are as they were, and one that has anything left comes back.
    """
    every = ordered_lots(lots)
    there = {lot.key for lot in every if lot == moved.get(lot.key)}
    finished = sorted(
        (lot for lot in every if lot.finished and lot.key not in there),
        key=lambda lot: (lot.key not in moved, lot.granted_at, lot.key),
    )
    leaving = finished[: max(sum(lot.key in moved for lot in finished), len(finished) - _KEPT)][:_MOVED_AT_ONCE]
    gone = there | {lot.key for lot in leaving}
    return tuple(lot for lot in every if lot.key not in gone), tuple(leaving)


def _held(reservations: Iterable[Reservation]) -> dict[LotKey, int]:
    held: dict[LotKey, int] = {}
    for reservation in reservations:
        for share in reservation.shares:
            held[share.key] = held.get(share.key, 0) + share.amount
    return held


def _expiries(gone: list[tuple[Lot, int]]) -> Iterable[Change]:
    """One entry for each lot; `amount` is positive where less has expired than was written before."""
    named = [(lot, amount, Share(lot.purchase, lot.line, abs(amount))) for lot, amount in gone]
    if len(named) > _NAMED:
        total = sum(amount for _, amount, _ in named)
        reason = f"credits of {len(named)} grants expired"
        yield Change(Kind.EXPIRY, total, None, reason, lots=tuple(share for _, _, share in named))
        return
    for lot, amount, share in named:
        yield Change(Kind.EXPIRY, amount, lot.source, "credits expired", lots=(share,))
