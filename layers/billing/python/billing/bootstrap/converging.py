"""What every function that converges is built of."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from billing.adapters.dynamodb.account_store import DynamoAccounts
from billing.adapters.dynamodb.event_store import DynamoEvents
from billing.adapters.stripe_api.client import stripe_client
from billing.adapters.stripe_api.reader import StripeReads
from billing.adapters.system import SystemClock, SystemRandomness
from billing.bootstrap.stored import access_policy, dynamodb
from billing.bootstrap.world import secret_text
from billing.config import Policy, StripeAccess, Tables
from billing.observability import log, metrics
from billing.services.converge import ConvergeDeps

if TYPE_CHECKING:
    import stripe


@cache
def stripe_sdk(access: StripeAccess) -> stripe.StripeClient:
    """The Stripe client of this process."""
    return stripe_client(access, secret_text(access.key_secret, "key"))


def converge_deps(tables: Tables, access: StripeAccess, policy: Policy) -> ConvergeDeps:
    """The world of a converge."""
    return ConvergeDeps(
        accounts=DynamoAccounts(dynamodb(), tables),
        events=DynamoEvents(dynamodb(), tables),
        stripe=StripeReads(stripe_sdk(access), policy.levels),
        clock=SystemClock(),
        random=SystemRandomness(),
        log=log(),
        metrics=metrics(),
        policy=access_policy(policy),
    )
