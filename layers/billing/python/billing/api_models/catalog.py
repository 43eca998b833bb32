"""The body of the catalog."""

from __future__ import annotations

from typing import Literal

from pydantic import (
    Field,
)

from billing.api_models.base import Answer


class GivesAnswer(Answer):
    """What one unit of a price gives."""

    credits: int | None
    credits_expire_days: int | None
    level: str | None
    level_days: int | None
    plan: str | None
    plan_group: str | None


class CurrencyAnswer(Answer):
    """A price in another currency than its own."""

    currency: str
    unit_amount: int


class PriceAnswer(Answer):
    """A price that is for sale."""

    price_id: str
    lookup_key: str | None
    product_id: str
    product_name: str
    description: str | None
    unit_amount: int
    currency: str
    type: Literal["one_time", "recurring"]
    interval: str | None
    interval_count: int | None
    currencies: list[CurrencyAnswer]
    gives: GivesAnswer


class CatalogAnswer(Answer):
    """`GET /catalog`."""

    prices: list[PriceAnswer] = Field(default_factory=list)
