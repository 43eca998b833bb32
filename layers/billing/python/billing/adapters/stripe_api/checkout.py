"""Making customers and checkout sessions. Every URL is built here from configured origins (failure-modes S12)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import stripe

from billing.adapters.stripe_api.client import created_once, translated
from billing.adapters.stripe_api.reader import plain
from billing.domain.ids import CUSTOMER_ID, SESSION_ID, CustomerId, SessionId, UserId, required
from billing.domain.order import Order
from billing.errors import StripeRefused
from billing.ports.stripe import OpenSession

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams
    from stripe.params.checkout import SessionCreateParams


class StripeSessions:
    """The StripeCheckout port over the SDK. `api_url` may be empty: the buyer then returns to the app directly."""

    def __init__(self, client: stripe.StripeClient, app_url: str, api_url: str) -> None:
        self._api = client.v1
        page = f"{api_url}/checkout/success" if api_url else f"{app_url}/checkout/return"
        # Stripe puts the id in: https://docs.stripe.com/payments/checkout/custom-success-page
        self._success = f"{page}?session_id={{CHECKOUT_SESSION_ID}}"
        self._cancel = f"{app_url}/checkout/canceled"

    def create_customer(self, user: UserId, email: str | None, key: str) -> CustomerId:
        """See StripeCheckout."""
        params: CustomerCreateParams = {"metadata": {"user_id": user}}
        if email is not None:
            params["email"] = email
        with translated():
            made = created_once(lambda key: self._api.customers.create(params, {"idempotency_key": key}), key)
        return CustomerId(required(made.id, CUSTOMER_ID, "id"))

    def create_session(self, order: Order, customer: CustomerId, key: str) -> OpenSession:
        """See StripeCheckout. Owner and order go into the metadata of everything that the session will make.

        Metadata of a session reaches neither its payment intent nor its subscription by itself.
        """
        # the order's id is also what joins the log lines of all hops of a purchase
        metadata = {"user_id": order.user, "order_id": order.id, "correlation_id": order.id}
        params: SessionCreateParams = {
            "mode": "subscription" if order.mode == "subscription" else "payment",
            "customer": customer,
            # without it Stripe may sell a price of several currencies in the buyer's own, which was not ordered
            # (https://docs.stripe.com/payments/checkout/localize-prices/manual-currency-prices)
            "currency": order.currency,
            "client_reference_id": order.id,
            "line_items": [{"price": line.price_id, "quantity": line.quantity} for line in order.lines],
            "success_url": self._success,
            "cancel_url": self._cancel,
            "expires_at": int(order.expires_at.timestamp()),
            "metadata": metadata,
        }
        if order.mode == "subscription":
            params["subscription_data"] = {"metadata": metadata}
        else:
            params["payment_intent_data"] = {"metadata": metadata}
        with translated():
            made = plain(
                created_once(lambda key: self._api.checkout.sessions.create(params, {"idempotency_key": key}), key)
            )
        return OpenSession(
            id=SessionId(required(made["id"], SESSION_ID, "id")),
            url=made["url"],
            expires_at=datetime.fromtimestamp(made["expires_at"], tz=UTC),
        )

    def is_open(self, session: SessionId) -> bool:
        """See StripeCheckout."""
        with translated():
            return self._api.checkout.sessions.retrieve(session).status == "open"

    def expire_session(self, session: SessionId) -> bool:
        """See StripeCheckout."""
        try:
            with translated():
                self._api.checkout.sessions.expire(session)
        except StripeRefused:
            return False
        return True
