"""Changing plans over real adapters: the official SDK against Stripe's stand-in, and moto's tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from billing.adapters.stripe_api.subscriptions import StripePlanChanges
from billing.domain.ids import PriceId, SubscriptionId
from billing.domain.plan_change import LiveSubscription, PlanChange
from billing.errors import (
    ChangeNotNow,
    CurrencyUnavailable,
    IdempotencyConflict,
    PlanMismatch,
    SubscriptionCanceling,
    SubscriptionNotChangeable,
    SubscriptionPaused,
)
from billing.services.change_subscription import (
    Changed,
    ChangeDeps,
    ChangeRequest,
    ChangeStatus,
    change_subscription,
    preview_change,
)
from billing.services.find_price import PriceRef
from tests.integration.adapters.shop import Shop
from tests.integration.adapters.stripe_side import LEVELS, StripeSide

PRO = {"plan": "pro", "entitlement_level": "PRO", "credits_amount": "100"}
TEAM = {"plan": "team", "entitlement_level": "TEAM", "credits_amount": "1000"}


class Subscriber:
    """A user with the plan Pro, who wants Team."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.side = shop, shop.side
        self.pro = self.side.price(amount=1200, interval="month", product=PRO)
        self.team = self.side.price(amount=3000, interval="month", product=TEAM)
        core = shop.consumer.converge
        plans = StripePlanChanges(self.side.sdk, LEVELS)
        self.deps = ChangeDeps(core, self.side.catalog, plans, shop.cache, max_quantity=10)
        shop.buy(self.pro)
        shop.consume(shop.burst())
        self.subscription = shop.account.subscriptions[0].id
        self.side.requests.clear()

    def wanted(self, price: PriceId | None = None, **given: Any) -> ChangeRequest:
        """A request made now: Stripe's time has gone on, and a preview of later than now would be refused."""
        self.shop.clock.time = max(self.shop.clock.time, self.side.now())
        return replace(ChangeRequest(self.shop.user, PriceRef(price_id=price or self.team)), **given)

    def change(self, price: PriceId | None = None, **given: Any) -> Changed:
        return change_subscription(self.wanted(price, **given), self.deps)

    def at_stripe(self) -> Any:
        return self.side.v1.subscriptions.retrieve(self.subscription, {"expand": ["latest_invoice"]})

    def downgraded(self) -> None:
        """As the portal does it at a period's end: the plan is another one, and nothing is prorated."""
        item = self.at_stripe()["items"].data[0].id
        self.side.v1.subscriptions.update(
            self.subscription, {"items": [{"id": item, "price": self.pro}], "proration_behavior": "none"}
        )

    @property
    def ledger(self) -> list[tuple[str, int]]:
        page = self.shop.world.ledger.page(self.shop.user, 100, None)
        return [(entry.kind.value, entry.amount) for entry in reversed(page.entries)]


@pytest.fixture
def subscriber(shop: Shop) -> Subscriber:
    return Subscriber(shop)


def test_what_was_previewed_is_what_is_billed(subscriber: Subscriber) -> None:
    seen = preview_change(subscriber.wanted(), subscriber.deps)
    assert seen.now is not None
    assert [line.amount < 0 for line in seen.now.lines] == [True, False]
    assert seen.now.of_change == seen.now.due == sum(line.amount for line in seen.now.lines)
    assert (seen.recurring.total, seen.recurring.currency) == (3000, "usd")
    made = subscriber.change(prorated_at=seen.prorated_at)
    assert made.status is ChangeStatus.CHANGED
    billed = subscriber.at_stripe().latest_invoice
    assert (billed.billing_reason, billed.status, billed.amount_paid) == ("subscription_update", "paid", seen.now.due)
    assert [line.amount for line in billed.lines.data] == [line.amount for line in seen.now.lines]


