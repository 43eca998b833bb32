"""What a price gives, read from Stripe's own metadata.

Metadata of the price speaks alone when it carries any of the catalog's keys; else that of its product does. So one
product can hold what all of its prices share, and a price can say something else without half of it leaking in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.domain.ids import PriceId

KEYS = ("credits_amount", "credits_expire_days", "entitlement_level", "entitlement_days", "plan", "plan_group")
DEFAULT_GROUP = "default"
"""The plan group of a recurring price that names none: whoever sells one line of plans never hears of groups."""
_MOST_CREDITS = 1_000_000_000
_MOST_DAYS = 3650
_LONGEST_NAME = 40
_GROUP = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)  # part of a key in DynamoDB (failure-modes S25)


@dataclass(frozen=True, slots=True)
class Gives:
    """What one unit of a price gives. Credits are whole numbers, days run from the payment."""

    credits: int = 0
    credits_expire_days: int | None = None
    level: str | None = None
    level_days: int | None = None
    plan: str | None = None
    plan_group: str | None = None
    """The plans of a group exclude each other; None is the default group."""

    @property
    def group(self) -> str:
        """The plan group, by name: a user has at most one live subscription in each (money rule 22)."""
        return self.plan_group or DEFAULT_GROUP

    @property
    def nothing(self) -> bool:
        """True when buying this would give neither credits nor a level."""
        return self.credits == 0 and self.level is None


METERED = "metered"
"""What `Price.barred` says of a price that is billed by usage."""


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
    """Minor units of the currency; None for a price that `barred` tells of."""
    interval: str | None
    """`day`, `week`, `month` or `year` of a recurring price; None of a one-time one."""
    gives: Gives
    problem: str | None = None
    """Why the metadata can't be used; such a price is never sold and never grants."""
    broken_key: str | None = None
    """The metadata key that the problem lies in."""
    options: Mapping[str, int] = field(default_factory=dict)
    """Unit amounts in the other currencies of the price, in minor units of each
    (https://docs.stripe.com/payments/checkout/localize-prices/manual-currency-prices)."""
    interval_count: int = 1
    """How many intervals a period has: 3 of a price that is billed each quarter."""
    barred: str | None = None
    """Why an order can't carry the price, in a word: `metered`, `tiered`, `custom_amount`, `packaged`, `fractional`."""

    @property
    def recurring(self) -> bool:
        """Whether this price starts a subscription."""
        return self.interval is not None

    def amount_in(self, currency: str) -> int | None:
        """The unit amount in a currency, in its minor units; None when the price has none in it."""
        return self.unit_amount if currency == self.currency else self.options.get(currency)

    @property
    def sellable(self) -> bool:
        """Whether a checkout may sell it: active, with an amount, and metadata that gives something."""
        return self.active and self.problem is None and self.unit_amount is not None and not self.gives.nothing


class BrokenMetadata(ValueError):
    """Metadata that names one of the catalog's keys, `key`, with a value that can't be meant."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(f"{key} {what}")
        self.key = key


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
        sold = ", ".join(levels[1:]) or "those that can be sold, since there is only the lowest"
        raise BrokenMetadata("entitlement_level", f"{level[:_LONGEST_NAME]!r} is none of {sold}")
    gives = Gives(
        credits=credits or 0,
        credits_expire_days=_whole(metadata, "credits_expire_days", _MOST_DAYS),
        level=level,
        level_days=_whole(metadata, "entitlement_days", _MOST_DAYS),
        plan=_name(metadata, "plan"),
        plan_group=group_named(metadata),
    )
    if gives.credits_expire_days is not None and credits is None:
        raise BrokenMetadata("credits_expire_days", "without credits_amount")
    if gives.level_days is not None and level is None:
        raise BrokenMetadata("entitlement_days", "without entitlement_level")
    return gives


def group_named(metadata: Mapping[str, str]) -> str | None:
    """The plan group that metadata names, if it does; raise BrokenMetadata for what is no name of one."""
    text = metadata.get("plan_group")
    if text is not None and not _GROUP.fullmatch(text):
        raise BrokenMetadata("plan_group", f"must be 1 to {_LONGEST_NAME} of a-z, 0-9, _ and -")
    return text


def _whole(metadata: Mapping[str, str], key: str, most: int) -> int | None:
    text = metadata.get(key)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 0 < int(text) <= most):
        raise BrokenMetadata(key, f"must be a whole number from 1 to {most}")
    return int(text)


def _name(metadata: Mapping[str, str], key: str) -> str | None:
    text = metadata.get(key)
    if text is not None and not (0 < len(text) <= _LONGEST_NAME and text.isprintable()):
        raise BrokenMetadata(key, f"must be 1 to {_LONGEST_NAME} printable characters")
    return text
