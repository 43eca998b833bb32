"""Sessions of the customer portal: a customer's way in, for a while. https://docs.stripe.com/api/customer_portal/sessions"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.checkout.session_rules import check_url
from local.stripe.engine.errors import ApiError, invalid_request, missing, not_offered
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.subscriptions import portal_configurations
from local.stripe.engine.subscriptions.portal_configurations import KIND as CONFIGURATION
from local.stripe.engine.subscriptions.portal_configurations import products_of
from local.stripe.engine.world import Obj, World

KIND = "billing_portal.session"
UNVISITED, VISITED = 5 * 60, 3600
"""A session lasts five minutes until it is visited, then an hour from the last activity on.

https://docs.stripe.com/customer-management/integrate-customer-portal#create-a-portal-session
"""
EXPIRES = "/expires"
"""When a session expires is not shown; it is kept hidden under the session's id with this ending."""
OFFERED = ("payment_method_update", "subscription_cancel", "subscription_update", "subscription_update_confirm")


def create(call: Call) -> Obj:
    """POST /v1/billing_portal/sessions."""
    world, given = call.world, call.params
    if "customer" not in given:
        raise invalid_request("Missing required param: customer.", param="customer", code="parameter_missing")
    customer = call.named("customer", "customer")
    configuration = _configuration(call)
    if "return_url" in given:
        check_url(given["return_url"], "return_url")
    flow = _flow(world, configuration, customer, given["flow_data"]) if "flow_data" in given else None
    secret = world.token(40)
    session = world.add(
        {
            "id": world.id("bps_1"),
            "object": KIND,
            "after_expiration": None,
            "configuration": configuration["id"],
            "created": world.now(),
            "customer": customer["id"],
            "customer_account": None,
            "flow": flow,
            "livemode": False,
            "locale": given.get("locale"),
            "on_behalf_of": None,
            "return_url": given.get("return_url", configuration["default_return_url"]),
            "url": f"{world.public_url}/p/session/test_{secret}",
        }
    )
    world.hidden[session["id"] + EXPIRES] = world.now() + UNVISITED
    world.emit("billing_portal.session.created", session)
    return session


def _configuration(call: Call) -> Obj:
    if "configuration" in call.params:
        named = call.named(CONFIGURATION, "configuration", "configuration")
        if not named["active"]:
            raise invalid_request(f"The configuration {named['id']} is not active.", param="configuration")
        return named
    default = portal_configurations.default_of(call.world)
    if default is None:
        raise invalid_request(
            "No configuration provided and your test mode default configuration has not been created. Provide a "
            "configuration or create your default by saving your customer portal settings in test mode at "
            "https://dashboard.stripe.com/test/settings/billing/portal."
        )
    return default


def _flow(world: World, configuration: Obj, customer: Obj, given: dict[str, Any]) -> Obj:
    """Check a deep link into one flow. https://docs.stripe.com/customer-management/portal-deep-links"""
    kind = given["type"]
    if kind not in OFFERED:
        raise not_offered(f"flow_data[type]={kind}")
    if kind == "payment_method_update":
        _enabled(configuration, "payment_method_update", "payment methods cannot be updated", "payment method update")
    flow: Obj = {
        "after_completion": _after(given.get("after_completion", {"type": "portal_homepage"})),
        "customer_update": None,
        "subscription_cancel": None,
        "subscription_pause": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
        "type": kind,
    }
    if kind != "payment_method_update":
        if kind not in given:
            raise invalid_request(f"Missing required param: flow_data[{kind}].", param=f"flow_data[{kind}]")
        flow[kind] = _details(world, configuration, customer, kind, given[kind])
    return flow


def _after(given: dict[str, Any]) -> Obj:
    if given["type"] == "redirect":
        if "redirect" not in given:
            raise invalid_request(
                "Missing required param: flow_data[after_completion][redirect].",
                param="flow_data[after_completion][redirect]",
            )
        check_url(given["redirect"]["return_url"], "flow_data[after_completion][redirect][return_url]")
    hosted = {"custom_message": None} | given.get("hosted_confirmation", {})
    return {
        "hosted_confirmation": hosted if given["type"] == "hosted_confirmation" else None,
        "redirect": given.get("redirect") if given["type"] == "redirect" else None,
        "type": given["type"],
    }


