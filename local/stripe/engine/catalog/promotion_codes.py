"""Promotion codes: what a buyer types to redeem a coupon. https://docs.stripe.com/api/promotion_codes"""

from __future__ import annotations

import re
from typing import Any

from local.stripe.engine.catalog.price_currencies import currency_code
from local.stripe.engine.errors import invalid_request, missing
from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

_CODE = re.compile(r"[A-Za-z0-9-]+", re.ASCII)


def create(call: Call) -> Obj:
    """POST /v1/promotion_codes: unique among the active ones of a customer, whatever its case."""
    world, given = call.world, call.params
    coupon = _coupon(world, given["promotion"])
    customer = call.named("customer", "customer")["id"] if "customer" in given else None
    code: str = given.get("code") or world.token(8).upper()
    if not _CODE.fullmatch(code):
        raise invalid_request("The promotion code may only contain letters, digits and dashes.", param="code")
    if any(each["customer"] in (None, customer) or customer is None for each in _active(world, code)):
        raise invalid_request(f"An active promotion code with `code: {code}` already exists.", param="code")
    _check_limits(given, coupon, world.now())
    made = world.add(
        {
            "id": world.id("promo_1"),
            "object": "promotion_code",
            "active": given.get("active", True),
            "code": code,
            "created": world.now(),
            "customer": customer,
            "customer_account": None,
            "expires_at": given.get("expires_at"),
            "livemode": False,
            "max_redemptions": given.get("max_redemptions"),
            "metadata": merge_metadata({}, given.get("metadata")),
            "promotion": {"coupon": coupon["id"], "type": "coupon"},
            "restrictions": _restrictions(given.get("restrictions", {})),
            "times_redeemed": 0,
        }
    )
    world.hidden[made["id"] + CURRENCIES] = _minimums(given.get("restrictions", {}))
    if made["expires_at"] is not None:
        world.plan(made["expires_at"], "code_ends", made["id"])
    world.emit("promotion_code.created", made)
    return made


CURRENCIES = "/currency_options"


def _coupon(world: World, promotion: dict[str, Any]) -> Obj:
    if "coupon" not in promotion:
        raise invalid_request(
            "Missing required param: promotion[coupon].", param="promotion[coupon]", code="parameter_missing"
        )
    found = world.get("coupon", promotion["coupon"])
    if found is None:
        raise missing("coupon", promotion["coupon"], param="promotion[coupon]")
    return found


def _check_limits(given: dict[str, Any], coupon: Obj, now: int) -> None:
    most, expires = given.get("max_redemptions"), given.get("expires_at")
    if most is not None and most < 1:
        raise invalid_request("This value must be greater than or equal to 1.", param="max_redemptions")
    if most is not None and coupon["max_redemptions"] is not None and most > coupon["max_redemptions"]:
        raise invalid_request(
            "The `max_redemptions` of a promotion code cannot be greater than that of its coupon.",
            param="max_redemptions",
        )
    if expires is not None and expires <= now:
        raise invalid_request("Invalid timestamp: must be in the future", param="expires_at")
    if expires is not None and coupon["redeem_by"] is not None and expires > coupon["redeem_by"]:
        raise invalid_request(
            "The `expires_at` of a promotion code cannot be after the `redeem_by` of its coupon.", param="expires_at"
        )
    if not coupon["valid"] and given.get("active", True):
        raise invalid_request("This coupon is not valid any more.", param="promotion[coupon]", code="coupon_expired")


def _restrictions(given: dict[str, Any]) -> Obj:
    least, currency = given.get("minimum_amount"), given.get("minimum_amount_currency")
    if (least is None) != (currency is None):
        raise invalid_request(
            "`minimum_amount` and `minimum_amount_currency` go together.", param="restrictions[minimum_amount]"
        )
    if least is not None and least < 1:
        raise invalid_request("This value must be greater than or equal to 1.", param="restrictions[minimum_amount]")
    return {
        "first_time_transaction": given.get("first_time_transaction", False),
        "minimum_amount": least,
        "minimum_amount_currency": currency_code(currency) if currency else None,
    }


