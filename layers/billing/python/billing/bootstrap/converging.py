"""What every function that converges is built of."""

from __future__ import annotations

from billing.adapters.dynamodb.account_store import DynamoAccounts
from billing.adapters.dynamodb.event_store import DynamoEvents
from billing.adapters.stripe_api.reader import StripeReads
from billing.adapters.system import SystemClock, SystemRandomness
from billing.bootstrap.stored import access_policy, dynamodb
from billing.bootstrap.stripe_sdk import stripe_sdk
from billing.config import Policy, StripeAccess, Tables
from billing.observability import log, metrics
from billing.services.converge import ConvergeDeps


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