def _details(world: World, configuration: Obj, customer: Obj, kind: str, given: dict[str, Any]) -> Obj:
    subscription = world.get("subscription", given["subscription"])
    if subscription is None or subscription["customer"] != customer["id"]:
        raise missing("subscription", given["subscription"], param=f"flow_data[{kind}][subscription]")
    if subscription["status"] in ("canceled", "incomplete_expired", "incomplete"):
        raise _refused("updated", f"it has a status of {subscription['status']}")
    if kind == "subscription_cancel":
        _enabled(configuration, kind, "This subscription cannot be canceled", "subscription cancellation")
        if "retention" in given:
            raise not_offered("flow_data[subscription_cancel][retention]")
        if subscription["cancel_at"] is not None:
            raise _refused("canceled", "it is already set to be canceled")
        return {"retention": None, "subscription": subscription["id"]}
    _enabled(configuration, "subscription_update", "This subscription cannot be updated", "subscription update")
    if len(subscription["items"]["data"]) > 1:
        raise _refused("updated", "it has multiple items")
    if subscription["cancel_at"] is not None:
        raise _refused("updated", "it is set to be canceled")
    if kind == "subscription_update":
        return {"subscription": subscription["id"]}
    return _confirm(world, configuration, subscription, given)


def _confirm(world: World, configuration: Obj, subscription: Obj, given: dict[str, Any]) -> Obj:
    """One item, a price of the configuration's products, and something that changes."""
    if "discounts" in given:
        raise not_offered("flow_data[subscription_update_confirm][discounts]")
    at, item = "flow_data[subscription_update_confirm][items]", subscription["items"]["data"][0]
    if len(given["items"]) != 1 or given["items"][0]["id"] != item["id"]:
        raise invalid_request("You must specify the one item of the subscription.", param=at)
    entry = given["items"][0]
    price, quantity = entry.get("price", item["price"]["id"]), entry.get("quantity", item["quantity"])
    check_switch(world, configuration, subscription, price, quantity)
    return {
        "discounts": None,
        "items": [{"id": item["id"], "price": price, "quantity": quantity}],
        "subscription": subscription["id"],
    }


def check_switch(world: World, configuration: Obj, subscription: Obj, price: str, quantity: int) -> None:
    """Refuse a switch that the configuration does not allow."""
    item = subscription["items"]["data"][0]
    allowed = configuration["features"]["subscription_update"]["default_allowed_updates"]
    if (price, quantity) == (item["price"]["id"], item["quantity"]):
        raise invalid_request("Cannot update the subscription because there are no changes to confirm.")
    entry = next((each for each in products_of(world, configuration) if price in each["prices"]), None)
    if price != item["price"]["id"] and (entry is None or "price" not in allowed):
        raise _refused("updated", f"the price `{price}` is not among the portal configuration's products")
    if quantity != item["quantity"]:
        bounds = (entry or {}).get("adjustable_quantity", {"enabled": False})
        if "quantity" not in allowed or not bounds["enabled"]:
            raise _refused("updated", "its quantity cannot be adjusted in the portal configuration")
        most = bounds["maximum"] if bounds["maximum"] is not None else 999_999
        if not bounds["minimum"] <= quantity <= most:
            raise _refused("updated", f"the quantity must be between {bounds['minimum']} and {most}")


def _enabled(configuration: Obj, feature: str, what: str, words: str) -> None:
    if not configuration["features"][feature]["enabled"]:
        message = f"{what} because the {words} feature in the portal configuration is disabled."
        raise invalid_request(message[0].upper() + message[1:])


def _refused(verb: str, why: str) -> ApiError:
    return invalid_request(f"This subscription cannot be {verb} because {why}.")


def visit(world: World, secret: str) -> Obj | None:
    """The session that a page's address names, if it has not expired; a visit lets it last an hour from now."""
    url = f"{world.public_url}/p/session/{secret}"
    session = next((each for each in world.all(KIND) if each["url"] == url), None)
    if session is None or world.hidden[session["id"] + EXPIRES] <= world.now():
        return None
    if world.need("customer", session["customer"]).get("deleted"):
        return None
    world.hidden[session["id"] + EXPIRES] = world.now() + VISITED
    return session


def configuration_of(world: World, session: Obj) -> Obj:
    """What the session's customer may do."""
    return world.need(CONFIGURATION, session["configuration"])


ROUTES = [
    Route(
        "POST",
        "/v1/billing_portal/sessions",
        "billing_portal._session_create_params:SessionCreateParams",
        create,
        names("configuration customer flow_data locale return_url"),
    )
]
