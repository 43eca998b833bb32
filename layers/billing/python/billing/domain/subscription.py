"""A subscription as the account keeps it, and what access it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billing.domain.catalog import DEFAULT_GROUP, Price
from billing.domain.ids import CustomerId, PriceId, SubscriptionId
from billing.domain.order import Order
from billing.domain.paid_through import Period, paid_periods, paid_through
from billing.domain.snapshot import Card, Invoice, Subscription, SubscriptionItem

ENDED = frozenset({"canceled", "incomplete_expired"})
"""Statuses that a subscription never leaves: https://docs.stripe.com/billing/subscriptions/overview"""
NEVER_BEGAN = frozenset({"incomplete", "incomplete_expired"})
"""Statuses of a subscription whose first invoice was never paid."""

LIVE = frozenset({"trialing", "active", "past_due", "unpaid", "paused"})
"""Statuses of a subscription that stands in the way of a second one; an `incomplete` one was never paid."""

RENEWING = frozenset({"trialing", "active", "past_due", "unpaid"})
"""Statuses in which the end of a period begins the next one, or ends the subscription. A `paused` one makes no invoices
until somebody resumes it (https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses)."""


@dataclass(frozen=True, slots=True)
class ItemState:
    """One item of a subscription: its price, how many, and what the price says it is."""

    price_id: PriceId
    quantity: int
    plan: str | None
    level: str | None
    group: str = DEFAULT_GROUP
    id: str | None = None
    """Stripe's id of it."""
    paid: Period | None = None
    """The last period that a paid invoice covers of it."""

    @property
    def given(self) -> str | None:
        """The level that it gives. None of a quantity of 0, which costs nothing: a portal may let the buyer choose it
        (https://docs.stripe.com/api/customer_portal/configurations/object#portal_configuration_object-features-subscription_update-products-adjustable_quantity).
        """
        return self.level if self.quantity else None


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """What the account remembers of a subscription that has not ended.

    `price_id`, `quantity`, `plan`, `level` and `period_end` are those of the item that speaks: the one that gives the
    highest level. How many units are paid for changes credits, by invoice line, and no level unless there is none.
    """

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
    """None for a trial that is an offer on an item alone, which lasts for the periods that Stripe calls a trial
    (https://docs.stripe.com/api/product-catalog/trial-offer)."""
    cancel_at_period_end: bool
    paid_through: datetime | None
    """The end of the last period that a paid invoice covers of the item that speaks; while it has paid for none, that
    of the others, within the period in which it was added. Never just the subscription's period, which moves before
    the renewal is paid (money rule 21)."""
    groups: tuple[str, ...] = (DEFAULT_GROUP,)
    """The plan groups of its items, the speaking one's first: it stands in the way of another one in each of them."""
    items: tuple[ItemState, ...] = ()
    cancel_at: datetime | None = None
    collection_paused: bool = False
    """Payments are not collected for now, at the merchant's wish. That is no reason to take access away: Stripe keeps
    the status, and documents it as offering the service for free for a while
    (https://docs.stripe.com/billing/subscriptions/pause-payment)."""
    card: Card | None = None

    @property
    def group(self) -> str:
        """The plan group of the item that speaks."""
        return self.groups[0]

    @property
    def live(self) -> bool:
        """Whether it stands in the way of another one of its plan groups."""
        return self.status in LIVE


def next_renewal(subscriptions: Iterable[SubscriptionState]) -> tuple[datetime, CustomerId] | None:
    """When the first period ends after which a subscription must have changed, and whose it is; None without any."""
    return min(
        ((state.period_end, state.customer) for state in subscriptions if state.status in RENEWING), default=None
    )


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
    order: Order | None = None,
) -> SubscriptionState:
    """What to remember of a subscription; `known` keeps a paid period that this snapshot does not show.

    `order` is the user's own order that began it, if there is one.
    """
    stood = _stood(known, order)
    groups = groups_of(truth, known, prices, order)
    own = [invoice for invoice in invoices if invoice.subscription == truth.id]
    paid = _paid(known, own, truth.trial_end)
    items = tuple(
        replace(_item(item, prices.get(item.price_id), groups[item.price_id], stood), paid=paid.get(item.id))
        for item in truth.items
    )
    said, speaking = max(
        zip(items, truth.items, strict=True), key=lambda pair: (rank(pair[0].given, ranks), pair[0].price_id)
    )
    return SubscriptionState(
        id=truth.id,
        customer=truth.customer,
        status=truth.status,
        created=truth.created,
        price_id=said.price_id,
        quantity=said.quantity,
        plan=said.plan,
        level=said.given,
        period_end=speaking.period_end,
        trial_end=truth.trial_end,
        cancel_at_period_end=truth.cancel_at_period_end,
        paid_through=paid_through(speaking, own, paid, _remembered(known, truth.trial_end)),
        groups=tuple(dict.fromkeys([said.group, *sorted(groups.values())])),
        items=tuple(sorted(items, key=lambda item: item.price_id)),
        cancel_at=truth.cancel_at,
        collection_paused=truth.collection_paused,
        card=truth.card,
    )


