"""A purchase: what one payment bought, what was granted for it, and the registers of what came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from billing.domain.credits import Lot
from billing.domain.entitlement import LevelGrant
from billing.domain.ids import OrderId, PurchaseKey, SessionId, UserId
from billing.domain.order import Order, OrderLine
from billing.domain.registers import fully_reversed_at
from billing.domain.snapshot import Payment


class PurchaseState(StrEnum):
    """How far a purchase has come. Only PAID ones have granted anything."""

    OPEN = "OPEN"
    PROCESSING = "PROCESSING"
    PAID = "PAID"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    REFUSED = "REFUSED"
    """Paid, but not what was ordered: nothing is granted, and a person must look at it."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """One checkout session, or one line of a subscription's invoice.

    What it gives is frozen in `lines`: from the order for a session, with what the buyer added on Stripe's page once it
    is paid; from the first time an invoice line is seen paid.
    `version` is the purchase's own counter, 0 while it was never stored.
    """

    key: PurchaseKey
    user: UserId
    order: OrderId | None
    mode: str
    currency: str
    lines: tuple[OrderLine, ...]
    created_at: datetime
    state: PurchaseState = PurchaseState.OPEN
    amount_total: int | None = None
    paid_at: datetime | None = None
    payment: Payment | None = None
    version: int = 0

    @property
    def source(self) -> str:
        """The Stripe object that it comes from: the session, or the invoice of the line."""
        return self.key.split("#", 1)[0]

    @property
    def credits_granted(self) -> int:
        """All credits that it grants; 0 until it is paid, and for a subscription's session, whose invoices grant."""
        if self.state is not PurchaseState.PAID or self.mode == "subscription":
            return 0
        return sum(line.gives.credits * line.quantity for line in self.lines)


def opened(order: Order, session: SessionId) -> Purchase:
    """The purchase that a new checkout session of this order will become."""
    return Purchase(
        key=PurchaseKey(session),
        user=order.user,
        order=order.id,
        mode=order.mode,
        currency=order.currency,
        lines=order.lines,
        created_at=order.created_at,
    )


def lots_of(purchase: Purchase) -> list[Lot]:
    """The lots that a paid purchase grants, untouched; expiry runs from the payment."""
    if purchase.paid_at is None or purchase.credits_granted == 0:
        return []
    paid_at = purchase.paid_at
    return [
        Lot(
            purchase=purchase.key,
            line=index,
            granted=line.gives.credits * line.quantity,
            granted_at=paid_at,
            expires_at=(
                None
                if line.gives.credits_expire_days is None
                else paid_at + timedelta(days=line.gives.credits_expire_days)
            ),
        )
        for index, line in enumerate(purchase.lines)
        if line.gives.credits
    ]


def levels_of(purchase: Purchase) -> list[LevelGrant]:
    """The levels that a paid one-time purchase grants; quantity 2 of a 30-day level gives 60 days.

    Time-limited access ends at a full reversal only (money rule 18).
    """
    if purchase.paid_at is None or purchase.mode != "payment":
        return []
    ended = fully_reversed_at(purchase.payment) if purchase.payment and purchase.payment.captured else None
    return [
        LevelGrant(
            purchase=purchase.key,
            line=index,
            level=line.gives.level,
            paid_at=purchase.paid_at,
            days=None if line.gives.level_days is None else line.gives.level_days * line.quantity,
            ended_at=ended,
        )
        for index, line in enumerate(purchase.lines)
        if line.gives.level is not None
    ]
