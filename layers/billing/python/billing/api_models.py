"""The bodies of the HTTP API: what is accepted and what is answered. JSON names are camelCase, times ISO 8601 UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel


def _to_the_second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


_Time = Annotated[
    datetime,
    PlainSerializer(_to_the_second, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""In UTC, to the second: a ledger entry's own time has a fraction, which not every client can read."""
_Id = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255)]


class Request(BaseModel):
    """Base of the bodies we accept: unknown fields are refused, and nothing is converted silently."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, frozen=True)


class Answer(BaseModel):
    """Base of the bodies we answer."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class CheckoutBody(Request):
    """`POST /checkout/sessions`: a price by id or by lookup key, and how many."""

    price_id: _Id | None = None
    lookup_key: _Id | None = None
    quantity: int = 1

    @model_validator(mode="after")
    def _one_price(self) -> CheckoutBody:
        if (self.price_id is None) == (self.lookup_key is None):
            raise ValueError("give either priceId or lookupKey")
        return self


class CheckoutAnswer(Answer):
    """`201` of `POST /checkout/sessions`."""

    session_id: str
    url: str
    expires_at: _Time


class SuccessBody(Request):
    """`POST /checkout/success`."""

    session_id: _Id


class CreditsAnswer(Answer):
    """Credits: `balance` may be negative, `available` is what can be spent."""

    balance: int
    available: int


class LotAnswer(Answer):
    """One grant of credits and what is left of it."""

    purchase: str
    granted: int
    left: int
    expires_at: _Time | None


class CreditsDetail(CreditsAnswer):
    """`GET /credits`."""

    lots: list[LotAnswer]


class EntitlementAnswer(Answer):
    """A level, and when it ends; null has no end in sight."""

    level: str
    expires_at: _Time | None


class SubscriptionAnswer(Answer):
    """A subscription that has not ended."""

    subscription_id: str
    status: str
    price_id: str
    plan: str | None
    level: str | None
    current_period_end: _Time
    cancel_at_period_end: bool


class AccountAnswer(Answer):
    """`GET /account`: everything in one read."""

    user_id: str
    email: str | None
    credits: CreditsAnswer
    entitlements: EntitlementAnswer
    subscriptions: list[SubscriptionAnswer]
    version: int


class PurchaseLine(Answer):
    """A line of a purchase: `credits` and `level` are what all of its units give."""

    price_id: str
    name: str
    quantity: int
    unit_amount: int | None
    credits: int
    level: str | None


class PurchaseAnswer(Answer):
    """A purchase: `amountTotal` in minor units is null until it is paid."""

    session_id: str
    order_id: str | None
    mode: str
    amount_total: int | None
    currency: str
    paid_at: _Time | None
    lines: list[PurchaseLine]
    credits_granted: int


class SuccessAnswer(Answer):
    """`200` or `202` (processing) of `POST /checkout/success`.

    `review`: it was paid, but what was paid is not what was ordered; nothing is granted until a person has looked.
    """

    status: Literal["open", "processing", "paid", "expired", "failed", "review"]
    purchase: PurchaseAnswer
    credits: CreditsAnswer
    entitlements: EntitlementAnswer


class TransactionAnswer(Answer):
    """A ledger entry. Entries of kind ACCESS have amount 0 and say in `reason` what changed."""

    id: str
    kind: str
    amount: int
    balance_after: int
    created_at: _Time
    stripe_object: str | None
    event_id: str | None
    actor: str
    reason: str


class TransactionsAnswer(Answer):
    """`GET /credits/transactions`: a page, newest first; `nextCursor` null ends the list."""

    transactions: list[TransactionAnswer]
    next_cursor: str | None


class GivesAnswer(Answer):
    """What one unit of a price gives."""

    credits: int | None
    credits_expire_days: int | None
    level: str | None
    level_days: int | None
    plan: str | None


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
    gives: GivesAnswer


class CatalogAnswer(Answer):
    """`GET /catalog`."""

    prices: list[PriceAnswer] = Field(default_factory=list)
