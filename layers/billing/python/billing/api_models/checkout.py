"""Bodies of the checkout routes."""

from __future__ import annotations

from typing import Literal

from pydantic import (
    model_validator,
)

from billing.api_models.account import EntitlementAnswer
from billing.api_models.base import Answer, Id, Request, Time
from billing.api_models.credits import CreditsAnswer


class CheckoutBody(Request):
    """`POST /checkout/sessions`: a price by id or by lookup key, and how many."""

    price_id: Id | None = None
    lookup_key: Id | None = None
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
    expires_at: Time


class SuccessBody(Request):
    """`POST /checkout/success`."""

    session_id: Id


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
    paid_at: Time | None
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
