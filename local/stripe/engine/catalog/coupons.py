"""Coupons: what is taken off, for how long. https://docs.stripe.com/api/coupons

They are redeemed by a session's `discounts` or by a promotion code (promotion_codes.py, discounts.py).
"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.catalog.price_currencies import currency_code
from local.stripe.engine.errors import ApiError, invalid_request, missing
from local.stripe.engine.paging import created_within, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

MOST_YEARS = 5 * 366 * 86_400
"""`redeem_by` reaches at most five years ahead (page above)."""
APPLIES_TO, CURRENCIES = "/applies_to", "/currency_options"
"""Kept hidden under the coupon's id: members that are included on demand only."""


def create(call: Call) -> Obj:
    """POST /v1/coupons: a percentage or an amount, exactly one of them."""
    world, given = call.world, {key: value for key, value in call.params.items() if key != "expand"}
    if world.get("coupon", given.get("id", "")):
        raise ApiError("Coupon already exists.", code="resource_already_exists", param="id")
    products = _products(world, given.pop("applies_to", {}))
    values = _worth(given) | _duration(given)
    redeem_by = given.get("redeem_by")
    if redeem_by is not None and not world.now() < redeem_by < world.now() + MOST_YEARS:
        raise invalid_request("Invalid timestamp: must be an integer Unix timestamp in the future", param="redeem_by")
    if given.get("max_redemptions", 1) < 1:
        raise invalid_request("This value must be greater than or equal to 1.", param="max_redemptions")
    options = _options(given.pop("currency_options", {}), values)
    coupon = world.add(
        {
            "id": given.get("id", world.token(8)),
            "object": "coupon",
            "created": world.now(),
            "livemode": False,
            "max_redemptions": given.get("max_redemptions"),
            "metadata": merge_metadata({}, given.get("metadata")),
            "name": given.get("name"),
            "redeem_by": redeem_by,
            "times_redeemed": 0,
            "valid": True,
            **values,
        }
    )
    world.hidden[coupon["id"] + APPLIES_TO], world.hidden[coupon["id"] + CURRENCIES] = products, options
    if redeem_by is not None:
        world.plan(redeem_by, "coupon_ends", coupon["id"])
    world.emit("coupon.created", coupon)
    return coupon


def _worth(given: dict[str, Any]) -> Obj:
    percent, amount = given.get("percent_off"), given.get("amount_off")
    if (percent is None) == (amount is None):
        raise invalid_request("You must pass either `percent_off` or `amount_off`, and not both.", param="percent_off")
    if percent is not None and not 0 < percent <= 100:
        raise invalid_request("Invalid percent_off: must be greater than 0 and at most 100.", param="percent_off")
    if amount is not None and amount < 1:
        raise invalid_request("This value must be greater than or equal to 1.", param="amount_off")
    if amount is not None and "currency" not in given:
        raise invalid_request("Missing required param: currency.", param="currency", code="parameter_missing")
    currency = currency_code(given["currency"]) if amount is not None else None
    return {"amount_off": amount, "currency": currency, "percent_off": percent}


def _duration(given: dict[str, Any]) -> Obj:
    duration, months = given.get("duration", "once"), given.get("duration_in_months")
    if (duration == "repeating") != (months is not None):
        raise invalid_request(
            "You must pass `duration_in_months` if and only if `duration` is `repeating`.", param="duration_in_months"
        )
    if months is not None and months < 1:
        raise invalid_request("This value must be greater than or equal to 1.", param="duration_in_months")
    return {"duration": duration, "duration_in_months": months}


def _products(world: World, applies_to: dict[str, Any]) -> list[str]:
    products: list[str] = applies_to.get("products", [])
    for index, product in enumerate(products):
        if world.get("product", product) is None:
            raise missing("product", product, param=f"applies_to[products][{index}]")
    return products


