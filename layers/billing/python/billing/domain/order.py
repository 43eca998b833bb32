"""The order: what was for sale, frozen before Stripe knows of it (money rule 13), and the claim that leads to it.

An order never changes. A later edit of the catalog therefore can't change what a paid order grants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from billing.domain.catalog import Gives
from billing.domain.ids import OrderId, PriceId, SessionId, UserId
from billing.domain.terms import Terms


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line as it was for sale: the price, how many, and what one unit gives."""

    price_id: PriceId
    name: str
    quantity: int
    unit_amount: int | None
    gives: Gives


@dataclass(frozen=True, slots=True)
class Order:
    """What a user set out to buy. `mode` is Stripe's: `payment` or `subscription`."""

    id: OrderId
    user: UserId
    mode: str
    currency: str
    lines: tuple[OrderLine, ...]
    created_at: datetime
    expires_at: datetime
    """When its checkout session ends unpaid, at the latest."""
    email: str | None = None
    """The buyer's verified address, when the order was written."""
    terms: Terms = field(default_factory=Terms)

    def line_of(self, price: PriceId) -> OrderLine | None:
        """The line that sells this price, if one does."""
        return next((line for line in self.lines if line.price_id == price), None)


@dataclass(frozen=True, slots=True)
class Claim:
    """Who may make the session of a slot: the guard that lets two tabs end with one payable session.

    A claim is taken with the next generation
    before the session is made; the session is written only while that generation still stands (money rules 13, 22, 24).
    """

    user: UserId
    slot: str
    generation: int
    order: OrderId
    order_hash: str
    taken_at: datetime
    expires_at: datetime
    session: SessionId | None = None
    url: str | None = None
    client_secret: str | None = None
    """Of an embedded session, which has no URL: what the app's page hands to Stripe.js."""


def order_hash(mode: str, currency: str, lines: tuple[OrderLine, ...], terms: Terms) -> str:
    """The same for two clicks on the same thing.

    Mode, prices, quantities, what they cost and give today, and how they are sold: a request for an embedded page must
    not be handed the address of a hosted one.
    """
    told = sorted(f"{line.price_id}*{line.quantity}: {line.unit_amount} {line.gives}" for line in lines)
    return _hashed([mode, currency, str(terms), *told])


def slot_of(mode: str, lines: tuple[OrderLine, ...]) -> str:
    """The slot in which only one order at a time can be paid: a plan group, or a pack of these prices and quantities.

    So a pack in another currency, or on an embedded page, takes the place of the one that is open (money rules 22, 24).
    """
    if mode == "subscription":
        return f"subscription:{lines[0].gives.group}"
    return _hashed(sorted(f"{line.price_id}*{line.quantity}" for line in lines))


def _hashed(told: list[str]) -> str:
    return sha256("|".join(told).encode()).hexdigest()[:32]
