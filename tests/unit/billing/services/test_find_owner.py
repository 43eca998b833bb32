"""Whose account an event concerns, and which payments must be looked at because of it."""

from dataclasses import replace

import pytest

from billing.domain.ids import CustomerId, InvoiceId, PaymentIntentId, SessionId
from billing.domain.notice import Notice, ObjectRef
from billing.domain.records import Outcome
from billing.errors import StripeUnavailable
from billing.ports.stripe import Touched
from billing.services.find_owner import Routed, find_owners
from billing.services.find_touched import find_touched
from tests.fakes.core import Core, a_notice
from tests.fakes.snapshots import (
    ALICE,
    BOB,
    CUSTOMER,
    INVOICE,
    ORDER,
    SESSION,
    a_payment,
    a_session,
    an_invoice,
    an_order,
)

INTENT = PaymentIntentId("pi_1")


@pytest.fixture
def core() -> Core:
    core = Core()
    core.has_customer()
    core.has_customer(BOB, CustomerId("cus_bob"))
    core.stripe.sessions[SESSION] = a_session()
    return core


def owners(core: Core, *notices: Notice) -> Routed:
    return find_owners(notices, core.accounts, core.stripe)


def touched(core: Core, *notices: Notice) -> Touched:
    return find_touched(ALICE, notices, core.accounts, core.stripe)


def refund(**given) -> Notice:
    """Refunds and disputes name no customer."""
    made = a_notice("refund.created", customer=None, related={"payment_intent": INTENT, "charge": "ch_1"})
    return replace(made, **given)


def charge_only(**given) -> Notice:
    return replace(a_notice("charge.dispute.created", customer=None, related={"charge": "ch_1"}), **given)


def test_the_owner_record_of_the_customer_decides_in_one_read_for_all(core):
    """F34: the account is found all the same."""
    notices = [
        a_notice(),
        a_notice("customer.updated", id="evt_2", customer="cus_bob", related={}),
        a_notice("invoice.paid", id="evt_3", related={"invoice": "in_1"}),
    ]
    routed = owners(core, *notices)
    assert routed.users == {ALICE: [notices[0], notices[2]], BOB: [notices[1]]}
    assert routed.ownerless == []
    assert core.calls.made == ["owners", "sources", "orders"]


def test_metadata_is_not_believed(core):
    """F35: the customer is bob's, whatever order the event names."""
    notice = a_notice(customer="cus_bob", order="ord_of_alice")
    assert owners(core, notice).users == {BOB: [notice]}


def test_a_payment_without_a_customer_leads_through_its_pointer(core):
    core.tables.pointers[INTENT] = (ALICE, SESSION)
    assert owners(core, refund()).users == {ALICE: [refund()]}
    assert core.calls.made == ["owners", "sources", "orders"]  # Stripe was not asked


def test_a_refund_that_overtakes_its_payment_leads_through_stripe(core):
    """F36."""
    assert owners(core, refund()).users == {ALICE: [refund(customer=CUSTOMER)]}
    assert core.calls.made[2:] == ["hints", "owners", "orders"]


def test_a_dispute_that_names_only_its_charge_leads_through_stripe(core):
    core.stripe.charges["ch_1"] = INTENT
    found = charge_only(customer=CUSTOMER, related={"charge": "ch_1", "payment_intent": INTENT})
    assert owners(core, charge_only()).users == {ALICE: [found]}
    assert core.calls.count("hints") == 1


def test_an_owner_that_is_known_is_not_asked_of_stripe_and_a_pointer_does_not_outrank_it(core):
    core.tables.pointers[INTENT] = (BOB, SESSION)
    notice = a_notice("payment_intent.succeeded", related={"payment_intent": INTENT})
    assert owners(core, notice).users == {ALICE: [notice]}


@pytest.mark.parametrize(
    ("notice", "outcome", "reason"),
    [
        (a_notice(customer=None), Outcome.IGNORED, "foreign payment"),
        (a_notice(customer="cus_x"), Outcome.IGNORED, "foreign payment"),
        (a_notice("payment_intent.succeeded", customer="cus_x"), Outcome.IGNORED, "foreign payment"),
        (a_notice("charge.refunded", customer="cus_x"), Outcome.IGNORED, "foreign payment"),
        (a_notice("refund.created", customer="cus_x"), Outcome.IGNORED, "foreign payment"),
        (charge_only(), Outcome.IGNORED, "foreign payment"),
        (a_notice(customer=None, order=ORDER), Outcome.PARKED, "an order of ours, its owner is unknown"),
        (a_notice(customer="cus_x", order=ORDER), Outcome.PARKED, "an order of ours, its owner is unknown"),
        (a_notice(customer=None, order="ord_of_nobody"), Outcome.IGNORED, "foreign payment"),
        (a_notice(customer="cus_x", order="ord_of_nobody"), Outcome.IGNORED, "foreign payment"),
        (a_notice("invoice.paid", customer="cus_x", order="x#y"), Outcome.PARKED, "the customer has no owner"),
        (a_notice("customer.subscription.created", customer="cus_x"), Outcome.PARKED, "the customer has no owner"),
        (a_notice("invoice.paid", customer="cus_x"), Outcome.PARKED, "the customer has no owner"),
        (a_notice("invoice.paid", customer=None), Outcome.IGNORED, "foreign payment"),
    ],
)
def test_what_becomes_of_an_event_of_nobody(core, notice, outcome, reason):
    """Money rules 9 and 10, F65. Anybody can write an order id into a payment link's address."""
    core.tables.orders[ORDER] = an_order()
    routed = owners(core, notice)
    assert routed.users == {}
    assert [(item.notice, item.outcome, item.reason) for item in routed.ownerless] == [(notice, outcome, reason)]


