"""What a buyer types into the page about himself, and where it goes: the session, and his customer."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.stripe.engine.buyers import customers
from local.stripe.engine.buyers.payment_methods import NO_ADDRESS
from local.stripe.engine.catalog import tax_ids
from local.stripe.engine.checkout.session_order import Order
from local.stripe.engine.world import Obj, World, snapshot


@dataclass(frozen=True)
class Buyer:
    """The form, apart from card and IBAN."""

    name: str
    email: str
    address: Obj | None = None
    """Complete as far as the page asked for it; None where it asked for nothing"""
    tax_ids: list[Obj] = field(default_factory=list)
    """`type` and `value` of at most one"""
    business_name: str | None = None

    def whole_address(self) -> Obj:
        """All members of an address; without any, the country of Stripe's test cards."""
        return NO_ADDRESS | (self.address or {"country": "US"})


def remember(world: World, session: Obj, buyer: Buyer) -> None:
    """Show the buyer on the session, and make or update his customer."""
    order: Order = world.hidden[session["id"]]
    customer = world.find(session["customer"]) if session["customer"] else None
    session["customer_details"] = {
        "address": buyer.whole_address(),
        "business_name": buyer.business_name,
        "email": (customer or {}).get("email") or session["customer_email"] or buyer.email,
        "individual_name": None,
        "name": buyer.name,
        "phone": None,
        "tax_exempt": order.tax_exempt,
        "tax_ids": [snapshot(each) for each in buyer.tax_ids],
    }
    if customer is not None:
        _update(world, customer, buyer, order.updates)
    elif _wants_customer(session, order):
        address = buyer.whole_address() if buyer.address else None
        made = customers.make(
            world, email=session["customer_details"]["email"], name=buyer.business_name or buyer.name, address=address
        )
        tax_ids.save(world, made["id"], buyer.tax_ids)
        session["customer"] = made["id"]


def _wants_customer(session: Obj, order: Order) -> bool:
    """Not for a guest; but an order without a price has none, and an invoice is somebody's.

    https://docs.stripe.com/payments/checkout/no-cost-orders: "guest customers aren't supported"
    """
    return not order.guest or session["amount_total"] == 0 or order.invoice_data is not None


def _update(world: World, customer: Obj, buyer: Buyer, updates: dict[str, str]) -> None:
    """Save what `customer_update` allows, by default nothing; only an email that was missing is always set."""
    before = snapshot(customer)
    customer["email"] = customer["email"] or buyer.email
    if updates.get("address") == "auto" and buyer.address:
        customer["address"] = buyer.whole_address()
    if updates.get("name") == "auto":
        customer["name"] = buyer.business_name or buyer.name
    tax_ids.save(world, customer["id"], buyer.tax_ids)
    world.emit_updated("customer.updated", customer, before)
