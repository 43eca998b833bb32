"""A subscription as the account keeps it, and what access it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.domain.catalog import DEFAULT_GROUP, Price
from billing.domain.ids import CustomerId, PriceId, SubscriptionId
from billing.domain.snapshot import Invoice, Subscription

ENDED = frozenset({"canceled", "incomplete_expired"})
"""Statuses that a subscription never leaves: https://docs.stripe.com/billing/subscriptions/overview"""
NEVER_BEGAN = frozenset({"incomplete", "incomplete_expired"})
"""Statuses of a subscription whose first invoice was never paid."""


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """What the account remembers of a subscription that has not ended."""

    id: SubscriptionId
    customer: CustomerId
    status: str
    created: datetime
    price_id: PriceId
    quantity: int
    plan: str | None
    level: str | None
    period_end: datetime
    trial_end: datetime | None
    cancel_at_period_end: bool
    paid_through: datetime | None
    """The latest period end that a paid invoice covers; never the subscription's own period, which moves before the
    renewal is paid (money rule 21)."""
    groups: tuple[str, ...] = (DEFAULT_GROUP,)
    """The plan groups of its items, the speaking one's first: it stands in the way of another one in each of them."""

    @property
    def group(self) -> str:
        """The plan group of the item that speaks."""
        return self.groups[0]


@dataclass(frozen=True, slots=True)
class Span:
    """Access to a level until a time; `until` None has no end in sight."""

    level: str
    until: datetime | None


def state_of(
    truth: Subscription,
    known: SubscriptionState | None,
    invoices: Iterable[Invoice],
    prices: Mapping[PriceId, Price],
    ranks: tuple[str, ...],
) -> SubscriptionState:
    """What to remember of a subscription; `known` keeps a paid period that this snapshot does not show."""
    said = {item.price_id: _said(prices.get(item.price_id), known) for item in truth.items}
    speaking = max(truth.items, key=lambda item: (_rank(said[item.price_id][1], ranks), item.price_id))
    plan, level = said[speaking.price_id]
    groups = groups_of(truth, known, prices)
    paid = [paid_through(invoice) for invoice in invoices if invoice.subscription == truth.id]
    paid.append(known.paid_through if known else None)
    return SubscriptionState(
        id=truth.id,
        customer=truth.customer,
        status=truth.status,
        created=truth.created,
        price_id=speaking.price_id,
        quantity=speaking.quantity,
        plan=plan,
        level=level,
        period_end=speaking.period_end,
        trial_end=truth.trial_end,
        cancel_at_period_end=truth.cancel_at_period_end,
        paid_through=max((end for end in paid if end is not None), default=None),
        groups=tuple(dict.fromkeys([groups[speaking.price_id], *sorted(groups.values())])),
    )


def groups_of(
    truth: Subscription, known: SubscriptionState | None, prices: Mapping[PriceId, Price]
) -> dict[PriceId, str]:
    """The plan group of each item.

    A price that no catalog metadata speaks of belongs to the default group: what somebody sold by hand in the dashboard
    is the plan of this user as far as anybody knows. A `plan_group` that was broken by a later edit moves nobody.
    """
    groups = {}
    for item in truth.items:
        price = prices.get(item.price_id)
        if price is not None and price.broken_key != "plan_group":
            groups[item.price_id] = price.gives.group
        else:
            same = known is not None and known.price_id == item.price_id
            groups[item.price_id] = known.group if known is not None and same else DEFAULT_GROUP
    return groups


def paid_through(invoice: Invoice) -> datetime | None:
    """The end of what a paid invoice covers: the latest period end of its lines that are not prorations."""
    if invoice.status != "paid":
        return None
    return max((line.period_end for line in invoice.lines if line.of_subscription and not line.proration), default=None)


def access_of(state: SubscriptionState, grace: timedelta, now: datetime) -> Span | None:
    """The access policy, as a table of statuses; None is no access."""
    if state.level is None:
        return None
    if state.status == "active":
        return Span(state.level, None)
    if state.status == "trialing":
        return _before(state.level, state.trial_end, now)
    if state.status == "past_due" and state.paid_through is not None:
        return _before(state.level, state.paid_through + grace, now)
    return None


def governing(states: Iterable[SubscriptionState], grace: timedelta, now: datetime) -> SubscriptionState | None:
    """Pick the one subscription that speaks for a user.

    Stripe lists the newest first, so taking the first would let a failed second checkout (`incomplete`) hide the plan
    that the user already pays for. One that gives access beats one that does not; among equals the newest wins, and the
    id breaks ties so that replays agree. None when there is none.
    """
    return max(
        states, key=lambda state: (access_of(state, grace, now) is not None, state.created, state.id), default=None
    )


def _before(level: str, end: datetime | None, now: datetime) -> Span | None:
    return Span(level, end) if end is not None and now < end else None


def _said(price: Price | None, known: SubscriptionState | None) -> tuple[str | None, str | None]:
    """Plan and level of a price; a typo in its metadata takes nothing from who has subscribed to it already."""
    if price is None:
        return None, None
    if price.problem is not None and known is not None and known.price_id == price.id:
        return known.plan, known.level
    return price.gives.plan, price.gives.level


def _rank(level: str | None, ranks: tuple[str, ...]) -> int:
    return ranks.index(level) if level in ranks else -1
