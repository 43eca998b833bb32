"""A subscription's life, and what is left of it to be read when every event was lost: the real adapters over Stripe's
stand-in with its test clocks, and moto's tables (F42, F49, F55).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from billing.domain.account import Account
from billing.domain.ids import CustomerId, InvoiceId, PaymentIntentId
from billing.domain.notice import ObjectRef
from billing.domain.subscription import Span
from billing.ports.stripe import Touched
from billing.services.converge import converge
from billing.services.resync import Resynced, resync
from tests.integration.adapters.shop import Shop
from tests.integration.adapters.stripe_side import StripeSide

PLAN = {"plan": "pro", "entitlement_level": "PRO", "credits_amount": "100"}
GRACE = timedelta(days=7)


class Life:
    """One subscription on a test clock."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.v1 = shop, shop.side.v1
        self.clock = self.v1.test_helpers.test_clocks.create({"frozen_time": int(shop.side.now().timestamp())}).id
        self.customer = CustomerId(self.v1.customers.create({"test_clock": self.clock}).id)
        self.own()
        self.price = shop.side.price(amount=1200, interval="month", product=PLAN)
        shop.buy(self.price)
        self.subscription = self.v1.subscriptions.list({"customer": self.customer}).data[0].id
        self.hear()

    def own(self) -> None:
        store = self.shop.world.accounts
        assert store.own_customers(store.open_account(Account(self.shop.user)), [self.customer]) is not None

    def hear(self) -> None:
        for message in self.shop.burst():
            self.shop.consume([message])

    def advance_to_the_next_period(self) -> None:
        """An hour after the renewal was made, when Stripe has tried to collect it."""
        end = self.v1.subscriptions.retrieve(self.subscription)["items"].data[0].current_period_end
        until = max(end, int(self.shop.clock.time.timestamp())) + 3700
        self.v1.test_helpers.test_clocks.advance(self.clock, {"frozen_time": until})
        self.shop.clock.time = datetime.fromtimestamp(until, UTC)

    def lose_everything(self) -> None:
        """The tables are empty but for the owner, and no event comes any more."""
        self.shop.world.empty()
        self.own()
        self.shop.burst()

    def resync(self) -> Resynced:
        core = self.shop.consumer.converge
        return resync(self.shop.user, core, self.shop.cache, self.shop.clock.now() + timedelta(hours=1))

    @property
    def state(self) -> tuple[str, int, Span]:
        account = self.shop.account
        status = ",".join(state.status for state in account.subscriptions)
        return status, account.balance, account.access_at(self.shop.consumer.converge.policy, self.shop.clock.now())


@pytest.fixture
def life(shop: Shop) -> Life:
    return Life(shop)


def test_renewals_and_a_renewal_that_fails(life: Life) -> None:
    assert life.state == ("active", 100, Span("PRO", None))
    life.advance_to_the_next_period()
    life.hear()
    assert life.state == ("active", 200, Span("PRO", None))
    paid_through = life.shop.account.subscriptions[0].paid_through
    assert paid_through is not None
    life.shop.side.control("break_card", subscription=life.subscription)
    life.advance_to_the_next_period()
    life.hear()
    late = ("past_due", 200, Span("PRO", paid_through + GRACE))
    assert life.state == late
    life.lose_everything()
    converge(life.shop.user, Touched(), [], "test", life.shop.consumer.converge)
    assert life.state == late  # what it is paid through stands on an invoice before the latest
    found = life.resync()
    assert life.state == late
    assert (found.failed, found.whole) == ((), True)
    assert life.resync().entries == ()


def test_what_is_paid_through_is_found_behind_any_number_of_plan_changes(life: Life) -> None:
    """F55, money rule 21: each change has made a paid invoice, and none of them covers a period. The one that does has
    its payment with it, and half of that was refunded.
    """
    first = life.v1.invoices.list({"customer": life.customer}).data[0].id
    life.shop.side.control("refund", invoice=first, amount=600)
    paid_through = life.shop.account.subscriptions[0].paid_through
    assert paid_through is not None
    item = life.v1.subscriptions.retrieve(life.subscription)["items"].data[0].id
    for quantity in range(2, 8):
        life.v1.subscriptions.update(
            life.subscription,
            {"items": [{"id": item, "quantity": quantity}], "proration_behavior": "always_invoice"},
        )
    life.shop.side.control("break_card", subscription=life.subscription)
    life.advance_to_the_next_period()
    life.lose_everything()
    converge(life.shop.user, Touched(), [], "test", life.shop.consumer.converge)
    assert life.state == ("past_due", 50, Span("PRO", paid_through + GRACE))


