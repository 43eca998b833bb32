"""What the customer portal lets a customer do. https://docs.stripe.com/api/customer_portal/configurations"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.checkout.session_rules import check_url
from local.stripe.engine.errors import invalid_request, missing, not_offered
from local.stripe.engine.paging import matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

KIND = "billing_portal.configuration"
PRODUCTS = "/products"
"""The products that a customer may switch among are kept hidden under this ending: shown on demand only."""
MOST_PRODUCTS = 10
REASONS = ["too_expensive", "missing_features", "switched_service", "unused", "other"]
OFF: dict[str, Obj] = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "feedback_options": [], "options": REASONS},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {
        "duration": {"interval_options": [{"interval": "month", "interval_count": 1}], "type": "interval_options"},
        "enabled": False,
    },
    "subscription_update": {
        "billing_cycle_anchor": "unchanged",
        "default_allowed_updates": [],
        "enabled": False,
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}
"""A feature that is not named is off."""


def make(world: World, given: dict[str, Any], *, default: bool = False) -> Obj:
    """Keep a new configuration. Only what the dashboard saves is the default, never what the API creates."""
    configuration_id = world.id("bpc_1")
    features, products = _features(world, snapshot(OFF), [], given.get("features", {}))
    world.hidden[configuration_id + PRODUCTS] = products
    configuration = world.add(
        {
            "id": configuration_id,
            "object": KIND,
            "active": True,
            "application": None,
            "business_profile": _profile({}, given.get("business_profile", {})),
            "created": world.now(),
            "default_return_url": given.get("default_return_url") or None,
            "features": features,
            "is_default": default,
            "livemode": False,
            "login_page": {"enabled": False, "url": None},
            "metadata": merge_metadata({}, given.get("metadata")),
            "name": given.get("name") or None,
            "updated": world.now(),
        }
    )
    world.emit("billing_portal.configuration.created", configuration)
    return configuration


def default_of(world: World) -> Obj | None:
    """The configuration that the dashboard has saved, if it has."""
    return next((each for each in world.all(KIND) if each["is_default"]), None)


def products_of(world: World, configuration: Obj) -> list[Obj]:
    """The products, with their prices, that a customer may switch among."""
    found: list[Obj] = world.hidden[configuration["id"] + PRODUCTS]
    return found


def products_shown(world: World, configuration: Obj) -> list[Obj]:
    """The member `features.subscription_update.products`, included on demand."""
    return [snapshot(each) for each in products_of(world, configuration)]


def _profile(known: Obj, given: dict[str, Any]) -> Obj:
    for name in ("privacy_policy_url", "terms_of_service_url"):
        if given.get(name):
            check_url(given[name], f"business_profile[{name}]")
    nothing = {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None}
    return nothing | known | {name: value or None for name, value in given.items()}


def _features(
    world: World, known: dict[str, Obj], products: list[Obj], given: dict[str, Any]
) -> tuple[dict[str, Obj], list[Obj]]:
    """Lay what is given over what is known, and refuse what does not fit together."""
    for name, values in given.items():
        feature = known[name]
        for member, value in values.items():
            if member == "products":
                products = _products(world, value or [])
            elif isinstance(value, dict):
                feature[member] = feature[member] | value
            else:
                feature[member] = [] if value == "" and isinstance(feature[member], list) else value
    _check(known, products)
    return known, products


def _check(features: dict[str, Obj], products: list[Obj]) -> None:
    if features["subscription_pause"]["enabled"]:
        raise not_offered("pausing in the customer portal")
    cancel, update = features["subscription_cancel"], features["subscription_update"]
    if update["schedule_at_period_end"]["conditions"]:
        raise not_offered("features[subscription_update][schedule_at_period_end]: subscription schedules")
    if "promotion_code" in update["default_allowed_updates"]:
        raise not_offered("promotion codes in the customer portal")
    if cancel["proration_behavior"] == "always_invoice" or (
        cancel["proration_behavior"] != "none" and cancel["mode"] != "immediately"
    ):
        raise invalid_request(
            "`proration_behavior` can only be `none` or, with `mode=immediately`, `create_prorations`.",
            param="features[subscription_cancel][proration_behavior]",
        )
    if update["enabled"] and not (update["default_allowed_updates"] and products):
        wrong = "products" if update["default_allowed_updates"] else "default_allowed_updates"
        raise invalid_request(
            f"Missing required param: features[subscription_update][{wrong}].",
            param=f"features[subscription_update][{wrong}]",
            code="parameter_missing",
        )
    if features["customer_update"]["enabled"] and not features["customer_update"]["allowed_updates"]:
        raise invalid_request(
            "Missing required param: features[customer_update][allowed_updates].",
            param="features[customer_update][allowed_updates]",
            code="parameter_missing",
        )


def _products(world: World, given: list[dict[str, Any]]) -> list[Obj]:
    at = "features[subscription_update][products]"
    if len(given) > MOST_PRODUCTS:
        raise invalid_request(f"You can specify at most {MOST_PRODUCTS} products.", param=at)
    found = []
    for index, entry in enumerate(given):
        if world.get("product", entry["product"]) is None:
            raise missing("product", entry["product"], param=f"{at}[{index}][product]")
        for wanted in entry["prices"]:
            price = world.get("price", wanted)
            if price is None or price["product"] != entry["product"]:
                raise missing("price", wanted, param=f"{at}[{index}][prices]")
            if price["type"] != "recurring":
                raise invalid_request("Only recurring prices can be used here.", param=f"{at}[{index}][prices]")
        adjustable = {"enabled": False, "maximum": None, "minimum": 1} | entry.get("adjustable_quantity", {})
        found.append({"adjustable_quantity": adjustable, "prices": entry["prices"], "product": entry["product"]})
    return found


def create(call: Call) -> Obj:
    """POST /v1/billing_portal/configurations."""
    _no_login_page(call.params)
    return make(call.world, call.params)


def _no_login_page(given: dict[str, Any]) -> None:
    if given.get("login_page", {}).get("enabled"):
        raise not_offered("login_page")
    if given.get("default_return_url"):
        check_url(given["default_return_url"], "default_return_url")


def retrieve(call: Call) -> Obj:
    """GET /v1/billing_portal/configurations/{id}."""
    return call.target(KIND, "configuration", "configuration")


def update(call: Call) -> Obj:
    """POST /v1/billing_portal/configurations/{id}."""
    configuration = call.target(KIND, "configuration", "configuration")
    world, given = call.world, call.params
    _no_login_page(given)
    if given.get("active") is False and configuration["is_default"]:
        raise invalid_request("You cannot deactivate the default configuration.", param="active")
    before = snapshot(configuration)
    known = snapshot(configuration["features"])
    features, products = _features(world, known, products_of(world, configuration), given.get("features", {}))
    world.hidden[configuration["id"] + PRODUCTS] = products
    configuration |= {
        "features": features,
        "active": given.get("active", configuration["active"]),
        "business_profile": _profile(configuration["business_profile"], given.get("business_profile") or {}),
        "default_return_url": given.get("default_return_url", configuration["default_return_url"]) or None,
        "metadata": merge_metadata(configuration["metadata"], given.get("metadata")),
        "name": given.get("name", configuration["name"]) or None,
        "updated": world.now(),
    }
    world.emit_updated("billing_portal.configuration.updated", configuration, before)
    return configuration


def listed(call: Call) -> Obj:
    """GET /v1/billing_portal/configurations."""
    found = matching(call.world.all(KIND), call.params, "active", "is_default")
    return page(found, call.params, call.url, "configuration")


_BASE, _C = "/v1/billing_portal/configurations", "billing_portal._configuration_"
ROUTES = [
    Route("POST", _BASE, _C + "create_params:ConfigurationCreateParams", create),
    Route("GET", _BASE, _C + "list_params:ConfigurationListParams", listed),
    Route("GET", _BASE + "/{id}", _C + "retrieve_params:ConfigurationRetrieveParams", retrieve),
    Route(
        "POST",
        _BASE + "/{id}",
        _C + "update_params:ConfigurationUpdateParams",
        update,
        names("active business_profile default_return_url features login_page metadata name"),
    ),
]
