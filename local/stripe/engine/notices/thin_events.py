"""Thin events: notifications without the object, made beside the snapshot events that destinations of that kind want.

https://docs.stripe.com/changelog/endive/2026-09-30/thin-events-for-api-v1-resources-generally-available and the SDK's
stripe/v2/core/_event.py. A thin event is made only while a destination wants its type; Stripe makes all of them. Those
that have no snapshot (`v1.customer.subscription.active` and the like) are not made.
"""

from __future__ import annotations

from datetime import UTC, datetime

from stripe.events._event_classes import get_v2_event_notification_class
from stripe.v2.core._event import UnknownEventNotification

from local.stripe.engine.world import Obj, Outgoing, World, changes, snapshot

KIND, DESTINATION = "v2.core.event", "v2.core.event_destination"
PATHS = {
    "billing_portal.configuration": "/v1/billing_portal/configurations",
    "billing_portal.session": "/v1/billing_portal/sessions",
    "charge": "/v1/charges",
    "checkout.session": "/v1/checkout/sessions",
    "coupon": "/v1/coupons",
    "customer": "/v1/customers",
    "dispute": "/v1/disputes",
    "invoice": "/v1/invoices",
    "invoice_payment": "/v1/invoice_payments",
    "invoiceitem": "/v1/invoiceitems",
    "payment_intent": "/v1/payment_intents",
    "payment_method": "/v1/payment_methods",
    "price": "/v1/prices",
    "product": "/v1/products",
    "promotion_code": "/v1/promotion_codes",
    "refund": "/v1/refunds",
    "subscription": "/v1/subscriptions",
    "tax_rate": "/v1/tax_rates",
    "test_helpers.test_clock": "/v1/test_helpers/test_clocks",
}
"""Where an object is read; one without a path here is named by no `related_object`."""


def follow(world: World, event: Obj) -> None:
    """After a snapshot event: make its thin sibling for the destinations that want it."""
    name = "v1." + event["type"]
    wanting = [
        each
        for each in world.all(DESTINATION)
        if each["event_payload"] == "thin" and each["status"] == "enabled" and {name, "*"} & set(each["enabled_events"])
    ]
    if wanting and get_v2_event_notification_class(name) is not UnknownEventNotification:
        made = make(world, name, event)
        world.outbox.extend(Outgoing(made["id"], each["id"]) for each in wanting)


def make(world: World, name: str, event: Obj) -> Obj:
    """Keep the thin event of a snapshot event."""
    obj, request = event["data"]["object"], event["request"]
    made = bare(world, name, iso(event["created"])) | {
        "changes": _changes(event["data"]),
        "reason": {"request": dict(request), "type": "request"} if request["id"] else None,
        "snapshot_event": event["id"],
    }
    if obj["object"] in PATHS and obj.get("id"):
        url = f"{PATHS[obj['object']]}/{obj['id']}"
        made["related_object"] = {"id": obj["id"], "type": obj["object"], "url": url}
    return world.add(made)


def bare(world: World, name: str, created: str) -> Obj:
    """A thin event about nothing yet."""
    return {
        "id": world.id("evt_test_65", 45),
        "object": KIND,
        "changes": None,
        "context": None,
        "created": created,
        "livemode": False,
        "reason": None,
        "snapshot_event": None,
        "type": name,
    }


def _changes(data: Obj) -> Obj | None:
    """Before and after, of what changed; None where nothing is known of before."""
    before = data.get("previous_attributes")
    if before is None:
        return None
    after = {key: data["object"].get(key) for key in before}
    return {"after": changes(after, before), "before": snapshot(before)}


def notification(event: Obj) -> Obj:
    """What is delivered of a thin event: no changes, and nothing that is empty."""
    return {key: value for key, value in event.items() if key != "changes" and value is not None}


def iso(moment: int) -> str:
    """Write a time as version 2 of the API does."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