def test_the_account_follows_before_any_webhook_and_the_webhook_changes_nothing(subscriber: Subscriber) -> None:
    subscriber.change()
    account = subscriber.shop.account
    assert account.access is not None
    assert (account.access.level, account.subscriptions[0].price_id) == ("TEAM", subscriber.team)
    before = subscriber.ledger
    subscriber.shop.consume(subscriber.shop.burst())
    assert subscriber.ledger == before


def test_up_and_down_and_up_again_grants_no_credit(subscriber: Subscriber) -> None:
    """F54, money rules 12 and 21: a change's invoice has prorations only, which neither grant nor pay a period."""
    paid_through = subscriber.shop.account.subscriptions[0].paid_through
    subscriber.change()
    subscriber.downgraded()
    subscriber.shop.consume(subscriber.shop.burst())
    assert subscriber.change().status is ChangeStatus.CHANGED
    subscriber.shop.consume(subscriber.shop.burst())
    assert subscriber.ledger == [("PURCHASE", 100), ("ACCESS", 0), ("ACCESS", 0), ("ACCESS", 0), ("ACCESS", 0)]
    account = subscriber.shop.account
    assert (account.balance, account.subscriptions[0].level) == (100, "TEAM")
    assert account.subscriptions[0].paid_through == paid_through


def test_a_double_click_is_one_invoice(subscriber: Subscriber) -> None:
    assert subscriber.change().status is ChangeStatus.CHANGED
    invoice = subscriber.at_stripe().latest_invoice.id
    assert subscriber.change().status is ChangeStatus.UNCHANGED
    assert subscriber.at_stripe().latest_invoice.id == invoice


class Overtaken(StripePlanChanges):
    """Reads the subscription, and is overtaken by another click before it goes on."""

    overtake: Callable[[], object]

    def live(self, subscription: SubscriptionId) -> LiveSubscription:
        seen = super().live(subscription)
        self.overtake()
        return seen


def test_a_click_that_another_one_overtakes_is_no_second_invoice(subscriber: Subscriber) -> None:
    """Stripe's own idempotency: the second request has the key of the first, and gets its answer."""
    invoices: list[str] = []
    overtaken = Overtaken(subscriber.side.sdk, LEVELS)
    at = preview_change(subscriber.wanted(), subscriber.deps).prorated_at
    deps = replace(subscriber.deps, stripe=overtaken)

    def other_click() -> None:
        subscriber.change(prorated_at=at)
        invoices.append(subscriber.at_stripe().latest_invoice.id)

    overtaken.overtake = other_click
    made = change_subscription(subscriber.wanted(prorated_at=at), deps)
    assert made.status is ChangeStatus.CHANGED
    assert [subscriber.at_stripe().latest_invoice.id] == invoices


def test_what_a_preview_and_a_change_ask_stripe(subscriber: Subscriber) -> None:
    subscription = f"/v1/subscriptions/{subscriber.subscription}"
    preview_change(subscriber.wanted(), subscriber.deps)
    first = [f"GET {subscription}", f"GET /v1/prices/{subscriber.team}", "POST /v1/invoices/create_preview"]
    assert subscriber.side.requests == [*first, "POST /v1/invoices/create_preview"]
    subscriber.side.requests.clear()
    subscriber.change()
    converged = [
        "GET /v1/subscriptions",
        *(f"GET /v1/prices/{each}" for each in sorted([subscriber.pro, subscriber.team])),
    ]
    assert subscriber.side.requests == [*first, f"POST {subscription}", *converged]


class FailsLate(StripePlanChanges):
    """Stripe makes the change, fails then, and saves that."""

    side: StripeSide

    def change(self, change: PlanChange, key: str) -> LiveSubscription:
        self.side.control("faults", fail=1, status=500, fail_late=True)
        return super().change(change, key)


