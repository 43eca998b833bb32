"""An account from its ledger, after its table was put back to an earlier moment (money rule 29). Pure.

The ledger then knows more than the account. What used credits, or gave them by hand, stands nowhere else: it is done
again here, lot by lot, and its entries stand as they are. What came of Stripe is left to a resync: the purchases are as
old as the account, so it books all of it anew, and one entry takes back what had been booked before. Whatever the
tables have lost of each other, balance, lots and ledger are equal afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.account import credits_of
from billing.domain.credits import Lot, LotKey, Reservation, balance_of
from billing.domain.ledger import Cause, Change, Entry, Kind, booked
from billing.domain.settle import move_out, settle
from billing.domain.spending import Act, Holdings

_SIGN = {Kind.SPEND: 1, Kind.SPEND_REVERSAL: -1}
AHEAD = "accounts restored: what came of Stripe is booked anew"
BEHIND = "ledger restored: entries are missing"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What must be stored, and what it was made of."""

    act: Act
    redone: tuple[Entry, ...]
    """The entries that were done again: spends, their reversals and adjustments."""
    taken_back: int
    """Credits, signed, that the resync is to book again, as far as Stripe still says so."""
    forgotten: bool
    """Whether the user's personal data had been removed since, and is back."""


def lots_named(later: Iterable[Entry]) -> frozenset[LotKey]:
    """The lots that a rebuild from these entries has to know."""
    return frozenset(share.key for entry in later for share in entry.lots)


def rebuild(
    holdings: Holdings, newest: Entry | None, later: Sequence[Entry], now: datetime, cause: Cause
) -> Rebuilt | None:
    """The account with all that its ledger says; None when it says nothing that the account does not.

    `newest` is the last entry that there is, `later` are those that the account has not seen, oldest first.
    """
    account = holdings.account
    booked_balance = newest.balance_after if newest is not None else 0
    if not later and booked_balance == account.balance:
        return None
    redone = tuple(entry for entry in later if entry.lots and entry.kind in (*_SIGN, Kind.ADJUSTMENT))
    open_ = _still_open(account.reservations, redone)
    lots = _redone((*account.lots, *holdings.moved.values()), later)
    settled = settle(lots, open_, now)
    kept, moved = move_out(settled.lots, holdings.moved)
    version = max(account.version, newest.version if newest is not None else 0) + 1
    taken_back = balance_of(lots) - booked_balance
    changes = [Change(Kind.RESTORE, taken_back, None, AHEAD if later else BEHIND), *settled.changes]
    after = replace(
        account, lots=kept, reservations=settled.reservations, balance=balance_of(settled.lots), version=version
    )
    entries = booked(account.user, version, booked_balance, changes, now, cause)
    return Rebuilt(
        act=Act(after, entries, moved, credits_of(settled), entry=entries[0]),
        redone=redone,
        taken_back=taken_back,
        forgotten=any(entry.kind is Kind.ADJUSTMENT and not entry.amount for entry in later),
    )


def _redone(lots: Iterable[Lot], later: Iterable[Entry]) -> tuple[Lot, ...]:
    """The lots with what was used of them since.

    One whose purchase is not known yet stands with nothing granted until the resync grants it (`decide` keeps what was
    used of it). One that was given by hand is whole, but for its expiry, which the ledger tells only once it has come.
    """
    found = {lot.key: lot for lot in lots}
    for entry in later:
        for share in entry.lots:
            lot = found.get(share.key) or Lot(share.purchase, share.line, 0, entry.at)
            by_hand = entry.kind is Kind.ADJUSTMENT
            if entry.kind in _SIGN or (by_hand and entry.amount < 0):
                lot = replace(lot, used=lot.used + _SIGN.get(entry.kind, 1) * share.amount)
            elif by_hand:
                lot = replace(lot, granted=lot.granted + share.amount)
            elif entry.kind is Kind.EXPIRY and lot.source is None and lot.expires_at is None:
                lot = replace(lot, expires_at=entry.at)
            else:
                continue
            found[lot.key] = lot
    return tuple(found.values())


def _still_open(reservations: Iterable[Reservation], redone: Iterable[Entry]) -> tuple[Reservation, ...]:
    """The reservations that nobody has captured since. One that was released lapses by itself."""
    captured = {entry.reference for entry in redone if entry.kind is Kind.SPEND}
    return tuple(item for item in reservations if item.id not in captured)
