"""What Stripe refuses of the items in a change of a subscription. https://docs.stripe.com/api/subscriptions/update

The wordings are those that integrations quote from Stripe's answers; where none was found they are ours.
"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.catalog import price_currencies
from local.stripe.engine.errors import ApiError, invalid_request, missing, not_offered
from local.stripe.engine.subscriptions import periods
from local.stripe.engine.world import Obj, World

HONOURED = frozenset({"deleted", "id", "metadata", "price", "quantity"})
MOST_ITEMS = 20
PAGE = "https://stripe.com/docs/api/subscriptions/update#update_subscription-items-id"


def check_entry(subscription: Obj, entry: dict[str, Any], path: str) -> Obj | None:
    """Refuse what does not fit together in one entry of `items`; return the item that it names, if any."""
    ignored = sorted(entry.keys() - HONOURED)
    if ignored:
        raise not_offered(_at(path, ignored[0]))
    if entry.get("quantity", 1) < 0:
        raise _too_small(_at(path, "quantity"))
    if "id" not in entry:
        if entry.get("deleted"):
            raise invalid_request("Must pass `id` of the subscription item to delete.", param=_at(path, "id"))
        if "price" not in entry:
            raise invalid_request(
                "You must pass `price` when adding a subscription item.",
                param=_at(path, "price"),
                code="parameter_missing",
            )
        return None
    for item in subscription["items"]["data"]:
        if item["id"] == entry["id"]:
            known: Obj = item
            return known
    raise missing("subscription_item", entry["id"], param=_at(path, "id"))


def recurring_price(world: World, wanted: str, path: str) -> Obj:
    """The price that an entry names: active, and recurring."""
    param = _at(path, "price")
    price = world.get("price", wanted)
    if price is None:
        raise missing("price", wanted, param=param)
    if not price["active"] or not world.need("product", price["product"])["active"]:
        raise invalid_request("The price specified is inactive. This field only accepts active prices.", param=param)
    if price["type"] != "recurring":
        raise invalid_request(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            param=param,
        )
    return price


def same_currency(world: World, price: Obj, currency: str, path: str) -> None:
    """Refuse a price that has no amount in the subscription's currency."""
    if not price_currencies.supports(world, price, currency):
        raise invalid_request(
            f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: "
            f"`{currency}`.",
            param=_at(path, "price"),
        )


def not_twice(price: Obj, others: list[tuple[str, str | None]]) -> None:
    """Refuse a price that another item (its price, its id) has already."""
    for other, item in others:
        if other != price["id"]:
            continue
        if item is None:
            message = (
                f"Cannot create a Subscription with multiple Subscription Items with the same Price: {price['id']}"
            )
        else:
            message = (
                f"A new item with Price {price['id']} can't be added to this Subscription because an existing "
                f"Subscription Item {item} is already using that Price. If you want to update the existing item "
                f"(e.g., to adjust the quantity), pass the existing Subscription Item's `id` in your update request: "
                f"{PAGE}"
            )
        raise invalid_request(message, param="plan")


def check_whole(prices: list[Obj]) -> None:
    """Refuse a subscription without items, with too many, or with periods that never meet."""
    if not prices:
        raise invalid_request(
            "A subscription must have at least one active plan. In order to cancel a subscription, please use the "
            "cancel API endpoint.",
            param="items",
        )
    if len(prices) > MOST_ITEMS:
        raise invalid_request(f"Subscriptions can have at most {MOST_ITEMS} items.", param="items")
    if not periods.aligned(prices):
        raise invalid_request(
            "Every price's interval must be a multiple of the shortest interval of the subscription's prices.",
            param="items",
        )


def _too_small(param: str) -> ApiError:
    return invalid_request(
        "This value must be greater than or equal to 0.", param=param, code="parameter_invalid_integer"
    )


def _at(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name
