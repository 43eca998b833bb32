"""When a converge reads the payments of an invoice: before it grants, and when an event may tell of them (F36, F54)."""

from dataclasses import replace

import pytest

from billing.domain.catalog import Gives
from billing.domain.ids import CustomerId, InvoiceId, PaymentIntentId, SubscriptionId
from billing.domain.snapshot import Card, Dispute, Payment
from billing.ports.stripe import Touched
from billing.services.converge import Converged, converge
from tests.fakes.core import Core, a_notice
from tests.fakes.snapshots import (
    ALICE,
    CUSTOMER,
    DAY,
    INVOICE,
    NOW,
    PRO_MONTHLY,
    SUBSCRIPTION,
    TEAM_YEARLY,
    a_line,
    a_payment,
    a_price,
    a_refund,
    a_subscription,
    an_invoice,
    an_order,
)

PAID = PaymentIntentId("pi_in_1")

pytestmark = pytest.mark.usefixtures("alice_has_subscribed")


def run(core: Core, **touched) -> Converged:
    found = converge(ALICE, Touched(**touched), [], "test", core.converge)
    core.tables.check()
    return found


def refunded(core: Core, amount: int = 600) -> None:
    invoice = core.stripe.invoices[INVOICE]
    assert invoice.payment is not None
    core.stripe.invoices[INVOICE] = replace(invoice, payment=replace(invoice.payment, refunds=(a_refund(amount),)))


def test_an_invoice_that_was_refunded_before_it_is_first_seen_grants_the_rest(core):
    """Whatever event comes first, and however many of the refund's own are lost."""
    refunded(core)
    run(core)
    assert core.granted() == [("PURCHASE", 100), ("REFUND", -50), ("ACCESS", 0)]
    assert core.calls.count("payments") == 1


def test_an_invoice_that_has_granted_costs_no_further_question(core):
    run(core)
    core.calls.made.clear()
    run(core)
    assert core.calls.count("payments") == 0


def test_an_invoice_that_can_not_grant_costs_none_at_all(core):
    core.stripe.invoices[INVOICE] = an_invoice(billing_reason="subscription_update")
    run(core, registers=frozenset({INVOICE}))
    assert core.calls.count("payments") == 0


@pytest.mark.parametrize("doubted", [frozenset(), frozenset({CUSTOMER})])
def test_the_customers_are_asked_after_only_where_one_may_be_gone(core, doubted):
    run(core, customers=doubted)
    (asked,) = core.stripe.asked
    assert asked[1].customers == doubted


def test_lines_that_grant_nothing_have_no_purchase_to_look_for(core):
    core.stripe.invoices[INVOICE] = an_invoice(a_line(proration=True), a_line(of_subscription=False, id="il_2"))
    run(core)
    assert core.calls.count("extend") == 0


def test_the_payment_of_a_plan_without_credits_is_kept_too(core):
    """A report counts it as sold, and what comes back of it."""
    core.stripe.subscriptions[SUBSCRIPTION] = a_subscription(TEAM_YEARLY, latest_invoice=INVOICE)
    core.stripe.invoices[INVOICE] = an_invoice(a_line(TEAM_YEARLY))
    run(core)
    assert core.calls.count("payments") == 1
    (kept,) = core.tables.purchases.values()
    assert (kept.credits_granted, kept.payment.captured) == (0, core.stripe.invoices[INVOICE].payment.captured)


@pytest.mark.parametrize("touched", [{"registers": frozenset({INVOICE})}, {"payments": frozenset({PAID})}])
def test_an_event_that_may_tell_of_a_refund_has_it_read(core, touched):
    run(core)
    refunded(core)
    run(core)
    assert core.account().balance == 100  # nobody told
    run(core, **touched)
    assert core.account().balance == 50


def test_what_was_read_is_not_read_again_when_a_spend_comes_between(core):
    """Money rule 3: a conflict on `version` alone costs no Stripe read."""
    core.calls.before("commit", lambda: core.tables.accounts.update({ALICE: replace(core.account(), version=9)}))
    run(core)
    assert (core.calls.count("snapshot"), core.calls.count("payments"), core.calls.count("commit")) == (1, 1, 2)


def test_a_free_invoice_has_no_payment_to_read(core):
    core.stripe.invoices[INVOICE] = an_invoice(a_line(amount=0), payment=None)
    core.stripe.prices[PRO_MONTHLY.id] = replace(PRO_MONTHLY, unit_amount=0)
    run(core)
    assert core.account().balance == 100
    assert core.calls.count("payments") == 0


