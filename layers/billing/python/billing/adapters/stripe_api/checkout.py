"""Making customers and checkout sessions. Every URL is built here from configured origins (failure-modes S12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import stripe

from billing.adapters.stripe_api import shapes
from billing.adapters.stripe_api.client import created_once, translated
from billing.adapters.stripe_api.fields import reading
from billing.adapters.stripe_api.objects import plain
from billing.adapters.stripe_api.parse import found_customer
from billing.adapters.stripe_api.session_params import ReturnPages, session_params
from billing.domain.ids import CUSTOMER_ID, SESSION_ID, CustomerId, SessionId, UserId, fits, required, unix_time
from billing.domain.order import Order
from billing.errors import StripeRefused
from billing.ports.stripe import FoundCustomer, OpenSession

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams

_MOST = 100
"""Customers of one address that are looked at, the newest: Stripe's largest page."""


class StripeSessions:
    """The StripeCheckout port over the SDK. `api_url` may be empty: the buyer then returns to the app directly."""

    def __init__(self, client: stripe.StripeClient, app_url: str, api_url: str) -> None:
        self._api = client.v1
        page = f"{api_url}/checkout/success" if api_url else f"{app_url}/checkout/return"
        # Stripe puts the id in: https://docs.stripe.com/payments/checkout/custom-success-page
        self._pages = ReturnPages(f"{page}?session_id={{CHECKOUT_SESSION_ID}}", f"{app_url}/checkout/canceled")

    def customers_of(self, email: str) -> Sequence[FoundCustomer]:
        """See StripeCheckout. The list filters exactly and at once; the search API does neither. Left out is who has an
        id that can't be part of a key.
        """
        with reading("list", {}), translated():
            found = self._api.customers.list({"email": email, "limit": _MOST, "expand": ["data.subscriptions"]})
            return [found_customer(plain(item)) for item in found.data if fits(item.id, CUSTOMER_ID)]

    def create_customer(self, user: UserId, email: str | None, key: str) -> CustomerId:
        """See StripeCheckout."""
        params: CustomerCreateParams = {"metadata": {"user_id": user}}
        if email is not None:
            params["email"] = email
        with translated():
            made = plain(created_once(lambda key: self._api.customers.create(params, {"idempotency_key": key}), key))
        with reading("customer", made):
            return CustomerId(required(made["id"], CUSTOMER_ID, "id"))

    def create_session(self, order: Order, customer: CustomerId, key: str) -> OpenSession:
        """See StripeCheckout."""
        params = session_params(order, customer, self._pages)
        with translated():
            made = plain(
                created_once(lambda key: self._api.checkout.sessions.create(params, {"idempotency_key": key}), key)
            )
        with reading("checkout session", made):
            shapes.check(shapes.OPENED, made)
            return OpenSession(
                id=SessionId(required(made["id"], SESSION_ID, "id")),
                url=made["url"],
                client_secret=made["client_secret"],
                expires_at=unix_time(made["expires_at"], "expires_at"),
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
