"""How things are sold: what the owner of an installation decided, and what of it one order holds.

The terms are frozen into the order, like its lines: whoever resumes it must send Stripe the very same parameters, or
its idempotency key would stand for another request (failure-modes F25).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

HOSTED = "hosted"
EMBEDDED = "embedded"
LOCALES = (
    *("auto", "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hi-IN"),
    *("hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk"),
    *("sl", "sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW"),
)
"""Languages of Checkout's page (https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-locale)."""


@dataclass(frozen=True, slots=True)
class SellingPolicy:
    """What the owner of this installation decided about selling. Everything that costs or waives money is off."""

    max_quantity: int = 100
    """Of one line."""
    promotion_codes: bool = False
    automatic_tax: bool = False
    trial_days: int = 0
    """Of a user's first subscription in each plan group; 0 is none."""
    trial_without_card: bool = False
    billing_address: str = "auto"
    """Stripe's `auto` or `required`."""
    receipts: bool = False
    """Stripe mails a receipt for a one-time payment to the verified address of the token."""
    invoices: bool = False
    """Stripe makes an invoice for a one-time payment; a subscription has them anyway."""
    locale: str = "auto"
    checkouts_an_hour: int = 0
    """That one user may ask for (S22); 0 sets no limit."""
    adopt_customers: bool = False
    """A user's first checkout takes over a customer of Stripe that has the user's verified address (money rule 23)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How one order is sold. The defaults are Stripe's own."""

    ui_mode: str = HOSTED
    locale: str = "auto"
    promotion_codes: bool = False
    automatic_tax: bool = False
    trial_days: int = 0
    trial_without_card: bool = False
    billing_address: str = "auto"
    receipt: bool = False
    invoice: bool = False

    def without_trial(self) -> Terms:
        """The same for a user who has had a subscription in the group before."""
        return replace(self, trial_days=0, trial_without_card=False)


def terms_of(policy: SellingPolicy, mode: str, ui_mode: str, locale: str | None, email: str | None) -> Terms:
    """The terms of an order by this policy; a trial is in them as if it were the user's first subscription.

    `email` is the address of the token if it is verified: only there may a receipt go.
    """
    plan = mode == "subscription"
    return Terms(
        ui_mode=ui_mode,
        locale=locale or policy.locale,
        promotion_codes=policy.promotion_codes,
        automatic_tax=policy.automatic_tax,
        trial_days=policy.trial_days if plan else 0,
        trial_without_card=plan and policy.trial_days > 0 and policy.trial_without_card,
        billing_address=policy.billing_address,
        receipt=policy.receipts and not plan and email is not None,
        invoice=policy.invoices and not plan,
    )
