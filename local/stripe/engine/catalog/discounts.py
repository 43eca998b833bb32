"""Redeeming a coupon: who may, what it takes off which lines, and the discount object that stays.

https://docs.stripe.com/billing/subscriptions/coupons and https://docs.stripe.com/api/discounts
"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.catalog import amounts, coupons, promotion_codes
from local.stripe.engine.errors import ApiError, invalid_request, missing
from local.stripe.engine.subscriptions.calendar_months import months_after
from local.stripe.engine.world import Obj, World


def named(world: World, given: list[dict[str, Any]]) -> Obj | None:
    """Find what a session's `discounts` name: a coupon or a promotion code, one of them."""
    if not given:
        return None
    if len(given) > 1:
        raise invalid_request("You may only specify one discount.", param="discounts")
    if len(given[0]) != 1:
        raise invalid_request(
            "You must specify exactly one of `coupon` and `promotion_code` for each discount.", param="discounts[0]"
        )
    kind, object_id = next(iter(given[0].items()))
    found = world.get(kind, str(object_id))
    if found is None:
        raise missing(kind.replace("_", " "), str(object_id), param=f"discounts[0][{kind}]")
    return found


def coupon_of(world: World, source: Obj) -> Obj:
    """The coupon itself, or that of a promotion code."""
    return source if source["object"] == "coupon" else coupons.still_counts(world, source["promotion"]["coupon"])


def check(
    world: World, source: Obj, lines: list[Obj], currency: str, customer: Obj | None, *, guest: bool = False
) -> None:
    """Refuse a coupon or promotion code that this order cannot redeem.

    A code for first-time customers is no good to a guest, of whom nothing is known: `customer_creation` of a session.
    """
    coupon = coupon_of(world, source)
    if not coupon["valid"]:
        raise ApiError(f"Coupon expired: {coupon['id']}", param="discounts[0]", code="coupon_expired")
    if source["object"] == "promotion_code":
        _check_code(world, source, lines, currency, customer, guest)
    if coupon["amount_off"] is not None and coupons.amount_off(world, coupon, currency) is None:
        raise invalid_request(
            f"This coupon is in `{coupon['currency']}` and cannot be redeemed for an order in `{currency}`.",
            param="discounts[0]",
        )
    if lines and not any(_applies(world, coupon, line) for line in lines):
        raise invalid_request("This coupon cannot be redeemed for any of these products.", param="discounts[0]")


def _check_code(world: World, code: Obj, lines: list[Obj], currency: str, customer: Obj | None, guest: bool) -> None:
    if not code["active"]:
        raise invalid_request("This promotion code is not active.", param="discounts[0][promotion_code]")
    if code["customer"] is not None and (customer or {}).get("id") != code["customer"]:
        raise invalid_request(
            "This promotion code cannot be redeemed because it belongs to another customer.",
            param="discounts[0][promotion_code]",
        )
    first_only = code["restrictions"]["first_time_transaction"]
    if first_only and guest and customer is None:
        raise invalid_request("This promotion code is not valid for guests.", param="discounts[0][promotion_code]")
    if first_only and customer and _has_paid(world, customer["id"]):
        raise invalid_request(
            "This promotion code cannot be redeemed because the associated customer has prior transactions.",
            param="discounts[0][promotion_code]",
        )
    if code["restrictions"]["minimum_amount"] is None:
        return
    least = promotion_codes.minimum(world, code, currency)
    if least is None or sum(line["amount_subtotal"] for line in lines) < least:
        raise invalid_request(
            "This promotion code cannot be redeemed because the associated purchase does not meet the minimum amount "
            "requirement.",
            param="discounts[0][promotion_code]",
        )


def _has_paid(world: World, customer: str) -> bool:
    """Whether there was a successful payment or a paid invoice (`first_time_transaction` of a promotion code)."""
    paid = [each for each in world.all("charge") if each["customer"] == customer and each["paid"]]
    return bool(paid) or any(each["customer"] == customer and each["status"] == "paid" for each in world.all("invoice"))


def _applies(world: World, coupon: Obj, line: Obj) -> bool:
    limited = coupons.products_of(world, coupon)
    return not limited or line["price"]["product"] in limited


def shares(world: World, coupon: Obj, products: list[str], subtotals: list[int], currency: str) -> list[int]:
    """What a coupon takes off each line; lines of products that it is not for keep their amount."""
    limited = coupons.products_of(world, coupon)
    wanted = [
        subtotal if not limited or product in limited else 0
        for product, subtotal in zip(products, subtotals, strict=True)
    ]
    if coupon["percent_off"] is not None:
        return amounts.percent_off(wanted, coupon["percent_off"])
    return amounts.amount_off(wanted, coupons.amount_off(world, coupon, currency) or 0)


def make(world: World, source: Obj, customer: str | None, **about: Any) -> Obj:
    """Keep a new discount; `about` says what it applies to: the session in payment mode, else the subscription."""
    coupon, now = coupon_of(world, source), world.now()
    months = coupon["duration_in_months"]
    return world.add(
        {
            "id": world.id("di_1"),
            "object": "discount",
            "checkout_session": None,
            "customer": customer,
            "customer_account": None,
            "end": months_after(now, months) if months else None,
            "invoice": None,
            "invoice_item": None,
            "promotion_code": source["id"] if source["object"] == "promotion_code" else None,
            "source": {"coupon": coupon["id"], "type": "coupon"},
            "start": now,
            "subscription": None,
            "subscription_item": None,
            **about,
        }
    )


def redeemed(world: World, source: Obj) -> None:
    """Count the redemption, on the coupon and on the promotion code that led to it."""
    coupon = coupon_of(world, source)
    coupons.redeemed(coupon)
    if source["object"] == "promotion_code":
        promotion_codes.redeemed(source, coupon)


def runs(world: World, discount_id: str) -> bool:
    """Whether a discount is not over yet."""
    end = world.need("discount", discount_id)["end"]
    return end is None or bool(end > world.now())


def end_spent(world: World, subscription: Obj, *, billed: bool) -> None:
    """Take away the discounts that are over: `once` with the first bill that it lowered, `repeating` at its end."""
    for discount_id in list(subscription["discounts"]):
        discount = world.need("discount", discount_id)
        coupon = coupons.still_counts(world, discount["source"]["coupon"])
        if not runs(world, discount_id) or (coupon["duration"] == "once" and billed):
            subscription["discounts"].remove(discount_id)
            world.emit("customer.discount.deleted", discount)
