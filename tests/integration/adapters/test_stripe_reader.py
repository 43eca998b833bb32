"""The snapshot: what Stripe says is true, after everything that can happen to a payment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from billing.domain.catalog import Gives
from billing.domain.ids import CustomerId, InvoiceId, PaymentIntentId, PriceId, SessionId
from billing.domain.notice import ObjectRef
from billing.domain.order import OrderLine
from billing.domain.registers import disputed, refunded, taken_back
from billing.domain.snapshot import Card, CheckoutSession, LineItem, Payment, Snapshot
from billing.errors import StripeRefused, StripeUnavailable
from billing.ports.stripe import Touched
from tests.integration.adapters.stripe_side import DECLINED, StripeSide


def read(side: StripeSide, customer: CustomerId, **touched: object) -> Snapshot:
    given = {name: frozenset([value]) for name, value in touched.items()}
    return side.reads.snapshot([customer], Touched(**given))  # type: ignore[arg-type]


def session_read(side: StripeSide, customer: CustomerId, session: SessionId) -> CheckoutSession:
    (found,) = read(side, customer, sessions=session).sessions
    return found


def payment_read(side: StripeSide, customer: CustomerId, session: SessionId) -> Payment:
    payment = session_read(side, customer, session).payment
    assert payment is not None
    return payment


# ------------------------------------------------------------------------------------------------ one-time payments


def test_an_open_session_is_read(side: StripeSide) -> None:
    price, customer = side.price(), side.customer()
    order = side.order(price, quantity=3)
    session = side.open(order, customer)
    found = session_read(side, customer, session.id)
    assert (found.id, found.mode, found.status, found.payment_status) == (session.id, "payment", "open", "unpaid")
    assert (found.customer, found.order, found.currency, found.amount_total) == (customer, order.id, "usd", 1500)
    assert found.items == (LineItem(price, 3),)
    assert (found.payment, found.payment_failed, found.settled) == (None, False, False)
    assert found.created.tzinfo is UTC


def test_a_plan_that_is_paid_between_two_reads_is_not_known_by_halves(side: StripeSide) -> None:
    """F45: a session that is complete, and no subscription: the next checkout would sell a second one."""
    customer = side.customer()
    session = side.open(side.order(side.price(interval="month"), mode="subscription"), customer)
    with side.counted(before_second=lambda: side.pay(session)):
        truth = read(side, customer, sessions=session.id)
    assert len(side.requests) > 1
    assert [each.status for each in truth.sessions] == ["open"]
    assert [each.status for each in truth.subscriptions] == ["active"]


def test_more_lines_than_a_session_carries(side: StripeSide) -> None:
    """A session brings ten of its lines; the rest is listed (F46: a line that is not read would look like fraud)."""
    prices = [side.price() for _ in range(12)]
    lines = tuple(OrderLine(price, "500 credits", 1, 500, Gives(credits=500)) for price in prices)
    customer = side.customer()
    session = side.open(side.order(prices[0], lines=lines), customer)
    side.requests.clear()
    found = session_read(side, customer, session.id)
    assert sorted(found.items, key=lambda item: item.price_id) == [LineItem(price, 1) for price in sorted(prices)]
    assert side.requests.count(f"GET /v1/checkout/sessions/{session.id}/line_items") == 1


def test_a_paid_session_is_read_with_its_payment(side: StripeSide) -> None:
    price = side.price(amount=700)
    customer, session = side.bought(price, quantity=2)
    found = session_read(side, customer, session)
    assert (found.status, found.payment_status, found.settled) == ("complete", "paid", True)
    intent = side.v1.checkout.sessions.retrieve(session, {"expand": ["payment_intent.latest_charge"]}).payment_intent
    charge = intent.latest_charge  # type: ignore[union-attr]
    assert found.payment == Payment(
        PaymentIntentId(intent.id),  # type: ignore[union-attr]
        1400,
        "usd",
        datetime.fromtimestamp(charge.created, UTC),  # type: ignore[union-attr]
        card=Card("visa", "4242"),
    )


def test_an_expired_session_is_read_as_not_settled(side: StripeSide) -> None:
    customer = side.customer()
    session = side.open(side.order(side.price()), customer)
    side.sessions.expire_session(session.id)
    found = session_read(side, customer, session.id)
    assert (found.status, found.settled, found.payment) == ("expired", False, None)


def test_a_declined_card_leaves_the_session_open_and_unfailed(side: StripeSide) -> None:
    customer = side.customer()
    session = side.open(side.order(side.price()), customer)
    side.pay(session, DECLINED)
    found = session_read(side, customer, session.id)
    assert (found.status, found.payment, found.settled) == ("open", None, False)


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_a_payment_that_takes_days(side: StripeSide, outcome: str) -> None:
    """F43: complete, but unpaid until the bank has answered."""
    customer = side.customer()
    session = side.open(side.order(side.price(currency="eur"), currency="eur"), customer)
    side.pay(session, payment_method="sepa_debit", iban="AT321904300235473204")
    pending = session_read(side, customer, session.id)
    assert (pending.status, pending.payment_status, pending.settled) == ("complete", "unpaid", False)
    assert (pending.payment, pending.payment_failed) == (None, False)
    side.control("async_payment", session=session.id, outcome=outcome)
    after = session_read(side, customer, session.id)
    assert (after.settled, after.payment_failed) == (outcome == "succeeded", outcome == "failed")
    assert (after.payment is not None) == (outcome == "succeeded")


def test_a_free_session_has_no_payment(side: StripeSide) -> None:
    customer, session = side.bought(side.price(amount=0))
    found = session_read(side, customer, session)
    assert (found.payment_status, found.amount_total, found.payment) == ("no_payment_required", 0, None)
    assert found.settled


# --------------------------------------------------------------------------------------------- refunds and disputes


def test_partial_refunds_add_up(side: StripeSide) -> None:
    customer, session = side.bought(side.price(amount=1000))
    side.control("refund", session=session, amount=300)
    side.control("refund", session=session, amount=200)
    payment = payment_read(side, customer, session)
    assert sorted((refund.amount, refund.status) for refund in payment.refunds) == [
        (200, "succeeded"),
        (300, "succeeded"),
    ]
    assert (payment.captured, refunded(payment)) == (1000, 500)


def test_a_pending_refund_that_fails_gives_back(side: StripeSide) -> None:
    customer, session = side.bought(side.price(amount=1000))
    pending = side.control("refund", session=session, status="pending")
    assert refunded(payment_read(side, customer, session)) == 1000
    side.control("refund", refund=pending["id"], status="failed")
    payment = payment_read(side, customer, session)
    assert [(refund.id, refund.status) for refund in payment.refunds] == [(pending["id"], "failed")]
    assert refunded(payment) == 0


def test_a_refund_that_succeeded_and_fails_later(side: StripeSide) -> None:
    """F38."""
    customer, session = side.bought(side.price(amount=1000))
    made = side.control("refund", session=session, amount=400)
    side.control("refund", refund=made["id"], status="failed")
    assert refunded(payment_read(side, customer, session)) == 0


def test_every_one_of_many_refunds_counts(side: StripeSide) -> None:
    customer, session = side.bought(side.price(amount=1200))
    for _ in range(12):
        side.control("refund", session=session, amount=100)
    payment = payment_read(side, customer, session)
    assert (len(payment.refunds), refunded(payment)) == (12, 1200)


def test_a_dispute_opened_lost_and_won(side: StripeSide) -> None:
    """F39."""
    for end, held in (("lost", 1000), ("won", 0)):
        customer, session = side.bought(side.price(amount=1000))
        opened = side.control("dispute", session=session)
        payment = payment_read(side, customer, session)
        assert [(each.id, each.amount, each.currency, each.status) for each in payment.disputes] == [
            (opened["id"], 1000, "usd", "needs_response")
        ]
        assert disputed(payment) == 1000
        side.control("dispute", dispute=opened["id"], status=end)
        assert disputed(payment_read(side, customer, session)) == held


def test_an_inquiry_holds_nothing(side: StripeSide) -> None:
    customer, session = side.bought(side.price(amount=1000))
    side.control("dispute", session=session, inquiry=True)
    assert taken_back(payment_read(side, customer, session)) == 0


def test_a_refund_and_a_dispute_take_back_no_more_than_was_paid(side: StripeSide) -> None:
    customer, session = side.bought(side.price(amount=1000))
    side.control("refund", session=session, amount=700)
    side.control("dispute", session=session, amount=300)
    assert taken_back(payment_read(side, customer, session)) == 1000


# ---------------------------------------------------------------------------------------------------- subscriptions


def subscribed(side: StripeSide, **given: object) -> tuple[CustomerId, SessionId, PriceId]:
    price = side.price(
        amount=1200, interval="month", product={"plan": "pro", "entitlement_level": "PRO", "credits_amount": "100"}
    )
    customer, session = side.bought(price, mode="subscription")
    return customer, session, price


def test_a_subscription_that_has_started(side: StripeSide) -> None:
    customer, session, price = subscribed(side)
    truth = read(side, customer, sessions=session)
    (subscription,) = truth.subscriptions
    (invoice,) = truth.invoices
    (line,) = invoice.lines
    assert (subscription.customer, subscription.status, subscription.cancel_at_period_end) == (
        customer,
        "active",
        False,
    )
    assert (subscription.latest_invoice, subscription.trial_end) == (invoice.id, None)
    assert [(item.price_id, item.quantity) for item in subscription.items] == [(price, 1)]
    assert subscription.order == truth.sessions[0].order
    assert (invoice.subscription, invoice.customer, invoice.order) == (subscription.id, customer, subscription.order)
    assert (invoice.status, invoice.billing_reason, invoice.currency) == ("paid", "subscription_create", "usd")
    assert (line.price_id, line.quantity, line.amount) == (price, 1, 1200)
    assert (line.of_subscription, line.proration) == (True, False)
    assert line.period_end == subscription.items[0].period_end
    (intent,), payment = invoice.intents, invoice.payment
    assert payment is None  # what became of it is read only where it decides something
    paid = side.reads.payments([intent])[intent]
    assert (paid.captured, paid.currency, paid.paid_at) == (1200, "usd", invoice.paid_at)
    assert paid.card == Card("visa", "4242")
    assert truth.with_payments({intent: paid}).invoices[0].payment == paid
    assert truth.prices[price].gives == Gives(credits=100, level="PRO", plan="pro")
    assert (truth.sessions[0].settled, truth.sessions[0].payment) == (True, None)


def test_a_price_with_metadata_of_somebody_elses_leaves_its_product_to_speak(side: StripeSide) -> None:
    """Also where no session brings the product along, as at each renewal; and a reader keeps none of what it said."""
    price = side.price(interval="month", product={"credits_amount": "100"}, metadata={"color": "blue"})
    customer, _ = side.bought(price, mode="subscription")
    assert read(side, customer).prices[price].gives == Gives(credits=100)
    side.v1.products.update(side.sold(price).product_id, {"metadata": {"credits_amount": "50"}})
    assert read(side, customer).prices[price].gives == Gives(credits=50)


def test_refunds_of_an_invoice_are_read_with_its_payment(side: StripeSide) -> None:
    customer, _, _ = subscribed(side)
    truth = read(side, customer)
    (intent,) = truth.invoices[0].intents
    side.control("refund", invoice=truth.invoices[0].id, amount=200)
    payment = side.reads.payments([intent])[intent]
    assert (refunded(payment), payment.captured) == (200, 1200)


def test_a_touched_invoice_that_is_not_the_latest_is_read_as_well(side: StripeSide) -> None:
    first, _, _ = subscribed(side)
    second, _, _ = subscribed(side)
    other = read(side, second).invoices[0].id
    truth = side.reads.snapshot([first], Touched(invoices=frozenset({other})))
    assert {invoice.id for invoice in truth.invoices} == {read(side, first).invoices[0].id, other}


def test_subscriptions_of_all_customers_also_ended_ones(side: StripeSide) -> None:
    """Money rule 4."""
    first, _, _ = subscribed(side)
    second, _, _ = subscribed(side)
    ended = read(side, first).subscriptions[0]
    side.control("cancel_subscription", subscription=ended.id)
    truth = side.reads.snapshot([first, second], Touched())
    assert sorted((each.customer, each.status) for each in truth.subscriptions) == sorted(
        [(first, "canceled"), (second, "active")]
    )
    assert ended.latest_invoice in {invoice.id for invoice in truth.invoices}, "what was paid is granted all the same"


def test_a_customer_that_is_gone_is_told_and_not_asked_for_subscriptions(side: StripeSide) -> None:
    """Deleted, or not there at all, as when test data is deleted: Stripe refuses a list of its subscriptions."""
    deleted, alive, missing = side.customer(), side.customer(), CustomerId("cus_nobody")
    side.v1.customers.delete(deleted)
    touched = Touched(customers=frozenset({deleted, alive, missing}))
    side.requests.clear()
    assert side.reads.snapshot([deleted, missing, alive], touched).deleted_customers == {deleted, missing}
    assert side.requests.count("GET /v1/subscriptions") == 1


@pytest.mark.parametrize("hidden", [True, False])
def test_a_customer_that_nobody_said_is_gone(side: StripeSide, hidden: bool) -> None:
    """F44: an event of its subscription may be read before the one of its deletion, and whether Stripe still lists what
    a deleted customer had is not documented.
    """
    deleted, alive = side.customer(), side.customer()
    side.v1.customers.delete(deleted)
    side.control("faults", hide_deleted=hidden)
    try:
        truth = side.reads.snapshot([deleted, alive], Touched())
    finally:
        side.control("faults", hide_deleted=False)
    assert truth.deleted_customers == ({deleted} if hidden else frozenset())


def test_a_customer_that_is_not_there_is_not_taken_for_deleted(side: StripeSide) -> None:
    """With the key of another Stripe account nobody is there: no account may lose its customers by that."""
    with pytest.raises(StripeRefused) as refused:
        side.reads.snapshot([CustomerId("cus_nobody")], Touched())
    assert (refused.value.stripe_code, refused.value.param) == ("resource_missing", "customer")


# ---------------------------------------------------------------------------------------------- looking up by others


def test_from_a_charge_to_its_session_and_customer(side: StripeSide) -> None:
    customer, session = side.bought(side.price())
    intent = payment_read(side, customer, session).intent
    charge = side.v1.payment_intents.retrieve(intent).latest_charge
    assert side.reads.session_of_payment(intent) == session
    for ref in (ObjectRef("charge", str(charge)), ObjectRef("payment_intent", intent)):
        hints = side.reads.hints(ref)
        assert hints is not None
        assert (hints.customer, hints.related["payment_intent"]) == (customer, intent)


def test_a_payment_of_an_invoice_has_no_session(side: StripeSide) -> None:
    customer, _, _ = subscribed(side)
    (intent,) = read(side, customer).invoices[0].intents
    assert side.reads.session_of_payment(intent) is None


def test_what_does_not_exist_is_refused(side: StripeSide) -> None:
    for ask in (
        lambda: side.reads.payments([PaymentIntentId("pi_nobody")]),
        lambda: read(side, side.customer(), sessions=SessionId("cs_test_nobody")),
        lambda: read(side, side.customer(), invoices=InvoiceId("in_nobody")),
    ):
        with pytest.raises(StripeRefused) as raised:
            ask()
        assert raised.value.stripe_code == "resource_missing"


@pytest.mark.parametrize("status", [500, 429])
def test_a_stripe_that_does_not_answer_gives_no_half_snapshot(side: StripeSide, status: int) -> None:
    customer, session = side.bought(side.price())
    side.control("faults", fail=20, status=status)
    with pytest.raises(StripeUnavailable):
        read(side, customer, sessions=session)


def test_a_user_without_a_customer_asks_nothing(side: StripeSide) -> None:
    assert side.reads.snapshot([], Touched()) == Snapshot()
    assert side.requests == []
