"""Bodies of the customer portal and of plan changes."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, model_validator

from billing.api_models.account import EntitlementAnswer, SubscriptionAnswer
from billing.api_models.base import Answer, Id, Moment, Request, Time
from billing.api_models.checkout import NamedPrice, Quantity

type Flow = Literal["payment_method_update", "subscription_cancel", "subscription_update"]
type PortalLocale = Literal[
    "auto", "bg", "cs", "da", "de", "el", "en", "en-AU", "en-CA", "en-GB", "en-IE", "en-IN", "en-NZ", "en-SG", "es",
    "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb",
    "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW",
]  # fmt: skip
"""https://docs.stripe.com/api/customer_portal/sessions/create#create_portal_session-locale"""


class PortalBody(Request):
    """`POST /portal/sessions`: nothing opens the portal's front page."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"subscriptionId": {"type": "null"}}},
                {
                    "required": ["flow"],
                    "properties": {"flow": {"enum": ["subscription_cancel", "subscription_update"]}},
                },
            ]
        }
    )

    flow: Flow | None = None
    subscription_id: Id | None = None
    locale: PortalLocale | None = None

    @model_validator(mode="after")
    def _about_a_subscription(self) -> PortalBody:
        if self.subscription_id is not None and self.flow not in ("subscription_cancel", "subscription_update"):
            raise ValueError("subscriptionId goes with the flows subscription_cancel and subscription_update")
        return self


class PortalAnswer(Answer):
    """`201` of `POST /portal/sessions`: whoever has the address gets in with it, for a few minutes."""

    url: str


class PreviewBody(NamedPrice):
    """`POST /subscriptions/change/preview`: a price, and how many; without `quantity` as many as now."""

    subscription_id: Id | None = None
    quantity: Quantity | None = None

    @model_validator(mode="after")
    def _one_price(self) -> PreviewBody:
        self._check_name()
        return self


class ChangeBody(PreviewBody):
    """`POST /subscriptions/change`: as the preview, with the moment that it named."""

    proration_date: Moment | None = None


class BilledLineAnswer(Answer):
    """A line of the invoice that a change makes; `amount` is negative where money is credited."""

    description: str
    amount: int
    proration: bool
    period_start: Time
    period_end: Time


class PreviewAnswer(Answer):
    """`200` of the preview: what is due at once, and what each period costs afterwards, in minor units.

    Both are after discounts, taxes and the customer's balance, as Stripe would bill them.
    """

    subscription_id: str
    price_id: str
    quantity: int
    currency: str
    amount_due_now: int
    lines: list[BilledLineAnswer]
    next_period_amount: int
    proration_date: Time
    expires_at: Time


class ChangeAnswer(Answer):
    """`200` of a change, or `202` while its payment is required: `hostedInvoiceUrl` is where it can be made.

    The plan is the old one until then; Stripe drops the change at `expiresAt`.
    """

    status: Literal["changed", "unchanged", "payment_required"]
    subscription: SubscriptionAnswer | None
    entitlements: EntitlementAnswer
    hosted_invoice_url: str | None
    expires_at: Time | None
