"""What an account remembers of a subscription, to be held against what Stripe tells of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from billing.domain.paid_through import Period
from billing.domain.snapshot import SubscriptionItem
from billing.domain.subscription import SubscriptionState, state_of
from tests.fakes.snapshots import DAY, NOW, POLICY, PRICES, a_subscription, an_invoice


def remembered(**given: Any) -> SubscriptionState:
    """What the account keeps of the subscription after its first invoice was paid."""
    truth = a_subscription(**given)
    return state_of(truth, None, [an_invoice()], PRICES, POLICY.levels)


def known_paid(days: int | None, *items: SubscriptionItem) -> SubscriptionState:
    """Its items, each paid for so many days; None for nothing."""
    return but_paid(remembered(items=items or a_subscription().items), None if days is None else NOW + days * DAY)


def but_paid(state: SubscriptionState, until: datetime | None) -> SubscriptionState:
    paid = None if until is None else Period(until - 30 * DAY, until)
    return replace(state, items=tuple(replace(item, paid=paid) for item in state.items))
