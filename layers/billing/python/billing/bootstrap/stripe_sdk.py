"""Stripe's client, for every function that asks Stripe."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from billing.adapters.stripe_api.client import stripe_client
from billing.bootstrap.world import secret_text
from billing.config import StripeAccess

if TYPE_CHECKING:
    import stripe


@cache
def stripe_sdk(access: StripeAccess) -> stripe.StripeClient:
    """The Stripe client of this process."""
    return stripe_client(access, secret_text(access.key_secret, "key"))