def _minimums(given: dict[str, Any]) -> dict[str, Obj]:
    found: dict[str, Obj] = {}
    for code, option in given.get("currency_options", {}).items():
        found[currency_code(code)] = {"minimum_amount": option.get("minimum_amount")}
    return found


def _active(world: World, code: str) -> list[Obj]:
    return [each for each in world.all("promotion_code") if each["active"] and each["code"].lower() == code.lower()]


def typed(world: World, code: str, customer: str | None) -> Obj | None:
    """The active promotion code that a buyer typed; his own comes before one for everybody."""
    found = [each for each in _active(world, code) if each["customer"] in (None, customer)]
    return next(iter(sorted(found, key=lambda each: each["customer"] is None)), None)


def minimum(world: World, code: Obj, currency: str) -> int | None:
    """The least order in a currency; None where the code has none in it."""
    own: Obj = code["restrictions"]
    if own["minimum_amount"] is None:
        return None
    if own["minimum_amount_currency"] == currency:
        return int(own["minimum_amount"])
    option = world.hidden[code["id"] + CURRENCIES].get(currency)
    return int(option["minimum_amount"]) if option else None


def minimums_of(world: World, code: Obj) -> dict[str, Obj]:
    """The `restrictions.currency_options` member, included on demand."""
    own: Obj = code["restrictions"]
    first = {own["minimum_amount_currency"]: {"minimum_amount": own["minimum_amount"]}}
    others: dict[str, Obj] = snapshot(world.hidden[code["id"] + CURRENCIES])
    return (first if own["minimum_amount"] else {}) | others


def redeemed(code: Obj, coupon: Obj) -> None:
    """Count one redemption; the last one, or the coupon's end, ends the code."""
    code["times_redeemed"] += 1
    if code["times_redeemed"] == code["max_redemptions"] or not coupon["valid"]:
        code["active"] = False


def retrieve(call: Call) -> Obj:
    """GET /v1/promotion_codes/{id}."""
    return call.target("promotion_code", "promotion code", "promotion_code")


def update(call: Call) -> Obj:
    """POST /v1/promotion_codes/{id}: on or off, and metadata. One whose coupon is over stays off."""
    world, code = call.world, call.target("promotion_code", "promotion code", "promotion_code")
    before = snapshot(code)
    if call.params.get("active") and not code["active"]:
        coupon = world.get("coupon", code["promotion"]["coupon"])
        spent = code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]
        expired = code["expires_at"] is not None and code["expires_at"] <= world.now()
        if coupon is None or not coupon["valid"] or spent or expired:
            raise invalid_request("This promotion code can no longer be redeemed.", param="active")
        if _active(world, code["code"]):
            raise invalid_request(
                f"An active promotion code with `code: {code['code']}` already exists.", param="active"
            )
    world.hidden[code["id"] + CURRENCIES] |= _minimums(call.params.get("restrictions", {}))
    code["active"] = call.params.get("active", code["active"])
    code["metadata"] = merge_metadata(code["metadata"], call.params.get("metadata"))
    world.emit_updated("promotion_code.updated", code, before)
    return code


def listed(call: Call) -> Obj:
    """GET /v1/promotion_codes; `code` is found whatever its case."""
    found = created_within(call.world.all("promotion_code"), call.params.get("created"))
    found = matching(found, call.params, "active", "customer")
    if "code" in call.params:
        found = [each for each in found if each["code"].lower() == call.params["code"].lower()]
    if "coupon" in call.params:
        found = [each for each in found if each["promotion"]["coupon"] == call.params["coupon"]]
    return page(found, call.params, call.url, "promotion code")


_P, _URL = "_promotion_code_", "/v1/promotion_codes"
ROUTES = [
    Route(
        "POST",
        _URL,
        _P + "create_params:PromotionCodeCreateParams",
        create,
        names("active code customer expires_at max_redemptions metadata promotion restrictions"),
    ),
    Route(
        "GET",
        _URL,
        _P + "list_params:PromotionCodeListParams",
        listed,
        names("active code coupon created customer ending_before limit starting_after"),
    ),
    Route("GET", _URL + "/{id}", _P + "retrieve_params:PromotionCodeRetrieveParams", retrieve),
    Route("POST", _URL + "/{id}", _P + "update_params:PromotionCodeUpdateParams", update),
]
