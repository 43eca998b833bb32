"""What every function that converges is built of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing.adapters.dynamodb.account_store import DynamoAccounts
from billing.adapters.dynamodb.event_store import DynamoEvents
from billing.adapters.stripe_api.reader import StripeReads
from billing.adapters.system import SystemClock, SystemRandomness
from billing.bootstrap.stored import access_policy, dynamodb
from billing.config import Policy, Tables
from billing.observability import log, metrics
from billing.services.converge import ConvergeDeps

if TYPE_CHECKING:
    import stripe


def converge_deps(tables: Tables, client: stripe.StripeClient, policy: Policy, *, livemode: bool) -> ConvergeDeps:
    """The world of a converge."""
    return ConvergeDeps(
        accounts=DynamoAccounts(dynamodb(), tables),
        events=DynamoEvents(dynamodb(), tables),
        stripe=StripeReads(client, policy.levels, livemode=livemode),
        clock=SystemClock(),
        random=SystemRandomness(),
        log=log(),
        metrics=metrics(),
        policy=access_policy(policy),
    )
