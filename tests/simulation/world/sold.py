"""What was for sale, and when: a price says one thing today and another tomorrow, and an order keeps what it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_GIVES = {
    "credits_amount": "credits",
    "credits_expire_days": "credits_expire_days",
    "entitlement_level": "level",
    "entitlement_days": "level_days",
}
"""What metadata calls it, and what an order's item calls it."""


@dataclass(frozen=True)
class Replaced:
    """What a price's metadata said until somebody wrote something else there."""

    price: str
    metadata: Mapping[str, str]
    step: int
    at: int
    """Unix seconds."""


@dataclass
class Sold:
    """The orders as they were frozen, and what the catalog said before it says what it says now."""

    orders: dict[str, dict[str, Mapping[str, str]]] = field(default_factory=dict)
    """By order and price, the metadata that was frozen."""
    earlier: list[Replaced] = field(default_factory=list)
    gone: list[dict[str, Any]] = field(default_factory=list)
    """Prices that were deleted, as plans can be."""
    meant: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """By price, what its metadata would say if nobody had mistyped it."""
    mended: list[tuple[str, int]] = field(default_factory=list)
    """The prices that were mistyped, and when that was mended, in Unix seconds."""

    @property
    def gone_ids(self) -> frozenset[str]:
        """Their ids."""
        return frozenset(price["id"] for price in self.gone)

    def replaced(self, price: str, metadata: Mapping[str, str], step: int, at: int) -> None:
        """The metadata of a price is about to be written over."""
        self.earlier.append(Replaced(price, metadata, step, at))

    def as_meant(self, prices: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """These prices and those that were deleted, without what somebody has mistyped."""
        meant = self.meant
        return [{**each, "metadata": meant.get(each["id"], each["metadata"])} for each in [*prices, *self.gone]]

    def mistyped(self, price: str, metadata: Mapping[str, str], step: int, at: int) -> None:
        """The metadata of a price is about to say what nobody means, until it says again what it does."""
        self.replaced(price, metadata, step, at)
        self.meant[price] = metadata

    def froze(self, order: Mapping[str, Any], today: Mapping[str, Mapping[str, str]], since: int) -> str | None:
        """An order is written, by an invocation that began in step `since`. What is wrong with what it freezes: it
        must be what the price says, or said in that time.
        """
        lines = self.orders[order["id"]] = {}
        for line in order["lines"]:
            price, gives = line["price_id"], line["gives"]
            said = [today[price]]
            said += [each.metadata for each in self.earlier if each.price == price and each.step >= since]
            held = [metadata for metadata in said if _same(gives, metadata)]
            if not held:
                return f"order {order['id']} freezes {gives} of {price}, which never said so: {said}"
            lines[price] = held[0]
        return None


def _same(gives: Mapping[str, Any], metadata: Mapping[str, str]) -> bool:
    return all(str(gives.get(stored) or "") == metadata.get(name, "") for name, stored in _GIVES.items())
