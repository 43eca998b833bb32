"""Prices. https://docs.stripe.com/api/prices"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.catalog import price_currencies, product_objects
from local.stripe.engine.errors import ApiError, invalid_request, missing, not_offered
from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

SECONDS = {"day": 86_400, "week": 604_800, "month": 2_592_000, "year": 31_536_000}


def make(world: World, given: dict[str, Any]) -> Obj:
    """Keep a new price, for its own route, a product's default price, or `price_data` of a line item."""
    given = {key: value for key, value in given.items() if key != "expand"}
    if given.get("billing_scheme", "per_unit") != "per_unit" or given.keys() & {"tiers", "custom_unit_amount"}:
        raise not_offered("tiered or customer-chosen prices")
    currency = price_currencies.currency_code(given.pop("currency"))
    amount, decimal = price_currencies.amount_of(given.pop("unit_amount", None), given.pop("unit_amount_decimal", None))
    price_id = world.id("price_1", 23)
    options = price_currencies.read(world, price_id, currency, given.pop("currency_options", {}))
    product = _product(world, given)
    recurring = given.pop("recurring", None)
    lookup_key = given.get("lookup_key")
    _free_lookup_key(world, lookup_key, transfer=given.pop("transfer_lookup_key", False))
    price = world.add(
        {
            "id": price_id,
            "object": "price",
            "active": True,
            "billing_scheme": "per_unit",
            "created": world.now(),
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": product,
            "recurring": None if recurring is None else _recurring(recurring),
            "tax_behavior": "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time" if recurring is None else "recurring",
            "unit_amount": amount,
            "unit_amount_decimal": decimal,
            **given,
            "currency": currency,
        }
    )
    world.hidden[price_id + price_currencies.KEPT] = options
    world.emit("price.created", price)
    return price


def _product(world: World, given: dict[str, Any]) -> str:
    data = given.pop("product_data", None)
    if data is not None:
        return str(product_objects.make(world, **data)["id"])
    wanted = given.pop("product", None)
    if wanted is None:
        raise invalid_request("Missing required param: product.", param="product", code="parameter_missing")
    if world.get("product", wanted) is None:
        raise missing("product", wanted, param="product")
    return str(wanted)


def _recurring(given: dict[str, Any]) -> Obj:
    if given.get("usage_type", "licensed") != "licensed" or "meter" in given:
        raise not_offered("metered prices")
    count = given.get("interval_count", 1)
    if count < 1 or count * SECONDS[given["interval"]] > 3 * 366 * 86_400:
        raise invalid_request(
            "The maximum interval is 3 years (36 months or 156 weeks).", param="recurring[interval_count]"
        )
    return {
        "interval": given["interval"],
        "interval_count": count,
        "meter": None,
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": "licensed",
    }


def _free_lookup_key(world: World, key: str | None, transfer: bool) -> None:
    """One price holds a lookup key; another gets it only by transfer.

    https://docs.stripe.com/products-prices/manage-prices#lookup-keys
    """
    holder = next((price for price in world.all("price") if key and price["lookup_key"] == key), None)
    if holder is None:
        return
    if not transfer:
        raise ApiError(
            f"A price (`{holder['id']}`) already uses that lookup key.",
            param="lookup_key",
            code="resource_already_exists",
        )
    before = snapshot(holder)
    holder["lookup_key"] = None
    world.emit("price.updated", holder, before)


def create(call: Call) -> Obj:
    """POST /v1/prices."""
    return make(call.world, call.params)


def retrieve(call: Call) -> Obj:
    """GET /v1/prices/{id}."""
    return call.target("price", param="price")


def update(call: Call) -> Obj:
    """POST /v1/prices/{id}: amounts never change."""
    price = call.target("price", param="price")
    before = snapshot(price)
    values = {key: None if value == "" else value for key, value in call.params.items() if key != "expand"}
    transfer = bool(values.pop("transfer_lookup_key", False))
    wanted = values.pop("currency_options", {})
    options = price_currencies.read(call.world, price["id"], price["currency"], "" if wanted is None else wanted)
    if values.get("lookup_key") not in (None, price["lookup_key"]):
        _free_lookup_key(call.world, values["lookup_key"], transfer)
    values["metadata"] = merge_metadata(price["metadata"], call.params.get("metadata"))
    call.world.hidden[price["id"] + price_currencies.KEPT] = options
    price.update(values)
    call.world.emit_updated("price.updated", price, before)
    return price


def listed(call: Call) -> Obj:
    """GET /v1/prices."""
    found = created_within(call.world.all("price"), call.params.get("created"))
    found = matching(found, call.params, "active", "currency", "product", "type")
    if "lookup_keys" in call.params:
        if len(call.params["lookup_keys"]) > 10:
            raise invalid_request("You may only specify up to 10 lookup_keys.", param="lookup_keys")
        found = [price for price in found if price["lookup_key"] in call.params["lookup_keys"]]
    wanted = call.params.get("recurring", {})
    if wanted:
        found = [p for p in found if p["recurring"] and all(p["recurring"].get(k) == v for k, v in wanted.items())]
    return page(found, call.params, call.url, "price")


ROUTES = [
    Route(
        "POST",
        "/v1/prices",
        "_price_create_params:PriceCreateParams",
        create,
        names(
            "active billing_scheme currency currency_options lookup_key metadata nickname product product_data "
            "recurring tax_behavior transfer_lookup_key unit_amount unit_amount_decimal"
        ),
    ),
    Route("GET", "/v1/prices", "_price_list_params:PriceListParams", listed),
    Route("GET", "/v1/prices/{id}", "_price_retrieve_params:PriceRetrieveParams", retrieve),
    Route(
        "POST",
        "/v1/prices/{id}",
        "_price_update_params:PriceUpdateParams",
        update,
        names("active currency_options lookup_key metadata nickname tax_behavior transfer_lookup_key"),
    ),
]