def test_a_refund_of_an_older_invoice_whose_events_were_lost_is_found(life: Life) -> None:
    first = life.v1.invoices.list({"customer": life.customer}).data[0].id
    life.advance_to_the_next_period()
    life.hear()
    life.shop.side.control("refund", invoice=first, amount=600)
    life.shop.burst()
    life.resync()
    assert life.state == ("active", 150, Span("PRO", None))


def test_pauses(life: Life) -> None:
    """Collecting nothing for a while takes no access; pausing the subscription does."""
    control = life.shop.side.control
    control("pause_subscription", subscription=life.subscription, collection="void")
    life.hear()
    assert life.state == ("active", 100, Span("PRO", None))
    assert life.shop.account.subscriptions[0].collection_paused
    control("resume_subscription", subscription=life.subscription)
    control("pause_subscription", subscription=life.subscription)
    life.hear()
    assert life.state == ("paused", 100, Span("FREE", None))
    control("resume_subscription", subscription=life.subscription)
    life.hear()
    status, _, access = life.state
    assert (status, access) == ("active", Span("PRO", None))


def test_the_end_of_the_period_and_the_end_at_once(life: Life) -> None:
    life.v1.subscriptions.update(life.subscription, {"cancel_at_period_end": True})
    life.hear()
    [state] = life.shop.account.subscriptions
    assert (state.cancel_at_period_end, state.cancel_at) == (True, state.period_end)
    assert life.state == ("active", 100, Span("PRO", None))
    life.v1.subscriptions.cancel(life.subscription)
    life.hear()
    assert life.state == ("", 100, Span("FREE", None))


@pytest.mark.parametrize("hidden", [True, False])
def test_a_deleted_customer_keeps_its_credits_and_its_history(life: Life, hidden: bool) -> None:
    """F44. Its subscription's end is told before its own, and Stripe may refuse to list what it had by then."""
    life.v1.customers.delete(life.customer)
    life.shop.side.control("faults", hide_deleted=hidden)
    try:
        life.hear()
        again = life.resync()
    finally:
        life.shop.side.control("faults", hide_deleted=False)
    assert [line for line in life.shop.log.lines if line.level != "info"] == [], "no event is quarantined"
    assert again.entries == ()
    assert life.state == ("", 100, Span("FREE", None))
    assert life.shop.account.deleted_customers == (life.customer,)
    found = life.resync()
    assert (found.entries, found.whole) == ((), True)


# ------------------------------------------------------------------------------------------- what the adapter answers


def test_the_card_of_a_subscription_and_of_its_payment(life: Life) -> None:
    told = life.shop.account
    assert [(note.amount, note.card is not None) for note in told.payments] == [(1200, True)]


def test_history_is_bounded_and_says_so(side: StripeSide) -> None:
    customer = side.customer()
    for _ in range(3):
        side.pay(side.open(side.order(side.price()), customer))
    whole, part = side.reads.history(customer, 3), side.reads.history(customer, 2)
    assert (len(whole.sessions), whole.whole, whole.invoices) == (3, True, ())
    assert (part.sessions, part.whole) == (whole.sessions[:2], False)
    assert {session.status for session in whole.sessions} == {"complete"}
    assert all(session.order for session in whole.sessions)
    assert side.reads.history(CustomerId("cus_nobody"), 3).sessions == ()


def test_each_kind_of_object_says_whose_it_is(life: Life) -> None:
    side = life.shop.side
    invoice = InvoiceId(life.v1.invoices.list({"customer": life.customer}).data[0].id)
    intent = PaymentIntentId(life.v1.payment_intents.list({"customer": life.customer}).data[0].id)
    charge = str(life.v1.payment_intents.retrieve(intent).latest_charge)
    refund = side.control("refund", payment_intent=intent, amount=100)["id"]
    dispute = side.control("dispute", payment_intent=intent, amount=100)["id"]
    session = life.v1.checkout.sessions.list({"customer": life.customer}).data[0].id
    named = {"subscription": life.subscription, "invoice": invoice, "payment_intent": intent, "charge": charge}
    for kind, name in {**named, "checkout.session": session}.items():
        hints = side.reads.hints(ObjectRef(kind, name))
        assert hints is not None
        assert (hints.customer, hints.related[kind]) == (life.customer, name)
    for kind, name in {"refund": refund, "dispute": dispute}.items():
        hints = side.reads.hints(ObjectRef(kind, name))
        assert hints is not None
        assert (hints.related["payment_intent"], hints.related["charge"]) == (intent, charge)
    assert side.reads.hints(ObjectRef("subscription", "sub_nobody")) is None
    assert side.reads.hints(ObjectRef("product", "prod_1")) is None
    assert side.reads.hints(ObjectRef("invoice", None)) is None