def _options(given: dict[str, Any], values: Obj) -> dict[str, Obj]:
    if given and values["amount_off"] is None:
        raise invalid_request("You can only pass `currency_options` with `amount_off`.", param="currency_options")
    found = {currency_code(code, f"currency_options[{code}]"): dict(option) for code, option in given.items()}
    for code, option in found.items():
        if option["amount_off"] < 1:
            raise invalid_request(
                "This value must be greater than or equal to 1.", param=f"currency_options[{code}][amount_off]"
            )
    return found


def amount_off(world: World, coupon: Obj, currency: str) -> int | None:
    """The amount in a currency; None where the coupon has no amount in it."""
    option = options_of(world, coupon).get(currency)
    return None if option is None else int(option["amount_off"])


def options_of(world: World, coupon: Obj) -> dict[str, Obj]:
    """The `currency_options` member, included on demand; it names the default currency too."""
    own = {coupon["currency"]: {"amount_off": coupon["amount_off"]}} if coupon["currency"] else {}
    others: dict[str, Obj] = snapshot(world.hidden[coupon["id"] + CURRENCIES])
    return own | others


def applies_to_of(world: World, coupon: Obj) -> Obj | None:
    """The `applies_to` member, included on demand."""
    found = products_of(world, coupon)
    return {"products": found} if found else None


def products_of(world: World, coupon: Obj) -> list[str]:
    """The products that a coupon is limited to; empty means all."""
    return list(world.hidden[coupon["id"] + APPLIES_TO])


def redeemed(coupon: Obj) -> None:
    """Count one redemption; the last one makes the coupon invalid."""
    coupon["times_redeemed"] += 1
    if coupon["times_redeemed"] == coupon["max_redemptions"]:
        coupon["valid"] = False


def retrieve(call: Call) -> Obj:
    """GET /v1/coupons/{id}."""
    return call.target("coupon", param="coupon")


def update(call: Call) -> Obj:
    """POST /v1/coupons/{id}: name, metadata and further currencies; what it is worth never changes."""
    coupon = call.target("coupon", param="coupon")
    before = snapshot(coupon)
    options = _options(call.params.get("currency_options", {}), coupon)
    call.world.hidden[coupon["id"] + CURRENCIES] |= options
    coupon["name"] = call.params.get("name", coupon["name"])
    coupon["metadata"] = merge_metadata(coupon["metadata"], call.params.get("metadata"))
    call.world.emit_updated("coupon.updated", coupon, before)
    return coupon


def delete(call: Call) -> Obj:
    """DELETE /v1/coupons/{id}: nobody can redeem it any more; what was redeemed keeps its discount.

    https://docs.stripe.com/api/coupons/delete
    """
    coupon = call.target("coupon", param="coupon")
    call.world.emit("coupon.deleted", coupon)
    for code in call.world.all("promotion_code"):
        if code["promotion"]["coupon"] == coupon["id"]:
            code["active"] = False
    call.world.hidden[coupon["id"] + DELETED] = snapshot(coupon)
    return call.world.remove(coupon)


DELETED = "/deleted"


def still_counts(world: World, coupon_id: str) -> Obj:
    """The coupon of a discount, also when it was deleted since."""
    found = world.get("coupon", coupon_id)
    deleted: Obj = world.hidden.get(coupon_id + DELETED, {})
    return found or deleted


def listed(call: Call) -> Obj:
    """GET /v1/coupons."""
    found = created_within(call.world.all("coupon"), call.params.get("created"))
    return page(found, call.params, call.url, "coupon")


_C = "_coupon_"
ROUTES = [
    Route("POST", "/v1/coupons", _C + "create_params:CouponCreateParams", create),
    Route("GET", "/v1/coupons", _C + "list_params:CouponListParams", listed),
    Route("GET", "/v1/coupons/{id}", _C + "retrieve_params:CouponRetrieveParams", retrieve),
    Route(
        "POST",
        "/v1/coupons/{id}",
        _C + "update_params:CouponUpdateParams",
        update,
        names("currency_options metadata name"),
    ),
    Route("DELETE", "/v1/coupons/{id}", _C + "delete_params:CouponDeleteParams", delete),
]
