"""What Stripe is told of an order: the parameters of its checkout session, and of everything the session will make.

They follow from the order and the configured origins alone, so that whoever resumes the order sends the same ones under
its idempotency key (failure-modes F25). What is Stripe's default is left out.
https://docs.stripe.com/api/checkout/sessions/create
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing.domain.ids import CustomerId
from billing.domain.order import Order
from billing.domain.terms import EMBEDDED

if TYPE_CHECKING:
    from stripe.params.checkout import SessionCreateParams

_LONGEST_VALUE = 500
"""Of metadata: https://docs.stripe.com/api/metadata."""


@dataclass(frozen=True, slots=True)
class ReturnPages:
    """Where the buyer goes afterwards: built of configured origins, nothing of a request is in it (S12)."""

    success: str
    cancel: str


def session_params(order: Order, customer: CustomerId, pages: ReturnPages) -> SessionCreateParams:
    """All parameters of the session."""
    params: SessionCreateParams = {
        "mode": "subscription" if order.mode == "subscription" else "payment",
        "customer": customer,
        # without it Stripe may sell a price of several currencies in the buyer's own, which was not ordered
        # (https://docs.stripe.com/payments/checkout/localize-prices/manual-currency-prices)
        "currency": order.currency,
        "client_reference_id": order.id,
        "line_items": [{"price": line.price_id, "quantity": line.quantity} for line in order.lines],
        "expires_at": int(order.expires_at.timestamp()),
        "metadata": _metadata(order),
    }
    _page(params, order, pages)
    _collected(params, order)
    if order.mode == "subscription":
        _of_subscription(params, order)
    else:
        _of_payment(params, order)
    return params


def _metadata(order: Order) -> dict[str, str]:
    """Hints for people and for a look-up, never believed when they come back (S14, F35).

    The order's id is also what joins the log lines of all hops of a purchase.
    """
    metadata = {"user_id": order.user, "order_id": order.id, "correlation_id": order.id}
    plans = dict.fromkeys(line.gives.plan for line in order.lines if line.gives.plan)
    if plans:
        metadata["plan"] = ", ".join(plans)[:_LONGEST_VALUE]
    if order.email is not None:
        metadata["email"] = order.email
    return metadata


def _page(params: SessionCreateParams, order: Order, pages: ReturnPages) -> None:
    """An embedded page has one way back, for success; a buyer who gives up stays on the app's own page."""
    if order.terms.ui_mode == EMBEDDED:
        params["ui_mode"] = "embedded_page"
        params["return_url"] = pages.success
    else:
        params["success_url"] = pages.success
        params["cancel_url"] = pages.cancel
    if order.terms.locale != "auto":
        params["locale"] = order.terms.locale


def _collected(params: SessionCreateParams, order: Order) -> None:
    if order.terms.promotion_codes:
        params["allow_promotion_codes"] = True
    if order.terms.automatic_tax:
        params["automatic_tax"] = {"enabled": True}
        # tax of a customer that exists is computed by its saved address, so the page must be allowed to save one
        # (https://docs.stripe.com/tax/checkout#existing-customers)
        params["customer_update"] = {"address": "auto"}
    if order.terms.billing_address != "auto":
        params["billing_address_collection"] = "required"


def _of_subscription(params: SessionCreateParams, order: Order) -> None:
    """Metadata of a session reaches neither its subscription nor its payment intent by itself."""
    params["subscription_data"] = {"metadata": _metadata(order)}
    if order.terms.trial_days:
        params["subscription_data"]["trial_period_days"] = order.terms.trial_days
    if order.terms.trial_without_card:
        # https://docs.stripe.com/payments/checkout/free-trials#create-free-trials-without-payment
        params["payment_method_collection"] = "if_required"
        params["subscription_data"]["trial_settings"] = {"end_behavior": {"missing_payment_method": "cancel"}}


def _of_payment(params: SessionCreateParams, order: Order) -> None:
    params["payment_intent_data"] = {"metadata": _metadata(order)}
    if order.terms.receipt and order.email is not None:
        params["payment_intent_data"]["receipt_email"] = order.email
    if order.terms.invoice:
        params["invoice_creation"] = {"enabled": True, "invoice_data": {"metadata": _metadata(order)}}
