"""`expand`: replace ids by the objects they name, at most four levels deep. https://docs.stripe.com/api/expanding_objects

Some members are left out unless asked for (`line_items` of a session, `payments` of an invoice): those are *included*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.stripe.engine.errors import ApiError, invalid_request, refused_parameter
from local.stripe.engine.world import Obj, World, snapshot

MAX_LEVELS = 4

EXPANDABLE: dict[str, frozenset[str]] = {
    "balance_transaction": frozenset({"source"}),
    "billing_portal.session": frozenset({"configuration"}),
    "charge": frozenset(
        {"balance_transaction", "customer", "failure_balance_transaction", "payment_intent", "review", "on_behalf_of"}
    ),
    "checkout.session": frozenset(
        {
            *("customer", "discounts.coupon", "discounts.promotion_code", "invoice", "payment_intent", "payment_link"),
            *("setup_intent", "subscription"),
        }
    ),
    "customer": frozenset({"default_source", "invoice_settings.default_payment_method", "test_clock"}),
    "discount": frozenset({"customer", "promotion_code", "source.coupon"}),
    "dispute": frozenset({"charge", "payment_intent"}),
    "entitlements.active_entitlement": frozenset({"feature"}),
    "invoice": frozenset(
        {
            "customer",
            "default_payment_method",
            "default_source",
            "discounts",
            "latest_revision",
            "on_behalf_of",
            "parent.subscription_details.subscription",
            "test_clock",
            "total_discount_amounts.discount",
        }
    ),
    "invoice_payment": frozenset({"invoice", "payment.charge", "payment.payment_intent"}),
    "line_item": frozenset({"discount_amounts.discount", "discounts", "pricing.price_details.price", "subscription"}),
    "invoiceitem": frozenset({"customer", "invoice", "pricing.price_details.price", "test_clock"}),
    "payment_intent": frozenset({"customer", "latest_charge", "on_behalf_of", "payment_method", "review"}),
    "payment_method": frozenset({"customer"}),
    "price": frozenset({"product"}),
    "promotion_code": frozenset({"customer", "promotion.coupon"}),
    "product": frozenset({"default_price", "tax_code"}),
    "refund": frozenset(
        {"balance_transaction", "charge", "customer", "failure_balance_transaction", "payment_intent", "payment_method"}
    ),
    "subscription_item": frozenset({"discounts"}),
    "subscription": frozenset(
        {
            "customer",
            "default_payment_method",
            "default_source",
            "discounts",
            "latest_invoice",
            "pending_setup_intent",
            "schedule",
            "test_clock",
        }
    ),
}
"""By object: the members that the SDK's resource classes mark `ExpandableField` and that can hold an id here."""

Include = Callable[[World, Obj], Any]


def check_levels(wanted: list[str]) -> None:
    """Refuse too deep a path, before anything is executed.

    `data` counts as a level: Stripe refuses `data.payments.data.payment.charge`
    (https://github.com/stripe/stripe-java/issues/2011).
    """
    for path in wanted:
        if len(path.split(".")) > MAX_LEVELS:
            raise refused_parameter(
                f"You cannot expand more than {MAX_LEVELS} levels of a property ({path}).", param="expand"
            )


def expand(world: World, answer: Obj, wanted: list[str], included: Mapping[tuple[str, str], Include]) -> Obj:
    """Return the answer with every wanted path expanded, or raise Stripe's refusal."""
    for path in wanted:
        _Expansion(world, path, answer["object"] == "list", included).into(answer, path.split("."), answer, "")
    return answer


class _Expansion:
    def __init__(self, world: World, path: str, listed: bool, included: Mapping[tuple[str, str], Include]) -> None:
        self.world = world
        self.path = path
        self.listed = listed
        self.included = included

    def refusal(self) -> ApiError:
        message = f"This property cannot be expanded ({self.path})."
        if self.listed and not self.path.startswith("data"):
            message += f" You may want to try expanding 'data.{self.path}' instead."
        return invalid_request(message, param="expand")

    def into(self, node: Any, segments: list[str], owner: Obj, trail: str) -> None:
        """Walk one step: `owner` is the nearest object with a kind, `trail` the way from it to `node`."""
        if isinstance(node, list):
            for element in node:
                self.into(element, segments, *_owner(element, owner, trail))
            return
        name, rest = segments[0], segments[1:]
        here = f"{trail}.{name}" if trail else name
        value = self.value(node, name, owner, here)
        plain = isinstance(value, dict) and "object" not in value
        if not rest and plain and (owner["object"], here) not in self.included:
            raise self.refusal()
        if rest and value is not None:
            self.into(value, rest, *_owner(value, owner, here))

    def value(self, node: Obj, name: str, owner: Obj, here: str) -> Any:
        """The member, as an object where it was an id."""
        include = self.included.get((owner["object"], here))
        if include is not None and node.get(name) is None:
            node[name] = include(self.world, owner)
        if name not in node:
            raise self.refusal()
        value = node[name]
        ids = isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)
        if value is None or isinstance(value, str) or ids:
            if here not in EXPANDABLE.get(owner["object"], frozenset()):
                raise self.refusal()
            node[name] = [self.found(each) for each in value] if ids else self.found(value)
        elif not isinstance(value, dict | list):
            raise self.refusal()
        return node[name]

    def found(self, value: str | None) -> Obj | None:
        """The object of an id; none of none."""
        return snapshot(self.world.find(value) or _gone(value)) if value else None


def _owner(value: Any, owner: Obj, trail: str) -> tuple[Obj, str]:
    return (value, "") if isinstance(value, dict) and "object" in value else (owner, trail)


def _gone(object_id: str) -> Obj:
    return {"id": object_id, "object": "unknown", "deleted": True}