def test_of_a_customer_that_an_event_names_stripe_is_not_asked(core):
    """Whose it is we know, or nobody does: other apps' events must not cost a question each."""
    named = a_notice(customer="cus_x", related={"payment_intent": INTENT, "charge": "ch_1"})
    assert [item.outcome for item in owners(core, named).ownerless] == [Outcome.IGNORED]
    assert core.calls.count("hints") == 0


def test_a_payment_of_a_customer_of_nobody_is_foreign(core):
    core.stripe.sessions[SESSION] = a_session(customer=CustomerId("cus_x"))
    assert [item.outcome for item in owners(core, refund()).ownerless] == [Outcome.IGNORED]


def test_what_has_no_customer_at_stripe_either_is_nobodys_and_costs_no_second_read(core):
    core.stripe.sessions[SESSION] = a_session(customer=None)
    core.stripe.charges["ch_1"] = INTENT
    thin = a_notice(
        "v1.checkout.session.completed", customer=None, related={}, object=ObjectRef("checkout.session", SESSION)
    )
    for notice in (charge_only(), thin):
        core.calls.made.clear()
        assert [item.outcome for item in owners(core, notice).ownerless] == [Outcome.IGNORED]
        assert core.calls.count("owners") == 1


def test_stripe_down_is_said(core):
    core.calls.broken["hints"] = StripeUnavailable("down")
    with pytest.raises(StripeUnavailable):
        owners(core, refund())


# ----------------------------------------------------------------------------------------------------- what is touched


def test_sessions_and_invoices_that_are_named_are_touched_without_a_question(core):
    found = touched(
        core,
        a_notice(related={"checkout.session": SESSION, "payment_intent": INTENT}),
        a_notice("invoice.paid", id="evt_2", related={"invoice": "in_1"}),
    )
    named = frozenset({INVOICE})
    assert found == Touched(sessions=frozenset({SESSION}), invoices=named, registers=named)
    assert core.calls.made == ["sources"]


def test_a_payment_leads_to_its_session_by_its_pointer(core):
    core.tables.pointers[INTENT] = (ALICE, "cs_7")
    assert touched(core, refund()) == Touched(sessions=frozenset({SessionId("cs_7")}))
    assert core.calls.made == ["sources"]


def test_a_payment_leads_to_its_invoice_whose_registers_must_then_be_read(core):
    core.tables.pointers[INTENT] = (ALICE, "in_7")
    found = touched(core, refund())
    assert found == Touched(invoices=frozenset({InvoiceId("in_7")}), payments=frozenset({INTENT}))


def test_a_payment_without_a_pointer_is_asked_of_stripe(core):
    succeeded = a_notice("payment_intent.succeeded", related={"payment_intent": INTENT}, order=ORDER)
    thin = a_notice("v1.payment_intent.succeeded", related={"payment_intent": INTENT})
    for notice in (refund(), succeeded, thin):
        core.calls.made.clear()
        assert touched(core, notice).sessions == {SESSION}
        assert core.calls.made == ["sources", "session_of_payment"]


def test_a_payment_whose_session_is_named_by_another_event_of_the_group_is_asked_of_nobody(core):
    named = a_notice(related={"checkout.session": SESSION, "payment_intent": INTENT})
    assert touched(core, refund(id="evt_2"), named) == Touched(sessions=frozenset({SESSION}))
    assert core.calls.made == ["sources"]


def test_a_payment_of_somebody_else_is_left_alone(core):
    core.tables.pointers[INTENT] = (BOB, SESSION)
    assert touched(core, refund()) == Touched()
    assert core.calls.count("session_of_payment") == 0


def test_a_payment_of_somebody_else_holds_up_no_other(core):
    others = PaymentIntentId("pi_0")
    core.tables.pointers |= {others: (BOB, "cs_bob"), INTENT: (ALICE, "cs_7")}
    found = touched(core, refund(id="evt_2", related={"payment_intent": others}), refund())
    assert found == Touched(sessions=frozenset({SessionId("cs_7")}))


