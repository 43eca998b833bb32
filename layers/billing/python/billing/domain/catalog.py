"""What a price gives, read from Stripe's own metadata.

Metadata of the price speaks alone when it carries any of the catalog's keys; else that of its product does. So one
product can hold what all of its prices share, and a price can say something else without half of it leaking in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.domain.ids import PriceId

KEYS = ("credits_amount", "credits_expire_days", "entitlement_level", "entitlement_days", "plan")
_MOST_CREDITS = 1_000_000_000
_MOST_DAYS = 3650
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Gives:
    """What one unit of a price gives. Credits are whole numbers, days run from the payment."""

    credits: int = 0
    credits_expire_days: int | None = None
    level: str | None = None
    level_days: int | None = None
    plan: str | None = None

    @property
    def nothing(self) -> bool:
        """True when buying this would give neither credits nor a level."""
        return self.credits == 0 and self.level is None


@dataclass(frozen=True, slots=True)
class Price:
    """A price of Stripe with what it gives, or with what is wrong with its metadata."""

    id: PriceId
    lookup_key: str | None
    product_id: str
    product_name: str
    description: str | None
    active: bool
    currency: str
    unit_amount: int | None
    """Minor units of the currency; None for tiered and other prices that a one-line order can't carry."""
    interval: str | None
    """`day`, `week`, `month` or `year` of a recurring price; None of a one-time one."""
    gives: Gives
    problem: str | None = None
    """Why the metadata can't be used; such a price is never sold and never grants."""

    @property
    def recurring(self) -> bool:
        """Whether this price starts a subscription."""
        return self.interval is not None


class BrokenMetadata(ValueError):
    """Metadata that names one of the catalog's keys with a value that can't be meant."""


def speaking_metadata(price: Mapping[str, str], product: Mapping[str, str]) -> Mapping[str, str]:
    """The one of the two that says what the price gives."""
    return price if any(key in price for key in KEYS) else product


def parse_gives(metadata: Mapping[str, str], levels: tuple[str, ...]) -> Gives:
    """Read what a price gives; raise BrokenMetadata with the key and what is wrong with it.

    `levels` are the configured ones: a level that nobody ranks could never speak, so it is refused here.
    """
    credits = _whole(metadata, "credits_amount", _MOST_CREDITS)
    level = metadata.get("entitlement_level")
    if level is not None and level not in levels[1:]:
        raise BrokenMetadata(f"entitlement_level {level[:_LONGEST_NAME]!r} is none of {', '.join(levels[1:])}")
    gives = Gives(
        credits=credits or 0,
        credits_expire_days=_whole(metadata, "credits_expire_days", _MOST_DAYS),
        level=level,
        level_days=_whole(metadata, "entitlement_days", _MOST_DAYS),
        plan=_name(metadata, "plan"),
    )
    if gives.credits_expire_days is not None and credits is None:
        raise BrokenMetadata("credits_expire_days without credits_amount")
    if gives.level_days is not None and level is None:
        raise BrokenMetadata("entitlement_days without entitlement_level")
    return gives


def _whole(metadata: Mapping[str, str], key: str, most: int) -> int | None:
    text = metadata.get(key)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 0 < int(text) <= most):
        raise BrokenMetadata(f"{key} must be a whole number from 1 to {most}")
    return int(text)


def _name(metadata: Mapping[str, str], key: str) -> str | None:
    text = metadata.get(key)
    if text is not None and not (0 < len(text) <= _LONGEST_NAME and text.isprintable()):
        raise BrokenMetadata(f"{key} must be 1 to {_LONGEST_NAME} printable characters")
    return text
