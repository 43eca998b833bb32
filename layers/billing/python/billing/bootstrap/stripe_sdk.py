"""Stripe's client, for every function that asks Stripe."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from billing.adapters.secrets_manager import secret_text
from billing.adapters.stripe_api.client import stripe_client
from billing.bootstrap.world import secrets_manager
from billing.config import StripeAccess
from billing.observability import metrics

if TYPE_CHECKING:
    import stripe


def stripe_sdk(access: StripeAccess) -> stripe.StripeClient:
    """The Stripe client of this process: the same one until the secret holds another key.

    Each invocation asks anew, and what it builds of the client is kept for as long as the client is: a process may
    outlive its key, and Stripe answers one that was deleted or has expired with an authentication error
    (https://docs.stripe.com/keys).
    """
    return _client(access, secret_text(secrets_manager(), access.key_secret, "key"))


@lru_cache(maxsize=1)
def _client(access: StripeAccess, key: str) -> stripe.StripeClient:
    return stripe_client(access, key, metrics())
