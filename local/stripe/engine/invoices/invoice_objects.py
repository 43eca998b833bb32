"""Invoices as objects: their lines, and what is in a new one.

Where a subscription is asked for, a one-time payment that gets an invoice hands in what stands in its place
(payment_invoices.py): the same members, as far as an invoice needs them.

Since 2025-03-31 an invoice names its subscription under `parent`, its payments under `payments` (only on demand), and
has no `charge`, `payment_intent` or `paid`. https://docs.stripe.com/changelog/basil/2025-03-31/adds-new-parent-field-to-invoicing-objects
"""

from __future__ import annotations

from local.stripe.engine import shown_rows
from local.stripe.engine.catalog import discounts, price_currencies, tax_ids
from local.stripe.engine.invoices import debits, invoice_amounts
from local.stripe.engine.paging import list_object
from local.stripe.engine.world import Obj, World, snapshot

LEAST_CHARGE = 50
"""In minor units: half a dollar, half a euro; Stripe has a figure for each currency (page in `amount_due`)."""


def line(world: World, item: Obj, subscription: Obj, start: int, end: int, *, free: bool = False) -> Obj:
    """One period of a subscription item, billed in advance."""
    price = item["price"]
    amount = 0 if free else price_currencies.cost(world, price, item["quantity"], subscription["currency"])
    parent = {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": subscription["id"],
            "subscription_item": item["id"],
        },
        "type": "subscription_item_details",
    }
    made = priced_line(world, price, item["quantity"], amount, (start, end), parent, subscription)
    if free:
        made["description"] = f"Free trial for {made['description']}"
    return made


def one_time_line(world: World, price: Obj, quantity: int, subscription: Obj) -> Obj:
    """A one-time price bought together with a subscription: billed on its first invoice as an invoice item."""
    now = world.now()
    parent = {
        "invoice_item_details": {
            "invoice_item": world.id("ii_1"),
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": subscription["id"],
        },
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }
    amount = price_currencies.cost(world, price, quantity, subscription["currency"])
    return priced_line(world, price, quantity, amount, (now, now), parent, subscription)


def priced_line(
    world: World, price: Obj, quantity: int, amount: int, period: tuple[int, int], parent: Obj, subscription: Obj
) -> Obj:
    """A line about a price."""
    product = world.need("product", price["product"])
    return {
        "id": world.id("il_1"),
        "object": "line_item",
        "amount": amount,
        "currency": subscription["currency"],
        "description": f"{quantity} × {product['name']}",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": dict(subscription["metadata"]),
        "parent": parent,
        "period": {"end": period[1], "start": period[0]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price_currencies.unit_decimal(world, price, subscription["currency"]),
        },
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": subscription["id"],
        "subtotal": amount,
        "taxes": [],
    }


def make(world: World, subscription: Obj, lines: list[Obj], reason: str) -> Obj:
    """Keep a new draft."""
    return keep(world, subscription, draft(world, subscription, lines, reason))


def keep(world: World, subscription: Obj, invoice: Obj) -> Obj:
    """Keep a draft, and note what it bills: a later credit goes back to it, and a discount may be used up."""
    world.add(invoice)
    debits.note(world, invoice)
    if subscription["object"] == "subscription":
        lowered = any(each["amount"] for each in invoice["total_discount_amounts"])
        discounts.end_spent(world, subscription, billed=lowered)
    return invoice


def draft(world: World, subscription: Obj, lines: list[Obj], reason: str) -> Obj:
    """A draft as it would be; also the preview of one, which is not kept."""
    customer = world.need("customer", subscription["customer"])
    reckoned, now = invoice_amounts.reckon(world, subscription, customer, lines), world.now()
    due, _ = amount_due(reckoned["total"], customer["balance"])
    invoice_id = world.id("in_1")
    for each in lines:
        each["invoice"] = invoice_id
    shown_rows.note(world, lines)
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Plumbline stand-in",
        "account_tax_ids": None,
        "amount_due": due,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": due,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatically_finalizes_at": now + 3600 if reason == "subscription_cycle" else None,
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": subscription["currency"],
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": tax_ids.shown(world, customer["id"]),
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": list_object(lines, f"/v1/invoices/{invoice_id}/lines"),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": _parent(subscription),
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": customer["balance"],
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "test_clock": customer["test_clock"],
        "webhooks_delivered_at": now,
        **reckoned,
    }


def _parent(source: Obj) -> Obj | None:
    if source["object"] != "subscription":
        return None
    details = {"metadata": dict(source["metadata"]), "subscription": source["id"]}
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def amount_due(total: int, balance: int) -> tuple[int, int]:
    """What is asked for, and the customer's balance afterwards (negative: a credit).

    A credit pays first, a negative total becomes one, and what is too small to charge is asked for with the next
    invoice. https://docs.stripe.com/billing/customer/balance and https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
    """
    owed = total + balance
    return (owed, 0) if owed >= LEAST_CHARGE else (0, owed)


def payments_of(world: World, invoice: Obj) -> Obj:
    """The `payments` member, included on demand."""
    found = [snapshot(each) for each in world.all("invoice_payment") if each["invoice"] == invoice["id"]]
    return list_object(found[: shown_rows.SHOWN], "/v1/invoice_payments", has_more=len(found) > shown_rows.SHOWN)