@pytest.mark.parametrize("card", ["good", "broken"])
def test_a_change_that_stripe_made_before_it_failed_is_billed_once(subscriber: Subscriber, card: str) -> None:
    """F26: with the next key, a year would begin and be billed once more."""
    if card == "broken":
        subscriber.side.control("break_card", subscription=subscriber.subscription)
    yearly = subscriber.side.price(amount=12_000, interval="year", product=PRO)
    failing = FailsLate(subscriber.side.sdk, LEVELS)
    failing.side = subscriber.side
    made = change_subscription(subscriber.wanted(yearly), replace(subscriber.deps, stripe=failing))
    found = subscriber.side.v1.invoices.list({"subscription": subscriber.subscription}).data
    assert [invoice.billing_reason for invoice in found] == ["subscription_update", "subscription_create"]
    if card == "good":
        assert (made.status, found[0].amount_paid) == (ChangeStatus.CHANGED, 10_800)
    else:
        assert (made.status, made.invoice_page) == (ChangeStatus.PAYMENT_REQUIRED, found[0].hosted_invoice_url)


# ----------------------------------------------------------------------------------------------- the payment is missing


def test_a_refused_card_leaves_the_plan_and_a_page_to_pay_on(subscriber: Subscriber) -> None:
    subscriber.side.control("break_card", subscription=subscriber.subscription)
    made = subscriber.change()
    again = subscriber.change()
    found = subscriber.at_stripe()
    assert made.status is again.status is ChangeStatus.PAYMENT_REQUIRED
    assert made.expires_at == again.expires_at
    assert made.invoice_page == again.invoice_page == found.latest_invoice.hosted_invoice_url
    assert (found.status, found.latest_invoice.status, found["items"].data[0].price.id) == (
        "active",
        "open",
        subscriber.pro,
    )
    access = made.account.access
    assert access is not None
    assert access.level == "PRO"


def test_paid_for_the_change_is_in_force(subscriber: Subscriber) -> None:
    subscriber.side.control("break_card", subscription=subscriber.subscription)
    subscriber.change()
    subscriber.side.control("break_card", subscription=subscriber.subscription, mend=True)
    subscriber.side.v1.invoices.pay(subscriber.at_stripe().latest_invoice.id)
    subscriber.shop.consume(subscriber.shop.burst())
    account = subscriber.shop.account
    assert (account.subscriptions[0].level, account.balance) == ("TEAM", 100)
    assert subscriber.change().status is ChangeStatus.UNCHANGED


def test_another_change_takes_the_place_of_the_one_that_waits(subscriber: Subscriber) -> None:
    yearly = subscriber.side.price(amount=29000, interval="year", product=TEAM)
    subscriber.side.control("break_card", subscription=subscriber.subscription)
    subscriber.change(yearly)
    waiting = subscriber.at_stripe().latest_invoice.id
    subscriber.side.control("break_card", subscription=subscriber.subscription, mend=True)
    assert subscriber.change().status is ChangeStatus.CHANGED
    found = subscriber.at_stripe()
    assert (found["items"].data[0].price.id, found.pending_update) == (subscriber.team, None)
    assert subscriber.side.v1.invoices.retrieve(waiting).status == "void"


def test_a_callers_key_stands_for_one_change(subscriber: Subscriber) -> None:
    """F25."""
    subscriber.side.control("break_card", subscription=subscriber.subscription)
    subscriber.change(idempotency_key="click-1")
    with pytest.raises(IdempotencyConflict):
        subscriber.change(idempotency_key="click-1", quantity=3)


# ------------------------------------------------------------------------------------------------------ what is refused


def test_a_cheaper_plan_is_not_paid_back(subscriber: Subscriber) -> None:
    subscriber.change()
    for attempt in (subscriber.change, lambda price: preview_change(subscriber.wanted(price), subscriber.deps)):
        with pytest.raises(ChangeNotNow):
            attempt(subscriber.pro)
    customer = subscriber.side.v1.customers.retrieve(str(subscriber.shop.account.customer))
    assert customer.balance == 0