def groups_of(
    truth: Subscription,
    known: SubscriptionState | None,
    prices: Mapping[PriceId, Price],
    order: Order | None = None,
) -> dict[PriceId, str]:
    """The plan group of each item.

    A price that no catalog metadata speaks of belongs to the default group: what somebody sold by hand in the dashboard
    is the plan of this user as far as anybody knows. A `plan_group` that was broken by a later edit moves nobody.
    """
    stood = _stood(known, order)
    groups = {}
    for item in truth.items:
        price, before = prices.get(item.price_id), stood.get(item.price_id)
        usable = price is not None and price.broken_key != "plan_group"
        groups[item.price_id] = price.gives.group if price and usable else before.group if before else DEFAULT_GROUP
    return groups


def _stood(known: SubscriptionState | None, order: Order | None) -> dict[PriceId, ItemState]:
    """What each price was when it was last understood: in the account, else in the order that was paid."""
    stood = {
        line.price_id: ItemState(line.price_id, line.quantity, line.gives.plan, line.gives.level, line.gives.group)
        for line in (order.lines if order is not None else ())
    }
    if known is not None:  # its own price alone where it was stored before items were
        stood[known.price_id] = ItemState(known.price_id, known.quantity, known.plan, known.level, known.group)
        stood |= {item.price_id: item for item in known.items}
    return stood


def _paid(
    known: SubscriptionState | None, invoices: Iterable[Invoice], trial_end: datetime | None
) -> dict[str, Period]:
    """The last paid period of each item: by these invoices, and by what is remembered."""
    paid = paid_periods(invoices, trial_end)
    for item in known.items if known is not None else ():
        if item.id is not None and item.paid is not None:
            before = item.paid.up_to(trial_end)
            paid[item.id] = max(before, paid.get(item.id, before))
    return paid


def _remembered(known: SubscriptionState | None, trial_end: datetime | None) -> datetime | None:
    """How far it was paid, by what is remembered. A trial that was given or moved since then ends later than all of it
    has begun, and so cuts it short.
    """
    before = known.paid_through if known is not None else None
    if known is None or before is None or trial_end is None or trial_end == known.trial_end:
        return before
    return min(before, trial_end)


def access_of(state: SubscriptionState, grace: timedelta, now: datetime) -> Span | None:
    """The access policy, as a table of statuses; None is no access."""
    if state.level is None:
        return None
    if state.status == "active":
        return Span(state.level, None)
    if state.status == "trialing":
        return _before(state.level, state.trial_end or state.period_end, now)
    if state.status == "past_due" and state.paid_through is not None:
        return _before(state.level, state.paid_through + grace, now)
    return None


def governing(
    states: Iterable[SubscriptionState], ranks: tuple[str, ...], grace: timedelta, now: datetime
) -> SubscriptionState | None:
    """Pick the one subscription that speaks for a user.

    Stripe lists the newest first, so taking the first would let a failed second checkout (`incomplete`) hide the plan
    that the user already pays for. One that gives access beats one that does not; of two that do, the higher level is
    what the user has paid for; among equals the newest wins, and the id breaks ties so that replays agree. None when
    there is none.
    """

    def weight(state: SubscriptionState) -> tuple[bool, int, datetime, str]:
        return access_of(state, grace, now) is not None, rank(state.level, ranks), state.created, state.id

    return max(states, key=weight, default=None)


def second_subscriptions(
    states: Iterable[SubscriptionState], ranks: tuple[str, ...], grace: timedelta, now: datetime
) -> list[SubscriptionState]:
    """The live ones beside the one that governs their plan group: a user has at most one in each (money rule 22)."""
    live = [state for state in states if state.live]
    groups = sorted({group for state in live for group in state.groups})
    first = [governing([state for state in live if group in state.groups], ranks, grace, now) for group in groups]
    return [
        state
        for state in live
        if any(group in state.groups and state is not chosen for group, chosen in zip(groups, first, strict=True))
    ]


def _before(level: str, end: datetime, now: datetime) -> Span | None:
    return Span(level, end) if now < end else None


def _item(truth: SubscriptionItem, price: Price | None, group: str, stood: Mapping[PriceId, ItemState]) -> ItemState:
    """What an item's price says; a typo in its metadata takes nothing from who has bought it already, nor does it that
    price and product were deleted.
    """
    before = stood.get(truth.price_id)
    if before is not None and (price is None or price.problem is not None):
        return replace(before, quantity=truth.quantity, group=group, id=truth.id)
    gives = price.gives if price is not None else None
    plan, level = (gives.plan, gives.level) if gives else (None, None)
    return ItemState(truth.price_id, truth.quantity, plan, level, group, truth.id)


def rank(level: str | None, ranks: tuple[str, ...]) -> int:
    """Where a level stands among the configured ones; -1 for none of them."""
    return ranks.index(level) if level in ranks else -1
