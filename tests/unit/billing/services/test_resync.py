"""Resync: an account is brought up to date with all that it ever bought, whatever events were lost (F49, F50)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.ids import CustomerId, InvoiceId, OrderId, PurchaseKey, SessionId
from billing.domain.purchase import PurchaseState
from billing.errors import MalformedObject, StripeRefused, StripeUnavailable
from billing.services.resync import Resynced, resync
from billing.services.spend_credits import spend_credits
from tests.fakes.core import Core, a_notice
from tests.fakes.lifecycles import refunds, renewed
from tests.fakes.snapshots import (
    ALICE,
    CUSTOMER,
    NOW,
    PRO_30,
    PRO_MONTHLY,
    SESSION,
    TEAM_YEARLY,
    a_refund,
    a_session,
    a_subscription,
    an_invoice,
    an_order,
)
from tests.fakes.world import raising

SOON = NOW + timedelta(minutes=5)

pytestmark = pytest.mark.usefixtures("alice_has_paid")


def done(core: Core, **given) -> Resynced:
    found = resync(ALICE, core.converge, core.cache, SOON, **given)
    core.tables.check()
    return found


def test_a_purchase_whose_events_were_all_lost_is_granted(core):
    found = done(core)
    assert core.granted() == [("PURCHASE", 500)]
    assert core.tables.entries(ALICE)[0].actor == "resync"
    assert (found.payments, found.failed, found.whole) == (1, (), True)
    assert [entry.amount for entry in found.entries] == [500]
    assert (found.account, core.cache.accounts[ALICE].balance) == (core.account(), 500)


def test_what_ended_by_our_records_and_was_paid_all_the_same_is_granted(core):
    purchase = core.tables.purchases[PurchaseKey(SESSION)]
    core.tables.purchases[purchase.key] = replace(purchase, state=PurchaseState.EXPIRED)
    done(core)
    assert core.granted() == [("PURCHASE", 500)]


def test_a_second_run_changes_nothing(core):
    done(core)
    stands = core.account()
    again = done(core)
    assert (again.entries, core.account().version) == ((), stands.version)


def test_refunds_of_a_session_and_of_an_invoice_whose_events_were_lost_are_found(core):
    core.has_session(an_order(PRO_MONTHLY, id=OrderId("ord_2")), SessionId("cs_2"))
    core.stripe.pay(SessionId("cs_2"))
    done(core)
    assert core.account().balance == 600
    refunds(("re_1", 250, "succeeded"))(core, NOW)
    invoice = core.stripe.invoices[InvoiceId("in_1")]
    assert invoice.payment is not None
    back = replace(invoice.payment, refunds=core.stripe.sessions[SESSION].payment.refunds)
    core.stripe.invoices[invoice.id] = replace(
        invoice, payment=replace(back, refunds=(replace(back.refunds[0], id="re_2", amount=600),))
    )
    done(core)
    assert core.account().balance == 600 - 250 - 50


def test_a_renewal_between_two_others_is_found(core):
    """The subscription shows only its latest invoice."""
    core.has_session(an_order(PRO_MONTHLY, id=OrderId("ord_2")), SessionId("cs_2"))
    core.stripe.pay(SessionId("cs_2"))
    for number in (2, 3):
        renewed(number)(core, NOW)
    found = done(core)
    assert core.account().balance == sum(entry.amount for entry in found.entries) == 500 + 3 * 100


def test_what_the_account_names_is_looked_at_however_old_it_is(core):
    done(core)
    refunds(("re_1", 250, "succeeded"))(core, NOW)
    found = done(core, most=0)
    assert core.account().balance == 250
    assert not found.whole


def test_what_the_account_names_of_a_subscription_is_looked_at_however_old_it_is(core):
    """Its invoices stand in lots and levels, by invoice and line."""
    core.has_session(an_order(PRO_MONTHLY, id=OrderId("ord_2")), SessionId("cs_2"))
    core.stripe.pay(SessionId("cs_2"))
    done(core)
    invoice = core.stripe.invoices[InvoiceId("in_1")]
    assert invoice.payment is not None
    core.stripe.subscriptions.clear()  # nor does the subscription name its latest any more
    back = replace(invoice.payment, refunds=(a_refund(invoice.payment.captured),))
    core.stripe.invoices[invoice.id] = replace(invoice, payment=back)
    done(core, most=0)
    assert core.account().balance == 500


def test_what_only_a_lot_or_only_a_level_names_is_looked_at(core):
    """The account remembers a few payments only."""
    core.has_session(an_order(PRO_30, id=OrderId("ord_2")), SessionId("cs_2"))
    core.stripe.pay(SessionId("cs_2"))
    done(core)
    core.tables.accounts[ALICE] = replace(core.account(), payments=())
    for name, amount in ((SESSION, 500), (SessionId("cs_2"), 900)):
        session = core.stripe.sessions[name]
        assert session.payment is not None
        back = (a_refund(amount, id=f"re_{name}"),)
        core.stripe.sessions[name] = replace(session, payment=replace(session.payment, refunds=back))
    done(core, most=0)
    assert (core.account().balance, [grant.ended_at for grant in core.account().levels]) == (0, [NOW])


def test_what_only_the_payments_shown_name_is_looked_at(core):
    """A plan that gives no credits leaves no lot."""
    core.has_session(an_order(TEAM_YEARLY, id=OrderId("ord_2")), SessionId("cs_2"))
    core.stripe.pay(SessionId("cs_2"))
    done(core)
    invoice = core.stripe.invoices[InvoiceId("in_1")]
    assert invoice.payment is not None
    core.stripe.subscriptions.clear()
    back = replace(invoice.payment, refunds=(a_refund(invoice.payment.captured),))
    core.stripe.invoices[invoice.id] = replace(invoice, payment=back)
    done(core, most=0)
    assert {note.source: note.refunded for note in core.account().payments} == {SESSION: 0, "in_1": back.captured}


def test_what_only_a_lot_names_of_which_nothing_is_left_is_looked_at(core):
    done(core)
    spend_credits(ALICE, 500, "a film", None, "key-1", "service", core.use)
    core.tables.accounts[ALICE] = replace(core.account(), payments=())
    refunds(("re_1", 500, "succeeded"))(core, NOW)
    done(core, most=0)
    assert core.account().balance == -500


def test_one_of_whose_customers_has_more_than_was_looked_at_is_not_whole(core):
    done(core)
    core.tables.accounts[ALICE] = replace(core.account(), customers=(CUSTOMER, CustomerId("cus_new")))
    core.stripe.customers[CustomerId("cus_new")] = (ALICE, None)
    assert not done(core, most=0).whole


def test_of_who_has_bought_for_years_all_is_looked_at(core):
    """Whoever runs it again would look at the newest again."""
    core.stripe.sessions |= {(name := SessionId(f"cs_{number}")): a_session(id=name) for number in range(1001)}
    assert done(core).whole


def test_sessions_of_others_and_ended_ones_cost_no_read(core):
    foreign = a_session(id=SessionId("cs_foreign"))
    ended = replace(a_session(an_order()), id=SessionId("cs_ended"), status="expired")
    core.stripe.sessions |= {foreign.id: foreign, ended.id: ended}
    purchase = next(iter(core.tables.purchases.values()))
    known = replace(purchase, key=ended.id, state=PurchaseState.EXPIRED)
    core.tables.purchases[known.key] = known
    assert done(core).payments == 1
    core.tables.purchases[known.key] = replace(known, state=PurchaseState.OPEN)
    assert done(core).payments == 2
    assert core.tables.purchases[known.key].state is PurchaseState.EXPIRED


def test_more_payments_than_fit_into_ten_transactions_are_all_looked_at(core):
    purchase = core.tables.purchases[PurchaseKey(SESSION)]
    for number in range(101):
        ended = replace(core.stripe.sessions[SESSION], id=SessionId(f"cs_{number:03}"), status="expired", payment=None)
        core.stripe.sessions[ended.id] = replace(ended, payment_status="unpaid")
        core.tables.purchases[PurchaseKey(ended.id)] = replace(purchase, key=PurchaseKey(ended.id))
    assert done(core).payments == 102
    assert {each.state for each in core.tables.purchases.values()} == {PurchaseState.PAID, PurchaseState.EXPIRED}


def test_a_session_that_can_still_be_paid_and_was_never_stored_is_known_again(core):
    """Else its own success page would know nothing of it (F06)."""
    core.tables.purchases.clear()
    session = core.stripe.sessions[SESSION]
    core.stripe.sessions[SESSION] = replace(session, status="open", payment_status="unpaid", payment=None)
    done(core)
    assert core.tables.purchases[PurchaseKey(SESSION)].state is PurchaseState.OPEN


def test_a_session_whose_purchase_was_never_stored_is_found_by_its_order(core):
    """The function died between Stripe's answer and our record."""
    core.tables.purchases.clear()
    done(core)
    assert core.account().balance == 500


