"""Events in the shapes of older API versions, for endpoints that ask for them by `api_version`.

An endpoint gets the shape of its own version, whatever SDK reads it: https://docs.stripe.com/webhooks/versioning. What
moved is what an integration trips over:

- before 2025-03-31: the period on the subscription, `invoice.subscription`, `.charge`, `.payment_intent` and `.paid`,
  `charge.invoice`, `payment_intent.invoice` (https://docs.stripe.com/changelog/basil#2025-03-31.basil)
- before 2025-09-30: a discount's coupon within it, an item's discount alone
  (https://docs.stripe.com/changelog/clover#2025-09-30.clover)
- before 2026-03-25: `ui_mode` `hosted` and `embedded` (https://docs.stripe.com/changelog/dahlia#2026-03-25.dahlia)
- before 2022-11-15: `charge.refunds` and `payment_intent.charges` within
  (https://docs.stripe.com/upgrades#2022-11-15)

Members that came later are left in: an old reader never looks at them.
"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.catalog import coupons
from local.stripe.engine.invoices import invoice_life
from local.stripe.engine.paging import list_object
from local.stripe.engine.payments import charges
from local.stripe.engine.world import API_VERSION, Obj, World, snapshot

UI_MODES = {"hosted_page": "hosted", "embedded_page": "embedded", "elements": "custom"}
EMBEDS = "2022-11-15"
"""Before this version a charge has its refunds within, and a payment intent its charges."""


def follow(world: World, event: Obj) -> None:
    """After an event: keep it in the shapes that endpoints want, while the world still is as it was."""
    hooks = world.all("webhook_endpoint")
    for version in {hook["api_version"] for hook in hooks if hook["status"] == "enabled"} - {API_VERSION}:
        world.rendered[event["id"], version] = render(world, event, version)


def render(world: World, event: Obj, version: str) -> Obj:
    """An event as a version before 2025-03-31 shows it."""
    old = snapshot(event)
    old["api_version"] = version
    data = old["data"]
    shape = _SHAPES.get(data["object"]["object"])
    if shape is not None:
        data["object"] = shape(world, data["object"], version)
    if "previous_attributes" in data:
        data["previous_attributes"] = _before(data["previous_attributes"], data["object"])
    return old


def _subscription(world: World, new: Obj, _: str) -> Obj:
    items = new["items"]["data"]
    for item in items:
        for name in ("current_period_start", "current_period_end"):
            new[name] = item.pop(name)
    first = items[0] if len(items) == 1 else {"plan": None, "quantity": None}
    return new | {
        "discount": _discount(world, new["discounts"]),
        "plan": first["plan"],
        "quantity": first["quantity"],
    }


def _discount(world: World, discounts: list[str]) -> Obj | None:
    """One discount with its coupon within."""
    found = world.get("discount", discounts[0]) if discounts else None
    return _whole_discount(world, snapshot(found), "") if found else None


def _whole_discount(world: World, new: Obj, _: str) -> Obj:
    source = new.pop("source")
    return new | {"coupon": snapshot(coupons.still_counts(world, source["coupon"]))}


def _invoice(world: World, new: Obj, _: str) -> Obj:
    details = (new.pop("parent") or {}).get("subscription_details") or {"subscription": None, "metadata": None}
    intent = _intent_of(world, new)
    new["lines"]["data"] = [_line(world, line) for line in new["lines"]["data"]]
    taxes = [_tax(each) for each in new.pop("total_taxes")]
    return new | {
        "charge": intent["latest_charge"] if intent else None,
        "discount": _discount(world, new["discounts"]),
        "paid": new["status"] == "paid",
        "paid_out_of_band": bool(new["amount_paid_off_stripe"]),
        "payment_intent": intent["id"] if intent else None,
        "quote": None,
        "subscription": details["subscription"],
        "subscription_details": {"metadata": details["metadata"]},
        "tax": sum(each["amount"] for each in taxes) if taxes else None,
        "total_tax_amounts": taxes,
    }


def _intent_of(world: World, invoice: Obj) -> Obj | None:
    for each in world.all("invoice_payment"):
        if each["invoice"] == invoice.get("id"):
            return world.get("payment_intent", each["payment"]["payment_intent"])
    return None


def _tax(new: Obj) -> Obj:
    return {
        "amount": new["amount"],
        "inclusive": new["tax_behavior"] == "inclusive",
        "tax_rate": new["tax_rate_details"]["tax_rate"],
        "taxability_reason": new["taxability_reason"],
        "taxable_amount": new["taxable_amount"],
    }


def _line(world: World, new: Obj) -> Obj:
    parent, pricing = new.pop("parent") or {}, new.pop("pricing") or {}
    own: dict[str, Any] = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    price = world.find((pricing.get("price_details") or {}).get("price", ""))
    taxes = [_tax(each) for each in new.pop("taxes") or []]
    new.pop("subtotal", None)
    return new | {
        "invoice_item": own.get("invoice_item"),
        "price": snapshot(price) if price else None,
        "proration": own.get("proration", False),
        "proration_details": own.get("proration_details"),
        "subscription": own.get("subscription"),
        "subscription_item": own.get("subscription_item"),
        "tax_amounts": taxes,
        "tax_rates": [],
        "type": "subscription" if parent.get("subscription_item_details") else "invoiceitem",
    }


def _charge(world: World, new: Obj, version: str) -> Obj:
    intent = world.get("payment_intent", new["payment_intent"] or "")
    more: Obj = {"refunds": charges.refunds_of(world, new)} if version < EMBEDS else {}
    return new | {"invoice": _invoice_of(world, intent), **more}


def _payment_intent(world: World, new: Obj, version: str) -> Obj:
    new["invoice"] = _invoice_of(world, new)
    if version < EMBEDS:
        own = [snapshot(each) for each in world.all("charge") if each["payment_intent"] == new["id"]]
        new["charges"] = list_object(
            [_charge(world, each, version) for each in own], f"/v1/charges?payment_intent={new['id']}"
        )
    return new


def _invoice_of(world: World, intent: Obj | None) -> str | None:
    payment = invoice_life.payment_of(world, intent) if intent else None
    return payment["invoice"] if payment else None


def _session(_: World, new: Obj, __: str) -> Obj:
    return new | {"ui_mode": UI_MODES.get(new["ui_mode"], new["ui_mode"])}


def _before(previous: Obj, shown: Obj) -> Obj:
    """What changed, in the same clothes: a period that moved was the subscription's, a payment made it `paid`."""
    items = previous.get("items", {}).get("data", [])
    if shown["object"] == "subscription" and items:
        moved = {name: items[0].get(name) for name in ("current_period_end", "current_period_start")}
        return previous | {name: was for name, was in moved.items() if was not in (None, shown[name])}
    if shown["object"] == "invoice" and shown["paid"] and previous.get("status") not in (None, "paid"):
        return previous | {"paid": False}
    return previous


_SHAPES = {
    "charge": _charge,
    "checkout.session": _session,
    "discount": _whole_discount,
    "invoice": _invoice,
    "payment_intent": _payment_intent,
    "subscription": _subscription,
}
