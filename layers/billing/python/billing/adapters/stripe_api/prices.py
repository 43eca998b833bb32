"""Stripe's prices, as the core sees them."""

from __future__ import annotations

from billing.adapters.stripe_api import shapes
from billing.adapters.stripe_api.fields import Object, id_of, reading
from billing.domain.catalog import METERED, BrokenMetadata, Gives, Price, group_named, parse_gives, speaking_metadata
from billing.domain.ids import CHOSEN_ID, PriceId, required


def price_of(obj: Object, product: Object | None, levels: tuple[str, ...]) -> Price:
    """A price; `product` is its product, or None when the price's own metadata speaks."""
    with reading("price", obj):
        recurring = obj["recurring"]
        details = product or {}
        shapes.check_price(obj, details)
        barred = _barred(obj)
        metadata = speaking_metadata(obj["metadata"], details.get("metadata", {}))
        gives, problem, broken_key = Gives(), None, None
        try:
            gives = Gives(plan_group=group_named(metadata))  # a typo in another key moves nobody to another group
            gives = parse_gives(metadata, levels)
        except BrokenMetadata as error:
            problem, broken_key = str(error), error.key
        return Price(
            id=PriceId(required(obj["id"], CHOSEN_ID, "id")),
            lookup_key=obj["lookup_key"],
            product_id=id_of(obj["product"], "product", CHOSEN_ID),
            product_name=details.get("name") or obj["nickname"] or obj["id"],
            description=details.get("description"),
            active=obj["active"] and details.get("active", True),
            currency=obj["currency"],
            unit_amount=None if barred else obj["unit_amount"],
            interval=recurring["interval"] if recurring else None,
            gives=gives,
            problem=problem,
            broken_key=broken_key,
            options=_options(obj),
            interval_count=recurring["interval_count"] if recurring else 1,
            barred=barred,
        )


def _barred(price: Object) -> str | None:
    """Why quantity times unit amount is not what this price costs."""
    recurring = price["recurring"]
    if recurring and recurring["usage_type"] == "metered":
        return METERED
    if price["billing_scheme"] != "per_unit":
        return "tiered"
    if price.get("custom_unit_amount"):
        return "custom_amount"
    if price.get("transform_quantity"):
        return "packaged"
    return "fractional" if price["unit_amount"] is None else None


def _options(price: Object) -> dict[str, int]:
    """Unit amounts in the other currencies. `currency_options` is there only when it was expanded."""
    options = price.get("currency_options") or {}
    amounts = {currency: option["unit_amount"] for currency, option in options.items() if currency != price["currency"]}
    return {currency: amount for currency, amount in sorted(amounts.items()) if amount is not None}