def test_a_customer_that_was_deleted_is_noticed_and_its_purchases_are_still_looked_at(core):
    """F44."""
    done(core)
    core.stripe.deleted.add(CUSTOMER)
    refunds(("re_1", 500, "succeeded"))(core, NOW)
    done(core)
    assert (core.account().customers, core.account().deleted_customers) == ((), (CUSTOMER,))
    done(core)
    assert core.account().balance == 0


def test_what_a_customer_had_paid_for_before_it_was_deleted_is_granted(core):
    """Nothing of it is in the account: only Stripe's own list of a customer that is gone still names it (F44)."""
    core.tables.accounts[ALICE] = replace(core.account(), customers=(), deleted_customers=(CUSTOMER,))
    done(core)
    assert core.granted() == [("PURCHASE", 500)]


def test_a_payment_that_can_never_be_read_is_named_and_holds_up_no_other(core):
    broken = replace(core.stripe.sessions[SESSION], id=SessionId("cs_0"), order=OrderId("ord_0"))
    core.stripe.sessions[broken.id] = broken
    core.calls.before("snapshot", lambda: None, raising(MalformedObject("no")), raising(MalformedObject("no")))
    found = done(core)
    assert found.failed == ("cs_0",)
    assert core.account().balance == 500


def test_an_invoice_that_can_never_be_read_is_named_and_holds_up_no_other(core):
    core.has_session(an_order(PRO_MONTHLY, id=OrderId("ord_2")), SessionId("cs_2"))
    core.stripe.pay(SessionId("cs_2"))
    renewed(2)(core, NOW)
    core.stripe.invoices[InvoiceId("in_3")] = replace(core.stripe.invoices[InvoiceId("in_1")], id=InvoiceId("in_3"))
    no = raising(MalformedObject("no"))
    core.calls.before("snapshot", lambda: None, lambda: None, no, no)
    found = done(core)
    assert len(found.failed) == 1
    assert found.failed[0].startswith("in_")
    assert core.account().balance == 500 + 2 * 100
    known = core.stripe.invoices[InvoiceId("in_2")]
    assert known.payment is not None
    back = replace(known.payment, refunds=(a_refund(known.payment.captured),))
    core.stripe.invoices[known.id] = replace(known, payment=back)
    core.calls.before("snapshot", lambda: None, lambda: None, no, no)
    assert done(core).failed == found.failed
    assert core.account().balance == 500 + 100


