"""From what is there to what should be: pure, so that every case is a test.

A price's amount, currency and period never change (https://docs.stripe.com/products-prices/manage-prices#edit-price):
another amount is another price, which takes the lookup key over; the old one is archived, and whoever subscribed to it
stays on it. Nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from billing.domain.catalog import KEYS
from plumb.plans.account import CATALOG_KEY, Object, StripeAccount
from plumb.plans.file import Plan, PlannedPrice, PlannedProduct


@dataclass(frozen=True)
class Change:
    """One thing to do at Stripe."""

    action: str
    """`create`, `update`, `replace` or `archive`."""
    kind: str
    """`product` or `price`."""
    name: str
    """The product's key, the price's lookup key; the id of a price that has none."""
    why: str
    params: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None
    """The object at Stripe; None of one that is not there yet."""
    product: str | None = None
    """Key of the product that a new price belongs to."""
    default_of: str | None = None
    """Product whose default price is replaced: Stripe archives no default price."""


def changes(plan: Plan, there: StripeAccount) -> Iterator[Change]:
    """All that must be done, in the order in which it can be. Nothing, when it was done before."""
    kept: set[str] = set()
    for product in plan.products:
        found = there.product(product.key, [price.lookup_key for price in product.prices])
        yield from _product(product, found)
        if found is not None:
            kept.add(found["id"])
        for price in product.prices:
            yield from _price(product, price, found, there)
    wanted = {price.lookup_key for product in plan.products for price in product.prices}
    for item in there.products.values():
        if item["id"] in kept:
            yield from _left_over(there.prices_of(item["id"]), wanted)
        elif CATALOG_KEY in item["metadata"] and item["active"]:
            yield from _left_over(there.prices_of(item["id"]), wanted)
            name = item["metadata"][CATALOG_KEY]
            yield Change("archive", "product", name, "is not in the file", {"active": False}, item["id"])


def _product(wanted: PlannedProduct, found: Object | None) -> Iterator[Change]:
    metadata = {**wanted.metadata, CATALOG_KEY: wanted.key}
    fields = {"name": wanted.name, "description": wanted.description, "tax_code": wanted.tax_code}
    if found is None:
        params = {name: value for name, value in fields.items() if value is not None}
        yield Change("create", "product", wanted.key, "is not there", {**params, "metadata": metadata})
        return
    differing: dict[str, Any] = {
        name: value or ""
        for name, value in fields.items()
        if (_id(found.get(name)) or None) != value and (name != "tax_code" or value is not None)
    }
    if not found["active"]:
        differing["active"] = True
    changed = _metadata(metadata, found["metadata"])
    if changed:
        differing["metadata"] = changed
    if differing:
        yield Change("update", "product", wanted.key, _named(differing), differing, found["id"])


def _price(
    product: PlannedProduct, wanted: PlannedPrice, owner: Object | None, there: StripeAccount
) -> Iterator[Change]:
    found = there.price(wanted.lookup_key)
    if found is None:
        yield Change("create", "price", wanted.lookup_key, "is not there", _new(wanted), product=product.key)
        return
    differing = [name for name, value in _fixed(wanted).items() if _fixed_of(found)[name] != value]
    if owner is None or found["product"] != owner["id"]:
        differing.append("product")
    if wanted.tax_behavior and found["tax_behavior"] not in ("unspecified", wanted.tax_behavior):
        differing.append("tax_behavior")  # set once, it stays: https://docs.stripe.com/api/prices/update
    if differing:
        seller = there.products.get(found["product"], {})
        yield Change(
            "replace",
            "price",
            wanted.lookup_key,
            f"another {', '.join(differing)}: a new price takes the lookup key, {found['id']} is archived",
            {**_new(wanted), "transfer_lookup_key": True},
            found["id"],
            product.key,
            default_of=seller.get("id") if _id(seller.get("default_price")) == found["id"] else None,
        )
        return
    yield from _mutable(wanted, found)


def _mutable(wanted: PlannedPrice, found: Object) -> Iterator[Change]:
    changed: dict[str, Any] = {}
    if not found["active"]:
        changed["active"] = True
    if (found["nickname"] or None) != wanted.nickname:
        changed["nickname"] = wanted.nickname or ""
    if wanted.tax_behavior and found["tax_behavior"] != wanted.tax_behavior:
        changed["tax_behavior"] = wanted.tax_behavior
    metadata = _metadata(wanted.metadata, found["metadata"])
    if metadata:
        changed["metadata"] = metadata
    if changed:
        yield Change("update", "price", wanted.lookup_key, _named(changed), changed, found["id"])


def _left_over(prices: list[Object], wanted: set[str]) -> Iterator[Change]:
    """Active prices of our products that the file does not name."""
    for price in prices:
        if price["active"] and price["lookup_key"] not in wanted:
            name = price["lookup_key"] or price["id"]
            yield Change("archive", "price", name, "is not in the file", {"active": False}, price["id"])


def _fixed(wanted: PlannedPrice) -> dict[str, Any]:
    recurring = wanted.recurring
    return {
        "currency": wanted.currency,
        "unit_amount": wanted.unit_amount,
        "currency_options": dict(wanted.currency_options),
        "recurring": (recurring.interval, recurring.interval_count) if recurring else None,
    }


def _fixed_of(found: Object) -> dict[str, Any]:
    recurring = found["recurring"]
    options = {code: option["unit_amount"] for code, option in (found.get("currency_options") or {}).items()}
    options.pop(found["currency"], None)  # Stripe lists the default currency among them
    return {
        "currency": found["currency"],
        "unit_amount": found["unit_amount"],
        "currency_options": options,
        "recurring": (recurring["interval"], recurring["interval_count"]) if recurring else None,
    }


def _new(wanted: PlannedPrice) -> dict[str, Any]:
    params = wanted.model_dump(exclude_none=True, exclude={"currency_options", "recurring", "metadata"})
    if wanted.currency_options:
        params["currency_options"] = {code: {"unit_amount": n} for code, n in wanted.currency_options.items()}
    if wanted.recurring:
        params["recurring"] = wanted.recurring.model_dump()
    if wanted.metadata:
        params["metadata"] = dict(wanted.metadata)
    return params


def _metadata(wanted: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """What to send so that all of `wanted` is there, and no other key of the catalog's; others' keys stay.

    An empty value removes a key (https://docs.stripe.com/api/metadata).
    """
    changed = {key: value for key, value in wanted.items() if found.get(key) != value}
    return changed | {key: "" for key in found if key in KEYS and key not in wanted}


def _named(changed: Mapping[str, Any]) -> str:
    parts = [name for name in changed if name != "metadata"]
    return ", ".join([*parts, *(f"metadata.{key}" for key in changed.get("metadata", {}))])


def _id(value: Any) -> Any:
    """The id of something that may be expanded."""
    return value["id"] if isinstance(value, Mapping) else value