def test_a_refund_beside_the_session_of_another_payment_is_looked_at_all_the_same(core):
    """F37: of one batch, a purchase of today and a refund of last week's."""
    core.tables.pointers[INTENT] = (ALICE, "cs_7")
    bought = a_notice(id="evt_2", related={"checkout.session": SESSION, "payment_intent": "pi_0"})
    assert touched(core, bought, refund()).sessions == {SESSION, SessionId("cs_7")}


def test_a_deleted_customer_is_touched(core):
    notice = a_notice("customer.deleted", related={})
    assert touched(core, notice) == Touched(customers=frozenset({CUSTOMER}))
    assert touched(core, replace(notice, type="customer.updated")) == Touched()


def test_a_dispute_that_names_only_its_charge_touches_its_payment(core):
    """F39: else it would be recorded without an effect, for good."""
    core.stripe.charges["ch_1"] = INTENT
    assert touched(core, charge_only()).sessions == {SESSION}
    core.tables.pointers[INTENT] = (ALICE, "in_7")
    assert touched(core, charge_only()).payments == {INTENT}


def test_the_charge_that_a_dispute_names_is_asked_for_and_what_names_none_itself(core):
    """F32: a thin event names its object and nothing else."""
    core.stripe.charges["ch_1"] = INTENT
    assert touched(core, charge_only(object=ObjectRef("dispute", "du_unknown"))).sessions == {SESSION}
    core.stripe.of_payment |= {"re_1": INTENT, "du_1": INTENT}
    for kind, name in (("refund", "re_1"), ("dispute", "du_1")):
        thin = a_notice(f"v1.{kind}.created", customer=None, related={}, object=ObjectRef(kind, name))
        assert touched(core, thin).sessions == {SESSION}


def test_a_charge_that_is_unknown_or_named_together_with_its_payment_is_asked_of_nobody_twice(core):
    assert touched(core, charge_only()) == Touched()
    core.calls.made.clear()
    touched(core, refund())
    assert core.calls.count("hints") == 0


def test_a_refund_that_names_its_invoice_has_the_registers_read(core):
    """F31: charges named their invoice before 2025-03-31."""
    core.stripe.sessions.clear()
    notice = a_notice("charge.refunded", related={"charge": "ch_1", "payment_intent": INTENT, "invoice": "in_1"})
    found = touched(core, notice)
    named = frozenset({INVOICE})
    assert found == Touched(invoices=named, payments=frozenset({INTENT}), registers=named)


def test_a_refund_that_names_the_invoice_of_a_one_time_payment_touches_its_session(core):
    """F31, F54: what a one-time payment grants hangs on its session, whatever invoice the old payload names."""
    notice = a_notice("charge.refunded", related={"charge": "ch_1", "payment_intent": INTENT, "invoice": "in_1"})
    assert touched(core, notice).sessions == {SESSION}  # not granted yet: Stripe knows
    core.tables.pointers[INTENT] = (ALICE, SESSION)
    core.calls.made.clear()
    assert touched(core, notice).sessions == {SESSION}
    assert core.calls.made == ["sources"]


def test_an_invoice_that_names_its_payment_is_asked_of_nobody(core):
    """F31: invoices named their payment before 2025-03-31."""
    notice = a_notice("invoice.paid", related={"invoice": "in_1", "payment_intent": INTENT})
    named = frozenset({INVOICE})
    assert touched(core, notice) == Touched(invoices=named, registers=named)
    assert core.calls.made == ["sources"]


def test_a_subscription_names_its_invoice_and_tells_of_no_refund(core):
    notice = a_notice("customer.subscription.updated", related={"subscription": "sub_1", "invoice": "in_1"})
    assert touched(core, notice) == Touched(invoices=frozenset({INVOICE}))


def test_a_refund_beside_the_event_of_its_invoice_has_the_registers_read(core):
    core.stripe.sessions.clear()
    paid = a_notice("invoice.paid", related={"invoice": "in_1", "payment_intent": INTENT})
    assert touched(core, paid, refund(id="evt_2")).payments == {INTENT}


def test_a_refund_that_overtakes_its_invoice_has_the_registers_read(core):
    """F36: no purchase points from the payment yet, and no session ever will."""
    core.stripe.sessions.clear()
    core.stripe.invoices[an_invoice().id] = an_invoice(payment=a_payment(1200))
    paid = a_notice("invoice.paid", related={"invoice": "in_1"})
    assert touched(core, paid, refund(id="evt_2")).payments == {INTENT}


def test_a_payment_of_no_order_is_an_invoices_and_costs_no_question(core):
    notice = a_notice("payment_intent.succeeded", related={"payment_intent": INTENT})
    assert touched(core, notice) == Touched()
