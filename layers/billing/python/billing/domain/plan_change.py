"""Changing the plan of a running subscription: which one, whether it can be changed at all, and to what.

What may be changed is judged by the subscription as Stripe has it this moment, not as the account remembers it: money
moves at once. Whose it is comes from the account alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from billing.domain.cart import amount_in
from billing.domain.catalog import Price
from billing.domain.ids import CustomerId, InvoiceId, PriceId, SubscriptionId, SubscriptionItemId, iso_seconds
from billing.domain.subscription import SubscriptionState
from billing.errors import (
    ChangeNotNow,
    PlanMismatch,
    PreviewExpired,
    SubscriptionAmbiguous,
    SubscriptionCanceling,
    SubscriptionNotChangeable,
    SubscriptionNotFound,
    SubscriptionPaused,
    SubscriptionUnpaid,
)

PREVIEW_LIFE = timedelta(minutes=15)
"""How long the figures of a preview may be confirmed."""
_SKEW = timedelta(seconds=5)
"""Clocks of two executions differ by so much, at the most."""
_CHANGEABLE = frozenset({"trialing", "active"})
_UNPAID = frozenset({"past_due", "unpaid", "incomplete"})


@dataclass(frozen=True, slots=True)
class LiveItem:
    """One price of a subscription."""

    id: SubscriptionItemId
    price: Price
    quantity: int


@dataclass(frozen=True, slots=True)
class PendingChange:
    """A change that waits for its payment; Stripe drops it when that is not made in time.

    https://docs.stripe.com/billing/subscriptions/pending-updates
    """

    items: tuple[tuple[PriceId, int], ...]
    """The prices that the subscription would have, each with its quantity, in order."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LiveSubscription:
    """A subscription as Stripe has it now, with all that decides whether it can be changed."""

    id: SubscriptionId
    customer: CustomerId
    status: str
    currency: str
    items: tuple[LiveItem, ...]
    period_start: datetime
    """Of the item that began its period last: no change can be prorated from before that."""
    cancels_at: datetime | None
    collection_paused: bool
    """Its invoices are not collected at the moment; the status does not tell
    (https://docs.stripe.com/billing/subscriptions/pause-payment)."""
    charged: bool
    """Stripe charges the saved payment method; an invoice sent by e-mail can't be paid at once."""
    scheduled: bool
    """A subscription schedule changes it at a later time."""
    pending: PendingChange | None
    latest_invoice: InvoiceId | None
    invoice_page: str | None
    """Stripe's page on which the latest invoice can be paid, if that is of a change and open."""

    @property
    def prices(self) -> tuple[tuple[PriceId, int], ...]:
        """The prices that it has, each with its quantity, in order."""
        return tuple(sorted((item.price.id, item.quantity) for item in self.items))


@dataclass(frozen=True, slots=True)
class PlanChange:
    """An item of a subscription, and what it is to be. `prorated_at` None: at the moment of the change."""

    subscription: SubscriptionId
    item: LiveItem
    price: Price
    quantity: int
    prorated_at: datetime | None = None
    new_period: bool = False
    """Whether a period of the new price begins with the change, which moves the day of billing; see `change_of`."""

    def of(self, live: LiveSubscription) -> tuple[tuple[PriceId, int], ...]:
        """The prices that the subscription has after the change, each with its quantity."""
        others = [(item.price.id, item.quantity) for item in live.items if item.id != self.item.id]
        return tuple(sorted([*others, (self.price.id, self.quantity)]))

    def waits_in(self, live: LiveSubscription) -> bool:
        """Whether this very change waits for its payment, and there is a page to pay on.

        If a renewal came in between, its invoice is the latest, and the change is made anew to have a page.
        """
        return live.pending is not None and live.pending.items == self.of(live) and live.invoice_page is not None

    def stands_in(self, live: LiveSubscription) -> bool:
        """Whether the subscription has been changed like that, or the change waits for its payment."""
        return self.of(live) == live.prices or self.waits_in(live)

    @property
    def nothing(self) -> bool:
        """Whether the subscription is like that already."""
        return (self.item.price.id, self.item.quantity) == (self.price.id, self.quantity)


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A line of an invoice that a change would make, in minor units of its currency."""

    description: str
    amount: int
    """Before discounts; negative when money comes back."""
    discount: int
    proration: bool
    of_subscription: bool
    """Whether it is about the subscription, and not about something else that waits to be billed."""
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice as it would be: `total` after discounts and taxes, `due` after the customer's balance as well."""

    currency: str
    due: int
    total: int
    lines: tuple[BilledLine, ...]

    @property
    def of_change(self) -> int:
        """What the change itself costs; negative when it would give money back."""
        return sum(line.amount - line.discount for line in self.lines if line.of_subscription)


