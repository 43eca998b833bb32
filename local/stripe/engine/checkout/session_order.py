"""What a checkout session is for, and what is to be paid for it: prices, discount and tax together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local.stripe.engine.catalog import discounts, tax
from local.stripe.engine.catalog.amounts import Amounts
from local.stripe.engine.errors import ApiError
from local.stripe.engine.invoices.invoice_amounts import automatic_tax
from local.stripe.engine.world import Obj, World, snapshot

LEAST = 50
"""In minor units; Stripe has a figure for each currency: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts"""


@dataclass
class Order:
    """What a session is for and never shows."""

    lines: list[Obj]
    intent_data: dict[str, Any] = field(default_factory=dict)
    subscription_data: dict[str, Any] = field(default_factory=dict)
    source: Obj | None = None
    """The coupon or promotion code that is redeemed"""
    discount: Obj | None = None
    taxed: bool = False
    address: Obj | None = None
    """Where the buyer is, as far as tax is concerned: the customer's address, or what was typed"""
    tax_exempt: str = "none"
    tax_ids: list[Obj] = field(default_factory=list)
    taxes: dict[str, Obj] = field(default_factory=dict)
    """By line: its tax, as the line shows it on demand"""
    updates: dict[str, str] = field(default_factory=dict)
    """`customer_update`: what the buyer types is saved on the customer"""
    guest: bool = False
    """Whether a buyer without a customer stays without one"""
    invoice_data: dict[str, Any] | None = None
    """`invoice_creation`, when it is on"""

    @property
    def trial(self) -> bool:
        """Whether the recurring lines cost nothing today."""
        return bool(self.subscription_data.keys() & {"trial_end", "trial_period_days"})

    def due_today(self) -> list[Obj]:
        """The lines that are paid now, in the order of the first invoice: recurring ones first."""
        due = [line for line in self.lines if not (self.trial and line["price"]["recurring"])]
        return sorted(due, key=lambda line: line["price"]["recurring"] is None)


def reckon(world: World, order: Order) -> None:
    """Write discount and tax on the lines that are due today."""
    due = order.due_today()
    subtotals = [line["amount_subtotal"] for line in due]
    off = [0] * len(due)
    if order.source is not None and due:
        coupon = discounts.coupon_of(world, order.source)
        products = [line["price"]["product"] for line in due]
        off = discounts.shares(world, coupon, products, subtotals, due[0]["currency"])
    country = tax.located(order.address) if order.taxed else None
    order.taxes.clear()
    for line, taken in zip(due, off, strict=True):
        found = _line(world, order, line, taken, country)
        line |= {"amount_discount": found.discount, "amount_tax": found.tax, "amount_total": found.total}


def _line(world: World, order: Order, line: Obj, off: int, country: str | None) -> Amounts:
    if country is None:
        return Amounts(line["amount_subtotal"], off)
    reason = tax.reason_for(country, order.tax_exempt, business=bool(order.tax_ids))
    included = tax.inclusive(world, line["price"], line["currency"])
    found = tax.reckon(line["amount_subtotal"], off, country, included=included, reason=reason)
    rate = tax.rate(world, country, included=included, reason=reason)
    order.taxes[line["id"]] = {
        "amount": found.tax,
        "rate": snapshot(rate),
        "taxability_reason": reason,
        "taxable_amount": found.taxable,
    }
    return found


def sums(order: Order) -> Obj:
    """The members of the session that follow from its lines."""
    due = order.due_today()
    added = {name: sum(line[f"amount_{name}"] for line in due) for name in ("subtotal", "discount", "tax", "total")}
    made = automatic_tax(order.taxed, tax.located(order.address) if order.taxed else None)
    made.pop("disabled_reason")
    return {
        "amount_subtotal": added["subtotal"],
        "amount_total": added["total"],
        "automatic_tax": made,
        "total_details": {
            "amount_discount": added["discount"],
            "amount_shipping": 0,
            "amount_tax": added["tax"],
        },
    }


def check_least(order: Order, mode: str) -> None:
    """Refuse a payment that is too small to charge; nothing to pay is fine."""
    due = order.due_today()
    total = sum(line["amount_total"] for line in due)
    if mode == "payment" and 0 < total < LEAST:
        raise ApiError(
            "The Checkout Session's total amount due must add up to at least $0.50 " + due[0]["currency"],
            code="amount_too_small",
        )


def redeem(world: World, session: Obj, order: Order, source: Obj | None) -> None:
    """Apply a coupon or promotion code to an open session, or take it off again; raise what Stripe would refuse."""
    customer = world.find(session["customer"]) if session["customer"] else None
    if source is not None:
        discounts.check(world, source, order.lines, session["currency"], customer, guest=order.guest)
    before, order.source = order.source, source
    try:
        reckon(world, order)
        check_least(order, session["mode"])
    except ApiError:
        order.source = before
        reckon(world, order)
        raise
    keep_discount(world, session, order)
    session |= sums(order)


def check_redeemable(world: World, session: Obj, order: Order) -> None:
    """Refuse a coupon or code that another buyer has used up meanwhile, or whose time has come."""
    if order.source is not None:
        customer = world.find(session["customer"]) if session["customer"] else None
        discounts.check(world, order.source, order.lines, session["currency"], customer, guest=order.guest)


def keep_discount(world: World, session: Obj, order: Order) -> None:
    """Make the discount object of what is redeemed, and show it on the session."""
    if order.discount is not None:
        world.remove(order.discount)
        order.discount = None
    session["discounts"] = []
    if order.source is not None:
        about = {"checkout_session": session["id"]} if session["mode"] == "payment" else {}
        order.discount = discounts.make(world, order.source, session["customer"], **about)
        kind = order.source["object"]
        session["discounts"] = [{"coupon": None, "promotion_code": None} | {kind: order.source["id"]}]


def locate(world: World, session: Obj, order: Order, address: Obj, tax_ids: list[Obj]) -> None:
    """Reckon the tax again for what the buyer typed."""
    order.address, order.tax_ids = address, tax_ids or order.tax_ids
    reckon(world, order)
    session |= sums(order)


def discounts_of(world: World, line: Obj) -> list[Obj]:
    """The `discounts` member of a line item, included on demand."""
    order: Order = world.hidden[line["id"]]
    if order.discount is None or line["amount_discount"] == 0:
        return []
    return [{"amount": line["amount_discount"], "discount": snapshot(order.discount)}]


def taxes_of(world: World, line: Obj) -> list[Obj]:
    """The `taxes` member of a line item, included on demand."""
    order: Order = world.hidden[line["id"]]
    return [snapshot(order.taxes[line["id"]])] if line["id"] in order.taxes else []


def breakdown_of(world: World, session: Obj) -> Obj:
    """The `total_details.breakdown` member, included on demand."""
    order: Order = world.hidden[session["id"]]
    due = order.due_today()
    found: Obj = {"discounts": [], "taxes": []}
    if order.discount is not None:
        amount = sum(line["amount_discount"] for line in due)
        found["discounts"] = [{"amount": amount, "discount": snapshot(order.discount)}]
    rates: dict[str, Obj] = {}
    for each in (each for line in due for each in taxes_of(world, line)):
        known = rates.setdefault(each["rate"]["id"], {**each, "amount": 0, "taxable_amount": 0})
        known["amount"] += each["amount"]
        known["taxable_amount"] += each["taxable_amount"]
    found["taxes"] = list(rates.values())
    return found
