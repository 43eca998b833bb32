"""Invoice items: prorations that wait for the next invoice of their subscription. https://docs.stripe.com/api/invoiceitems"""

from __future__ import annotations

from datetime import UTC, datetime

from local.stripe.engine.invoices import debits, invoice_objects
from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.subscriptions.proration import Debit
from local.stripe.engine.world import Obj, World, snapshot


def describe(world: World, price: Obj, quantity: int, moment: int, *, credit: bool) -> str:
    """Stripe's wording of a proration."""
    name = world.need("product", price["product"])["name"]
    what = f"{quantity} × {name}" if quantity > 1 else name
    day = datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y")
    return f"{'Unused' if credit else 'Remaining'} time on {what} after {day}"


def draft(
    world: World,
    subscription: Obj,
    item: str,
    price: Obj,
    quantity: int,
    amount: int,
    period: tuple[int, int],
    credited: Debit | None,
) -> Obj:
    """A proration as it would be; also what a preview shows of one."""
    return {
        "id": world.id("ii_1"),
        "object": "invoiceitem",
        "amount": amount,
        "currency": subscription["currency"],
        "customer": subscription["customer"],
        "customer_account": None,
        "date": world.now(),
        "description": describe(world, price, quantity, period[0], credit=credited is not None),
        "discountable": False,
        "discounts": [],
        "frozen_fields": ["discounts", "pricing", "quantity"],
        "invoice": None,
        "invoicing_rules": [],
        "livemode": False,
        "metadata": {},
        "net_amount": amount,
        "parent": {
            "subscription_details": {"subscription": subscription["id"], "subscription_item": item},
            "type": "subscription_details",
        },
        "period": {"end": period[1], "start": period[0]},
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": None,
        },
        "proration": True,
        "proration_details": {"credited_items": _credited(credited), "discount_amounts": []},
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "tax_rates": [],
        "test_clock": subscription["test_clock"],
    }


def _credited(debit: Debit | None) -> Obj | None:
    """The debit that a credit takes back: still pending itself, or on an invoice."""
    if debit is None:
        return None
    if debit.invoice is None:
        return {"invoice_item": debit.invoice_item, "invoice_line_item_details": None, "type": "invoice_item"}
    lines = {"invoice": debit.invoice, "invoice_line_items": [debit.line]}
    return {"invoice_item": None, "invoice_line_item_details": lines, "type": "invoice_line_items"}


def keep(world: World, entry: Obj) -> Obj:
    """Keep a proration; a charge is a debit that a later change may credit."""
    world.add(entry)
    item = entry["parent"]["subscription_details"]["subscription_item"]
    if entry["amount"] > 0:
        period, price = entry["period"], entry["pricing"]["price_details"]["price"]
        debit = Debit(entry["amount"], period["start"], period["end"], price, entry["quantity"], entry["id"])
        debits.add(world, item, debit)
    world.emit("invoiceitem.created", entry)
    return entry


def pending(world: World, subscription: Obj) -> list[Obj]:
    """What waits for the next invoice of a subscription, oldest first."""
    return [
        entry
        for entry in reversed(world.all("invoiceitem"))
        if entry["invoice"] is None
        and entry["parent"] is not None
        and entry["parent"]["subscription_details"]["subscription"] == subscription["id"]
    ]


def line_of(world: World, subscription: Obj, entry: Obj) -> Obj:
    """The invoice line that bills a proration. It names the item it comes from, and what it takes back."""
    details = (entry["proration_details"]["credited_items"] or {}).get("invoice_line_item_details")
    parent = {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": entry["id"],
            "proration": True,
            "proration_details": {"credited_items": snapshot(details) if details else None},
            "subscription": subscription["id"],
            "subscription_item": entry["parent"]["subscription_details"]["subscription_item"],
        },
        "type": "subscription_item_details",
    }
    price = world.need("price", entry["pricing"]["price_details"]["price"])
    period = (entry["period"]["start"], entry["period"]["end"])
    line = invoice_objects.priced_line(world, price, entry["quantity"], entry["amount"], period, parent, subscription)
    line |= {"description": entry["description"], "discountable": False, "metadata": dict(entry["metadata"])}
    line["pricing"]["unit_amount_decimal"] = None
    return line


def retrieve(call: Call) -> Obj:
    """GET /v1/invoiceitems/{id}."""
    return call.target("invoiceitem", "invoiceitem", "invoiceitem")


def listed(call: Call) -> Obj:
    """GET /v1/invoiceitems: `pending` tells those without an invoice."""
    entries = [{**entry, "created": entry["date"]} for entry in call.world.all("invoiceitem")]
    found = matching(created_within(entries, call.params.get("created")), call.params, "customer", "invoice")
    if "pending" in call.params:
        found = [entry for entry in found if (entry["invoice"] is None) == call.params["pending"]]
    kept = [call.world.need("invoiceitem", entry["id"]) for entry in found]
    return page(kept, call.params, call.url, "invoiceitem")


_II = "_invoice_item_"
ROUTES = [
    Route(
        "GET",
        "/v1/invoiceitems",
        _II + "list_params:InvoiceItemListParams",
        listed,
        names("created customer ending_before invoice limit pending starting_after"),
    ),
    Route("GET", "/v1/invoiceitems/{id}", _II + "retrieve_params:InvoiceItemRetrieveParams", retrieve),
]