def chosen(states: Collection[SubscriptionState], wanted: SubscriptionId | None) -> SubscriptionState:
    """The subscription that a user means. Raises SubscriptionNotFound, and SubscriptionAmbiguous for one of several.

    One that is `incomplete` was never paid: it counts only when it is named.
    """
    if wanted is not None:
        for state in states:
            if state.id == wanted:
                return state
        raise SubscriptionNotFound("there is no such subscription", subscription_id=wanted)
    begun = [state for state in states if state.live]
    if not begun:
        raise SubscriptionNotFound("there is no subscription")
    if len(begun) > 1:
        raise SubscriptionAmbiguous("there are several subscriptions: name one by subscriptionId")
    return begun[0]


def refuse_unchangeable(live: LiveSubscription) -> None:
    """Raise what stands in the way of a change.

    Stripe would take most of these changes, and none of them would be what the user was shown: a change of an unpaid
    subscription is billed on top of the unpaid invoice, one while collection is paused may never be billed at all, and
    one that ends is paid for the little that is left of it.
    """
    if live.status in _UNPAID:
        raise SubscriptionUnpaid("its invoice must be paid first", subscription_id=live.id)
    if live.status == "paused" or live.collection_paused:
        raise SubscriptionPaused("it is paused: resume it first", subscription_id=live.id)
    if live.status not in _CHANGEABLE:
        raise SubscriptionNotFound("it has ended", subscription_id=live.id)
    if live.cancels_at is not None:
        raise SubscriptionCanceling(
            f"it ends at {iso_seconds(live.cancels_at)}: keep it first", subscription_id=live.id
        )
    if live.scheduled:
        raise SubscriptionNotChangeable("a change of it is scheduled already", subscription_id=live.id)
    if not live.charged:
        raise SubscriptionNotChangeable("it is paid by invoice", subscription_id=live.id)


def item_to_change(live: LiveSubscription, price: Price) -> LiveItem:
    """The item that gives way to the price: the plan of its group (money rule 22).

    Raises PlanMismatch when there is none, CurrencyUnavailable when it has no amount in the subscription's currency,
    SubscriptionNotChangeable when there are several.
    """
    if not price.recurring:
        raise PlanMismatch("this is no plan: it is bought once", price_id=price.id)
    amount_in(price, live.currency)
    group = [item for item in live.items if item.price.recurring and item.price.gives.group == price.gives.group]
    if not group:
        raise PlanMismatch("this plan is not of the subscription's plan group", price_id=price.id)
    if len(group) > 1:
        raise SubscriptionNotChangeable("it holds several plans of this group", subscription_id=live.id)
    return group[0]


def change_of(
    live: LiveSubscription, price: Price, quantity: int | None, prorated_at: datetime | None = None
) -> PlanChange:
    """The change of a subscription to a price; `quantity` None keeps how many there are, and makes one of none.

    A price of another interval begins its period with the change. Stripe would keep the day of billing and charge the
    rest of a year as one proration, which pays for no period as far as an unpaid renewal is concerned (money rule 21).
    A trial has its first period when it ends, whatever the plan. Raises what `item_to_change` raises, and
    SubscriptionNotChangeable when something else would begin a new period as well.
    """
    item = item_to_change(live, price)
    other = (item.price.interval, item.price.interval_count) != (price.interval, price.interval_count)
    if other and len(live.items) > 1:
        raise SubscriptionNotChangeable(
            "it holds something else, which would be billed anew with another interval", subscription_id=live.id
        )
    wanted = max(item.quantity, 1) if quantity is None else quantity
    return PlanChange(live.id, item, price, wanted, prorated_at, new_period=other and live.status != "trialing")


def refuse_stale(prorated_at: datetime, live: LiveSubscription, now: datetime) -> None:
    """Raise PreviewExpired unless the moment of a preview may still be billed.

    The moment decides the amount: an upgrade costs less the later in its period it is prorated. So a moment in the
    future is refused as well.
    """
    if not now - PREVIEW_LIFE <= prorated_at <= now + _SKEW or prorated_at < live.period_start:
        raise PreviewExpired("the preview is too old: ask for another", subscription_id=live.id)


def refuse_giving_back(change: PlanChange, bill: Bill) -> None:
    """Raise ChangeNotNow for a change that would give money back.

    Stripe would credit the customer with what is left of the dearer plan, while the credits that its period granted
    stay: they could be had for almost nothing, over and over (money rule 12).
    """
    if bill.of_change < 0:
        raise ChangeNotNow("a change to something cheaper can't be made at once", subscription_id=change.subscription)


def change_key(change: PlanChange, live: LiveSubscription, stripe_version: int) -> str:
    """The idempotency key of a change that the caller gave none for.

    Two clicks find the same subscription and get the same key. Once a change has been made, or a payment for it was
    tried, the subscription has another price or another invoice; and every converge in between counts as well.
    """
    state = f"{stripe_version}|{live.latest_invoice}|{change.item.id}|{change.item.price.id}*{change.item.quantity}|"
    state += f"{change.price.id}*{change.quantity}|{change.prorated_at}"
    return f"change:{change.subscription}:{sha256(state.encode()).hexdigest()[:32]}"