# ------------------------------------------------------------------------------------------- an invoice paid in parts

FIRST, SECOND = PaymentIntentId("pi_a"), PaymentIntentId("pi_b")


def in_parts(core: Core, **second) -> None:
    card = Card("visa", "4242")
    core.stripe.invoices[INVOICE] = an_invoice(payment=None, intents=(FIRST, SECOND))
    core.stripe.parts = {
        FIRST: Payment(FIRST, 400, "eur", NOW, card=card),
        SECOND: replace(Payment(SECOND, 800, "eur", NOW), **second),
    }


def test_the_refund_of_one_part_takes_back_its_share(core):
    in_parts(core, refunds=(a_refund(600),))
    run(core)
    assert core.account().balance == 50
    assert core.tables.pointers == {FIRST: (ALICE, INVOICE), SECOND: (ALICE, INVOICE)}


def test_a_refund_of_the_second_part_is_found_by_its_payment(core):
    in_parts(core)
    run(core)
    in_parts(core, refunds=(a_refund(800),))
    run(core, payments=frozenset({SECOND}))
    assert core.account().balance == 34  # 100 less floor(100 * 800 / 1200)


def test_a_dispute_in_another_currency_takes_back_its_part_and_not_the_other(core):
    """Money rule 18."""
    in_parts(core, disputes=(Dispute("du_1", 5, "usd", "needs_response", NOW),))
    run(core)
    assert core.account().balance == 34


def test_the_last_payments_show_the_whole_and_the_card(core):
    in_parts(core, refunds=(a_refund(600),))
    run(core)
    [note] = core.account().payments
    assert (note.source, note.amount, note.refunded, note.card) == (INVOICE, 1200, 600, Card("visa", "4242"))


# --------------------------------------------------------------------------------------------------- without a history


def test_past_due_first_seen_after_a_lost_history_has_what_was_paid_before(core):
    """F55, money rule 21: the latest invoice is the unpaid one."""
    late = an_invoice(
        id=InvoiceId("in_2"), status="open", billing_reason="subscription_cycle", paid_at=None, payment=None
    )
    core.stripe.invoices[late.id] = late
    core.stripe.subscriptions[SUBSCRIPTION] = a_subscription(status="past_due", latest_invoice=late.id)
    run(core)
    [state] = core.account().subscriptions
    assert state.paid_through == an_invoice().lines[0].period_end
    assert core.account().access is not None
    assert core.account().access.level == "PRO"
    assert core.account().balance == 100  # the paid one granted, too


# ------------------------------------------------------------------------------------------------------- two at once


def test_a_second_subscription_is_counted_for_an_alarm(core):
    """Money rule 22: nobody can buy one here, so a person made it."""
    core.stripe.subscriptions["sub_2"] = a_subscription(id="sub_2", created=NOW)
    run(core)
    assert core.metrics.counts["SecondSubscriptions"] == 1
    [line] = [line for line in core.log.lines if line.message == "second subscription"]
    assert (line.level, line.ids["subscription_id"]) == ("warning", "sub_1")
    core.stripe.subscriptions["sub_2"] = a_subscription(id="sub_2", status="canceled")
    run(core)
    assert core.metrics.counts["SecondSubscriptions"] == 1


def test_a_subscription_at_a_mistyped_price_is_counted_for_an_alarm(core):
    """docs/decisions/0063: until the price is mended its renewals grant nothing."""
    run(core)
    assert "PricesMisconfigured" not in core.metrics.counts
    core.stripe.prices[PRO_MONTHLY.id] = replace(PRO_MONTHLY, gives=Gives(), problem="1OO is no whole number")
    run(core)
    assert core.metrics.counts["PricesMisconfigured"] == 1
    [line] = [line for line in core.log.lines if line.message == "price misconfigured"]
    assert (line.level, line.ids["price_id"], line.ids["user_id"]) == ("warning", PRO_MONTHLY.id, ALICE)
    core.stripe.subscriptions["sub_1"] = a_subscription(status="canceled")
    run(core)
    assert core.metrics.counts["PricesMisconfigured"] == 1


