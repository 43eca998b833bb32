"""What customers are entitled to: the features of the products that they subscribe to.

https://docs.stripe.com/billing/entitlements and https://docs.stripe.com/api/entitlements/active-entitlement

No page says which statuses entitle; here `trialing`, `active` and `past_due` do, those in which Stripe still sends
invoices. Nor does one say when a feature that is attached later reaches those who subscribe already: here when their
subscription next changes, at the latest with its renewal.
"""

from __future__ import annotations

from local.stripe.engine.catalog import features
from local.stripe.engine.paging import list_object, page
from local.stripe.engine.routes import Call, Route
from local.stripe.engine.world import Obj, World, snapshot

KIND = "entitlements.active_entitlement"
CUSTOMER = "/customer"
"""Kept hidden under the entitlement's id with this ending: an entitlement does not name its customer."""
ENTITLING = ("trialing", "active", "past_due")
IN_EVENT = 10
"""An event's list holds one page; `has_more` says that there are others to be listed."""


def follow(world: World, event: str, obj: Obj) -> None:
    """After an event about a subscription: bring its customer's entitlements in line, and tell when they changed."""
    nothing = not world.all("product_feature") and not world.all(KIND)
    if not nothing and event.startswith("customer.subscription.") and obj["object"] == "subscription":
        refresh(world, obj["customer"])


def refresh(world: World, customer: str) -> None:
    """Make and remove entitlements until they are those of the customer's subscriptions."""
    wanted = _wanted(world, customer)
    before = summary(world, customer)
    for entitlement in _of(world, customer):
        if entitlement["feature"] not in wanted:
            world.remove(entitlement)
    known = {each["feature"] for each in _of(world, customer)}
    for feature in (each for each in wanted if each not in known):
        made = world.add(
            {
                "id": world.id("ent_test_61"),
                "object": KIND,
                "feature": feature,
                "livemode": False,
                "lookup_key": world.need(features.KIND, feature)["lookup_key"],
            }
        )
        world.hidden[made["id"] + CUSTOMER] = customer
    world.emit_updated("entitlements.active_entitlement_summary.updated", summary(world, customer), before)


def _wanted(world: World, customer: str) -> list[str]:
    """The features due, each once, however many products have them."""
    found: dict[str, None] = {}
    for subscription in reversed(world.all("subscription")):
        if subscription["customer"] == customer and subscription["status"] in ENTITLING:
            for item in subscription["items"]["data"]:
                found |= dict.fromkeys(features.of_product(world, item["price"]["product"]))
    return list(found)


def _of(world: World, customer: str) -> list[Obj]:
    return [each for each in world.all(KIND) if world.hidden[each["id"] + CUSTOMER] == customer]


def summary(world: World, customer: str) -> Obj:
    """What an event carries: an object without an id of its own."""
    found = [snapshot(each) for each in _of(world, customer)]
    return {
        "object": "entitlements.active_entitlement_summary",
        "customer": customer,
        "entitlements": list_object(
            found[:IN_EVENT], f"/v1/customer/{customer}/entitlements", has_more=len(found) > IN_EVENT
        ),
        "livemode": False,
    }


def listed(call: Call) -> Obj:
    """GET /v1/entitlements/active_entitlements?customer=: ten at a time, unless `limit` says otherwise."""
    customer = call.named("customer", "customer")
    return page(_of(call.world, customer["id"]), call.params, call.url, "active entitlement")


def retrieve(call: Call) -> Obj:
    """GET /v1/entitlements/active_entitlements/{id}."""
    return call.target(KIND, "active entitlement")


_E, _URL = "entitlements._active_entitlement_", "/v1/entitlements/active_entitlements"
ROUTES = [
    Route("GET", _URL, _E + "list_params:ActiveEntitlementListParams", listed),
    Route("GET", _URL + "/{id}", _E + "retrieve_params:ActiveEntitlementRetrieveParams", retrieve),
]
