"""Bodies of the checkout routes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict, JsonValue

from billing.api_models.account import EntitlementAnswer
from billing.api_models.base import Answer, Id, Request, Time
from billing.api_models.credits import CreditsAnswer

Currency = Annotated[str, StringConstraints(strict=True, pattern="^[a-z]{3}$")]
Interval = Literal["day", "week", "month", "year", "one_time"]
Locale = Literal[
    "auto", "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hi-IN",
    "hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk",
    "sl", "sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW",
]  # fmt: skip
"""Stripe's list: https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-locale."""
_MOST_LINES = 20
"""Lines with recurring prices that Stripe takes in one session."""
_NAMES = ("priceId", "lookupKey", "plan", "entitlementLevel")
Quantity = Annotated[int, Field(json_schema_extra={"minimum": 1})]
"""The most is a setting, so that a quantity out of range is no misfit: it has a code of its own."""


def _named_by(name: str, *absent: str) -> JsonDict:
    """Of the four names, just this one; what `_check_name` asks for, as JSON Schema says it."""
    others = [other for other in _NAMES if other != name] + list(absent)
    if name in ("priceId", "lookupKey"):
        others.append("interval")
    nothing: JsonDict = {other: {"type": "null"} for other in others}
    return {"required": [name], "properties": {name: {"type": "string"}, **nothing}}


_NO_NAME: JsonDict = {name: {"type": "null"} for name in (*_NAMES, "interval")}
_ITEMS: JsonDict = {
    "required": ["items"],
    "properties": {"items": {"type": "array"}, "quantity": False, **_NO_NAME},
}
_ONE_NAME: list[JsonValue] = [_named_by(name) for name in _NAMES]
_ONE_NAME_OR_ITEMS: list[JsonValue] = [*(_named_by(name, "items") for name in _NAMES), _ITEMS]


class NamedPrice(Request):
    """A price by exactly one of its id, its lookup key, or the plan or level that it gives.

    `interval` narrows a plan or a level of which there are several prices.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": _ONE_NAME})

    price_id: Id | None = None
    lookup_key: Id | None = None
    plan: Id | None = None
    entitlement_level: Id | None = None
    interval: Interval | None = None

    @property
    def _names(self) -> int:
        return sum(name is not None for name in (self.price_id, self.lookup_key, self.plan, self.entitlement_level))

    def _check_name(self) -> None:
        if self._names != 1:
            raise ValueError("give one of priceId, lookupKey, plan and entitlementLevel")
        if self.interval is not None and self.plan is None and self.entitlement_level is None:
            raise ValueError("interval narrows a plan or an entitlementLevel")


class CheckoutItem(NamedPrice):
    """A line of an order: a price, and how many."""

    quantity: Quantity = 1

    @model_validator(mode="after")
    def _one_price(self) -> CheckoutItem:
        self._check_name()
        return self


class CheckoutBody(NamedPrice):
    """`POST /checkout/sessions`: a price and how many, or several as `items`.

    `currency` is one of the prices' currencies, in lower case; without it, the prices' own.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": _ONE_NAME_OR_ITEMS,
            "examples": [{"lookupKey": "credits_500", "quantity": 1}, {"plan": "pro", "interval": "month"}],
        }
    )

    quantity: Quantity = 1
    items: Annotated[list[CheckoutItem], Field(min_length=1, max_length=_MOST_LINES)] | None = None
    currency: Currency | None = None
    locale: Locale | None = None
    ui_mode: Literal["hosted", "embedded"] = "hosted"

    @model_validator(mode="after")
    def _one_price_or_items(self) -> CheckoutBody:
        if self.items is None:
            self._check_name()
        elif self._names or self.interval is not None or "quantity" in self.model_fields_set:
            raise ValueError("give one price or items, not both")
        return self

    @property
    def lines(self) -> list[CheckoutItem]:
        """The lines, also of a body that names one price."""
        if self.items is not None:
            return self.items
        single = CheckoutItem.model_fields.keys()
        return [CheckoutItem.model_validate(self.model_dump(include=set(single), by_alias=True))]


class CheckoutAnswer(Answer):
    """`201` of `POST /checkout/sessions`: `url` of a hosted page, or `clientSecret` of an embedded one."""

    session_id: str
    url: str | None
    client_secret: str | None
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
