"""The invoice of a one-time payment, when `invoice_creation` asks for one. https://docs.stripe.com/payments/checkout/receipts#paid-invoices

It is made once the payment has succeeded, with `invoice.paid` at once; a delayed debit has none until it settles.
"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.catalog import price_currencies
from local.stripe.engine.checkout.session_order import Order
from local.stripe.engine.invoices import invoice_life, invoice_objects
from local.stripe.engine.world import Obj, World, merge_metadata

NO_PARENT = "checkout.session"
"""What stands in a subscription's place as the source of such an invoice: it has no parent."""


def make(world: World, session: Obj, intent: Obj | None) -> None:
    """Make the paid invoice of a session that wants one, and name it there; nothing is done for any other."""
    order: Order = world.hidden[session["id"]]
    if order.invoice_data is None or world.need("customer", session["customer"]).get("deleted"):
        return  # a delayed debit may settle after its customer was deleted, and an invoice is somebody's
    source: Obj = {
        "id": session["id"],
        "object": NO_PARENT,
        "automatic_tax": session["automatic_tax"],
        "currency": session["currency"],
        "customer": session["customer"],
        "discounts": [order.discount["id"]] if order.discount else [],
        "metadata": {},
    }
    lines = [_line(world, line, source) for line in order.lines]
    invoice = invoice_objects.make(world, source, lines, "manual")
    invoice |= {key: value for key, value in order.invoice_data.items() if key in ("description", "footer")}
    invoice["custom_fields"] = order.invoice_data.get("custom_fields") or None
    invoice["metadata"] = merge_metadata({}, order.invoice_data.get("metadata"))
    world.emit("invoice.created", invoice)
    invoice_life.finalize(world, invoice, balance=False)
    session["invoice"] = invoice["id"]
    invoice_life.mark_paid(world, invoice, intent)


def _line(world: World, line: Obj, source: Obj) -> Obj:
    """The line of a one-time price, which belongs to no subscription."""
    now, price = world.now(), line["price"]
    parent = {
        "invoice_item_details": {
            "invoice_item": world.id("ii_1"),
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": None,
        },
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }
    amount = price_currencies.cost(world, price, line["quantity"], source["currency"])
    made = invoice_objects.priced_line(world, price, line["quantity"], amount, (now, now), parent, source)
    return made | {"subscription": None}


def shown(given: dict[str, Any] | None) -> Obj:
    """The `invoice_creation` member of a session in payment mode."""
    data: Obj = {
        "account_tax_ids": None,
        "custom_fields": None,
        "description": None,
        "footer": None,
        "issuer": None,
        "metadata": {},
        "rendering_options": None,
    }
    given = given or {"enabled": False}
    return {"enabled": given["enabled"], "invoice_data": data | given.get("invoice_data", {})}