def test_what_is_due_to_end_in_time_is_done_and_the_rest_said(core):
    """Two parts, of which the first takes all the time there is."""
    core.has_session(an_order(PRO_MONTHLY, id=OrderId("ord_2")), SessionId("cs_2"))
    core.stripe.pay(SessionId("cs_2"))
    core.calls.before("snapshot", lambda: None, lambda: core.clock.sleep(300))
    found = done(core)
    assert (found.payments, found.whole) == (2, False)
    again = resync(ALICE, core.converge, core.cache, core.clock.now() + timedelta(minutes=5))
    assert (again.payments, again.whole) == (3, True)


def test_nothing_is_begun_after_the_deadline(core):
    core.calls.before("snapshot", lambda: core.clock.sleep(301))
    found = done(core)
    assert (found.payments, found.whole, core.account().balance) == (0, False, 0)


def test_stripe_down_is_said(core):
    core.calls.before("history", raising(StripeUnavailable("down")))
    with pytest.raises(StripeUnavailable):
        done(core)


def test_a_customer_that_stripe_refuses_is_said(core):
    core.stripe.missing.add(CustomerId("cus_other"))
    core.calls.before("snapshot", raising(StripeRefused("no")))
    with pytest.raises(StripeRefused):
        done(core)


def test_who_asked_stands_in_the_ledger(core):
    done(core, actor="plumb:ada")
    assert core.tables.entries(ALICE)[0].actor == "plumb:ada"


def test_what_parked_events_grant_is_granted_in_the_name_of_who_asked(core):
    """An invoice that neither the subscription nor a list names: the parked event alone tells of it."""
    paid = an_invoice(id=InvoiceId("in_0"))
    core.stripe.subscriptions[a_subscription().id] = a_subscription()
    core.stripe.invoices[paid.id] = paid
    core.tables.owners.clear()
    core.deliver(a_notice("invoice.paid", id="evt_0", related={"invoice": paid.id}))
    core.tables.owners[CUSTOMER] = ALICE
    done(core, actor="plumb:ada", most=0)
    assert ("PURCHASE", 100) in core.granted()
    assert {entry.actor for entry in core.tables.entries(ALICE)} == {"plumb:ada"}


def test_parked_events_are_applied(core):
    core.tables.owners.clear()
    for number in range(95):
        core.deliver(a_notice("invoice.upcoming", id=f"evt_{number}", related={}))
    assert set(core.outcomes().values()) == {"PARKED"}
    core.tables.owners[CUSTOMER] = ALICE
    done(core)
    assert set(core.outcomes().values()) == {"NOOP"}
    assert core.tables.parked == {}