def test_one_that_ends_and_one_that_is_paused(subscriber: Subscriber) -> None:
    update = subscriber.side.v1.subscriptions.update
    update(subscriber.subscription, {"cancel_at_period_end": True})
    with pytest.raises(SubscriptionCanceling):
        subscriber.change()
    update(subscriber.subscription, {"cancel_at_period_end": False, "pause_collection": {"behavior": "void"}})
    with pytest.raises(SubscriptionPaused):
        subscriber.change()
    assert subscriber.at_stripe()["items"].data[0].price.id == subscriber.pro


def test_a_subscription_without_a_payment_method_is_not_changed(subscriber: Subscriber) -> None:
    """Its buyer has removed the only card: there is no invoice whose page could ask for one."""
    customer = str(subscriber.shop.account.customer)
    for method in subscriber.side.v1.payment_methods.list({"customer": customer}).data:
        subscriber.side.v1.payment_methods.detach(method.id)
    with pytest.raises(SubscriptionNotChangeable, match="no payment method"):
        subscriber.change()
    assert subscriber.at_stripe().pending_update is None


def test_a_plan_of_another_currency_or_group_is_refused(subscriber: Subscriber) -> None:
    """S13."""
    euros = subscriber.side.price(amount=3000, interval="month", currency="eur", product=TEAM)
    storage = subscriber.side.price(amount=3000, interval="month", product=TEAM | {"plan_group": "storage"})
    with pytest.raises(CurrencyUnavailable):
        subscriber.change(euros)
    for price in (storage, subscriber.side.price()):
        with pytest.raises(PlanMismatch):
            subscriber.change(price)


def test_from_months_to_years_a_year_begins_and_counts_as_paid(subscriber: Subscriber) -> None:
    """Money rule 21: flexible billing mode would keep the day, and a proration is no period that was paid."""
    before = subscriber.shop.account.subscriptions[0].paid_through
    yearly = subscriber.side.price(amount=29000, interval="year", product=TEAM)
    seen = preview_change(subscriber.wanted(yearly), subscriber.deps)
    assert seen.now is not None
    assert [(line.proration, line.amount) for line in seen.now.lines] == [(True, -1200), (False, 29_000)]
    assert (seen.now.due, seen.recurring.total) == (27_800, 29_000)
    subscriber.change(yearly, prorated_at=seen.prorated_at)
    state = subscriber.shop.account.subscriptions[0]
    assert before is not None
    assert state.paid_through == state.period_end
    assert (state.paid_through - before).days >= 333
    assert (subscriber.at_stripe().latest_invoice.amount_paid, state.level) == (27_800, "TEAM")


def test_months_years_and_months_again_grant_nothing(subscriber: Subscriber) -> None:
    """F54, money rule 12: the year is whole, and yet of a change's invoice."""
    yearly = subscriber.side.price(amount=29000, interval="year", product=TEAM)
    subscriber.change(yearly)
    with pytest.raises(ChangeNotNow):
        subscriber.change(subscriber.team)
    subscriber.shop.consume(subscriber.shop.burst())
    assert [entry for entry in subscriber.ledger if entry[1]] == [("PURCHASE", 100)]


def test_a_year_that_waits_for_its_payment_begins_once_it_is_paid(subscriber: Subscriber) -> None:
    before = subscriber.shop.account.subscriptions[0]
    yearly = subscriber.side.price(amount=29000, interval="year", product=TEAM)
    subscriber.side.control("break_card", subscription=subscriber.subscription)
    assert subscriber.change(yearly).status is ChangeStatus.PAYMENT_REQUIRED
    assert subscriber.shop.account.subscriptions[0].paid_through == before.paid_through
    subscriber.side.control("break_card", subscription=subscriber.subscription, mend=True)
    subscriber.side.v1.invoices.pay(subscriber.at_stripe().latest_invoice.id)
    subscriber.shop.consume(subscriber.shop.burst())
    state = subscriber.shop.account.subscriptions[0]
    assert (state.level, state.paid_through) == ("TEAM", state.period_end)
