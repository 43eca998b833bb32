"""Lots of prepaid credits: one for each grant, each a set of targets that commute (money rules 16 to 18)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.ids import PurchaseKey, ReservationId

type LotKey = tuple[PurchaseKey, int]
"""What granted a lot, and the line of it."""


@dataclass(frozen=True, slots=True)
class Lot:
    """The credits of one line of one purchase, or of one adjustment. `left` may be negative: spent, then refunded."""

    purchase: PurchaseKey
    line: int
    granted: int
    granted_at: datetime
    expires_at: datetime | None = None
    reversed: int = 0
    used: int = 0
    expired: int = 0
    held: int = 0
    """What open reservations hold of it; still in the balance, but nobody else's to spend, and it does not expire."""

    @property
    def key(self) -> LotKey:
        """Which lot it is, among all of a user's."""
        return self.purchase, self.line

    @property
    def left(self) -> int:
        """What this lot adds to the balance."""
        return self.granted - self.reversed - self.used - self.expired

    @property
    def free(self) -> int:
        """What can be taken from this lot; negative when more was taken than it had."""
        return self.left - self.held

    @property
    def finished(self) -> bool:
        """Whether nothing of it is left or held: only a refund, a dispute or a spend undone can change it now."""
        return self.left == 0 and self.held == 0

    @property
    def source(self) -> str | None:
        """The Stripe object that it comes from: a session, or a line's invoice; None for an adjustment of ours."""
        return None if self.purchase.startswith("adj_") else self.purchase.split("#", 1)[0]

    def settled_at(self, now: datetime) -> Lot:
        """Recompute what has expired by `now`.

        `expired` is a target like the others, so a refund that fails after the expiry, or one that arrives before the
        grant is seen, ends at the same figures as any other order would. What is held counts as used, and so expires
        when it is given back. A lot that has expired stays so, also for a machine whose clock is a little behind.
        """
        over = self.expires_at is not None and (now >= self.expires_at or self.expired > 0)
        expired = max(0, self.granted - self.reversed - self.used - self.held) if over else 0
        return self if expired == self.expired else replace(self, expired=expired)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a lot, in credits, that a spend took or a reservation holds. It names the lot wherever that is kept."""

    purchase: PurchaseKey
    line: int
    amount: int

    @property
    def key(self) -> LotKey:
        """The lot."""
        return self.purchase, self.line


@dataclass(frozen=True, slots=True)
class Reservation:
    """Credits set aside for a spend that is under way; it ends by itself at `expires_at`."""

    id: ReservationId
    amount: int
    created_at: datetime
    expires_at: datetime
    shares: tuple[Share, ...]
    reference: str | None = None
    """The caller's own name for what it is about."""


def balance_of(lots: Iterable[Lot]) -> int:
    """The balance, in credits: what is left over all lots. A lot that was moved out has nothing left (rule 17)."""
    return sum(lot.left for lot in lots)


def ordered_lots(lots: Iterable[Lot]) -> tuple[Lot, ...]:
    """Lots in the order in which they are spent: first to expire first, then oldest first."""
    return tuple(
        sorted(
            lots,
            key=lambda lot: (
                lot.expires_at is None,
                lot.expires_at or lot.granted_at,
                lot.granted_at,
                lot.purchase,
                lot.line,
            ),
        )
    )


def shares_of(lots: Iterable[Lot], amount: int) -> tuple[Share, ...]:
    """Where `amount` comes from, taken in the order of `ordered_lots` from what each lot has free.

    The caller has checked that so much is available; then the lots that have anything free have at least that much.
    """
    shares = []
    for lot in ordered_lots(lots):
        part = min(amount, lot.free)
        if part > 0:
            shares.append(Share(lot.purchase, lot.line, part))
            amount -= part
    return tuple(shares)


def reverse_lots(lots: Sequence[Lot], reversed_amount: int, captured: int) -> list[Lot]:
    """Set the reversal targets of one purchase's lots: the same share of all that the money had bought.

    Rounded once, on the running total, so that the targets of the lots add up to `floor(granted * reversed / captured)`
    of the whole purchase, however many lines it has (money rule 18). Nothing captured: nothing to reverse.
    """
    done: list[Lot] = []
    granted = before = 0
    for lot in lots:
        granted += lot.granted
        upto = granted * min(reversed_amount, captured) // captured if captured else 0
        done.append(replace(lot, reversed=upto - before))
        before = upto
    return done