@pytest.mark.parametrize("count", [15, 16, 70])
def test_a_customer_with_years_of_subscriptions_is_granted_in_parts(core, count):
    """Money rule 5: an adopted customer's subscriptions all grant with the first look, and 100 items are the most."""
    for number in range(count):
        name, invoice = SubscriptionId(f"sub_{number}"), InvoiceId(f"in_{number}")
        payment = a_payment(900, intent=PaymentIntentId(f"pi_{number}"))
        core.stripe.subscriptions[name] = a_subscription(id=name, status="canceled", latest_invoice=invoice)
        core.stripe.invoices[invoice] = an_invoice(id=invoice, subscription=name, payment=payment)
    assert core.deliver(a_notice("customer.updated", related={})) == frozenset()
    assert core.outcomes() == {"evt_1": "APPLIED"}
    assert core.granted() == [("PURCHASE", 100)] * count
    result = converge(ALICE, Touched(), [a_notice("customer.updated", id="evt_2", related={})], "test", core.converge)
    assert (result.entries, core.outcomes()["evt_2"]) == ((), "NOOP")


@pytest.mark.parametrize("count", [16, 31])
def test_an_event_that_was_seen_before_leaves_no_part_behind(core, count):
    """F06: the first part is written without it, and shows nothing of it."""
    notice = a_notice("customer.updated", related={})
    converge(ALICE, Touched(), [notice], "test", core.converge)
    before = core.granted()
    for number in range(count):
        name, invoice = SubscriptionId(f"sub_9{number}"), InvoiceId(f"in_9{number}")
        core.stripe.subscriptions[name] = a_subscription(id=name, status="canceled", latest_invoice=invoice)
        core.stripe.invoices[invoice] = an_invoice(id=invoice, subscription=name, payment=None)
    again = converge(ALICE, Touched(), [notice], "test", core.converge)
    assert core.granted() == [*before, *[("PURCHASE", 100)] * count]
    assert (dict(again.outcomes), again.account) == ({}, core.account())
    assert again.replayed == {"evt_1"}


def test_each_part_is_told_to_whoever_asked_for_the_converge(core):
    for number in range(16):
        name, invoice = SubscriptionId(f"sub_{number}"), InvoiceId(f"in_{number}")
        core.stripe.subscriptions[name] = a_subscription(id=name, status="canceled", latest_invoice=invoice)
        core.stripe.invoices[invoice] = an_invoice(id=invoice, subscription=name, payment=None)
    result = converge(ALICE, Touched(), [a_notice("customer.updated", related={})], "test", core.converge)
    assert [(entry.version, entry.amount) for entry in result.entries] == [(2, 100)] * 15 + [(3, 100)]
    assert (result.outcomes, result.account) == ({"evt_1": "APPLIED"}, core.account())


def test_what_expires_at_a_look_is_counted_as_expired_and_not_as_reversed(core):
    """The same name as when a spend or the schedule finds it; alarms on refunds must not ring for it."""
    core.stripe.prices[PRO_MONTHLY.id] = replace(PRO_MONTHLY, gives=replace(PRO_MONTHLY.gives, credits_expire_days=30))
    run(core)
    core.clock.time = NOW + 30 * DAY
    run(core)
    assert core.granted()[-1] == ("EXPIRY", -100)
    assert (core.metrics.counts["CreditsExpired"], "CreditsReversed" in core.metrics.counts) == (100, False)


def test_an_order_that_only_the_first_invoice_names_speaks_for_it(core):
    """F44: the customer was deleted before anybody looked: its subscriptions are in no list of Stripe's."""
    order = an_order(PRO_MONTHLY)
    core.tables.orders[order.id] = order
    core.stripe.prices[PRO_MONTHLY.id] = a_price("pro_monthly", 1200, "month", credits=1, level="PRO")
    core.stripe.subscriptions.clear()
    core.stripe.invoices[INVOICE] = an_invoice(order=order.id)
    run(core, invoices=frozenset({INVOICE}))
    assert core.granted() == [("PURCHASE", 100)]


def test_an_event_that_only_names_an_invoice_of_somebody_else_waits_with_it_for_a_person(core):
    """F46: it can be replayed, once the invoice's customer is who it should be."""
    core.stripe.invoices[INVOICE] = replace(core.stripe.invoices[INVOICE], customer=CustomerId("cus_other"))
    told = a_notice("charge.refunded", related={"charge": "ch_1", "invoice": INVOICE})
    converge(ALICE, Touched(registers=frozenset({INVOICE})), [told], "test", core.converge)
    assert core.outcomes() == {told.id: "QUARANTINED"}
