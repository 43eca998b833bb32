"""Whose account a thin event concerns: our own records first, then one question to Stripe (F34, F35)."""

import json
from typing import Any

import pytest

from billing.domain.ids import CustomerId, PaymentIntentId
from billing.domain.notice import Notice, ObjectRef
from billing.domain.records import Outcome
from billing.services.find_owner import Routed, find_owners
from billing.services.find_touched import find_touched
from tests.fakes.core import Core, a_notice
from tests.fakes.snapshots import (
    ALICE,
    CUSTOMER,
    INTENT,
    INVOICE,
    ORDER,
    SESSION,
    SUBSCRIPTION,
    a_payment,
    a_refund,
    a_session,
    a_subscription,
    an_invoice,
    an_order,
)

REFUND, DISPUTE = "re_1", "du_1"


@pytest.fixture
def core() -> Core:
    """Alice has bought credits and a plan, and Stripe knows of it all."""
    core = Core()
    core.has_customer()
    core.stripe.sessions[SESSION] = a_session(an_order())
    core.stripe.subscriptions[SUBSCRIPTION] = a_subscription(latest_invoice=INVOICE)
    core.stripe.invoices[INVOICE] = an_invoice()
    core.stripe.charges["ch_1"] = INTENT
    core.stripe.of_payment |= {REFUND: INTENT, DISPUTE: INTENT}
    return core


def thin(kind: str, object: str, name: str, **given: Any) -> Notice:
    related = {object: name} if object not in ("refund", "dispute", "customer") else {}
    customer = name if object == "customer" else None
    return a_notice(f"v1.{kind}", customer=customer, related=related, object=ObjectRef(object, name), **given)


def routed(core: Core, *notices: Notice) -> Routed:
    return find_owners(notices, core.accounts, core.stripe)


@pytest.mark.parametrize(
    ("notice", "calls"),
    [
        (thin("invoice.paid", "invoice", INVOICE), ["sources", "hints", "owners", "orders"]),
        (thin("customer.subscription.updated", "subscription", SUBSCRIPTION), ["sources", "hints", "owners", "orders"]),
        (thin("payment_intent.succeeded", "payment_intent", INTENT), ["sources", "hints", "owners", "orders"]),
        (thin("charge.refunded", "charge", "ch_1"), ["sources", "hints", "owners", "orders"]),
        (thin("checkout.session.completed", "checkout.session", SESSION), None),
        (thin("refund.created", "refund", REFUND), None),
        (thin("charge.dispute.created", "dispute", DISPUTE), None),
        (thin("customer.updated", "customer", CUSTOMER), ["sources", "orders"]),
    ],
    ids=lambda value: value.type if isinstance(value, Notice) else "",
)
def test_the_object_leads_to_its_customer_and_the_customer_to_its_owner(core, notice, calls):
    found = routed(core, notice)
    assert list(found.users) == [ALICE]
    if calls is not None:
        assert core.calls.made == ["owners", *calls]


def test_a_customer_that_is_deleted_is_touched(core):
    """F44: whichever way it was told."""
    notice = thin("customer.deleted", "customer", CUSTOMER)
    assert find_touched(ALICE, [notice], core.accounts, core.stripe).customers == {CUSTOMER}


def test_a_session_that_we_made_is_asked_of_nobody(core):
    core.has_session(an_order())
    assert list(routed(core, thin("checkout.session.completed", "checkout.session", SESSION)).users) == [ALICE]
    assert core.calls.count("hints") == 0


def test_a_payment_with_a_pointer_is_asked_of_nobody(core):
    core.tables.pointers[INTENT] = (ALICE, SESSION)
    assert list(routed(core, thin("payment_intent.succeeded", "payment_intent", INTENT)).users) == [ALICE]
    assert core.calls.count("hints") == 0


def test_a_refund_costs_one_question_where_its_payment_has_a_pointer(core):
    core.tables.pointers[INTENT] = (ALICE, SESSION)
    found = routed(core, thin("refund.created", "refund", REFUND))
    [notice] = found.users[ALICE]
    assert notice.related == {"payment_intent": INTENT}
    assert core.calls.count("hints") == 1
    assert find_touched(ALICE, [notice], core.accounts, core.stripe).sessions == {SESSION}


def test_an_object_that_is_gone_concerns_nobody(core):
    found = routed(core, thin("customer.subscription.deleted", "subscription", "sub_gone"))
    assert [(item.outcome, item.reason) for item in found.ownerless] == [(Outcome.IGNORED, "foreign payment")]


def test_a_subscription_of_an_unknown_customer_is_parked_with_what_was_learned(core):
    """The replay then needs no question."""
    core.stripe.subscriptions[SUBSCRIPTION] = a_subscription(customer=CustomerId("cus_x"))
    [found] = routed(core, thin("customer.subscription.created", "subscription", SUBSCRIPTION)).ownerless
    assert (found.outcome, found.notice.customer) == (Outcome.PARKED, "cus_x")


def test_what_was_parked_of_the_customer_that_was_asked_for_is_told(core):
    """Money rule 9: a thin event of a subscription does not name its customer, and no other need come."""
    core.deliver(a_notice("customer.subscription.updated", id="evt_0", customer="cus_x", related={}))
    core.tables.owners[CustomerId("cus_x")] = ALICE
    core.stripe.subscriptions[SUBSCRIPTION] = a_subscription(customer=CustomerId("cus_x"))
    found = routed(core, thin("customer.subscription.created", "subscription", SUBSCRIPTION))
    assert (list(found.users), found.parked) == ([ALICE], {ALICE: ["cus_x"]})


def test_a_payment_of_an_unknown_customer_is_ignored(core):
    """F65."""
    core.stripe.sessions[SESSION] = a_session(customer=CustomerId("cus_x"))
    [found] = routed(core, thin("checkout.session.completed", "checkout.session", SESSION)).ownerless
    assert found.outcome is Outcome.IGNORED
    core.tables.orders[ORDER] = an_order()
    core.stripe.sessions[SESSION] = a_session(an_order(), customer=CustomerId("cus_x"))
    [found] = routed(core, thin("checkout.session.completed", "checkout.session", SESSION)).ownerless
    assert found.outcome is Outcome.PARKED


def test_thin_events_alone_grant_and_take_back(core):
    core.stripe.subscriptions.clear()
    core.has_session(an_order())
    core.stripe.pay(SESSION, payment=a_payment(500))
    assert core.deliver(thin("checkout.session.completed", "checkout.session", SESSION)) == frozenset()
    core.stripe.sessions[SESSION] = a_session(an_order(), payment=a_payment(500, refunds=(a_refund(200, id=REFUND),)))
    assert core.deliver(thin("refund.created", "refund", REFUND, id="evt_2")) == frozenset()
    assert core.granted() == [("PURCHASE", 500), ("REFUND", -200)]
    assert core.deliver(thin("payment_intent.succeeded", "payment_intent", INTENT, id="evt_3")) == frozenset()
    assert core.outcomes() == {"evt_1": "APPLIED", "evt_2": "APPLIED", "evt_3": "NOOP"}


def test_a_thin_charge_alone_grants(core):
    core.stripe.subscriptions.clear()
    core.has_session(an_order())
    core.stripe.pay(SESSION, payment=a_payment(500))
    core.deliver(thin("charge.refunded", "charge", "ch_1"))
    assert core.granted() == [("PURCHASE", 500)]


# --------------------------------------------------------------------------------------------- EventBridge's envelopes


def envelope(**given: Any) -> str:
    event = {
        "id": "evt_bus",
        "object": "event",
        "type": "checkout.session.completed",
        "created": 1795255200,
        "livemode": False,
        "data": {"object": {"object": "checkout.session", "id": SESSION, "customer": CUSTOMER}},
        **given.pop("event", {}),
    }
    told = {"detail-type": event["type"], "source": "aws.partner/stripe.com/ed_1", "id": "6a7e8feb-b491", **given}
    return json.dumps({"detail": event, **told})


def test_an_envelope_in_the_queue_is_consumed_like_a_message_of_ours(core):
    core.stripe.subscriptions.clear()
    core.has_session(an_order())
    core.stripe.pay(SESSION)
    assert core.deliver(envelope(), envelope()) == frozenset()
    assert core.outcomes() == {"evt_bus": "APPLIED"}
    assert core.granted() == [("PURCHASE", 500)]


def test_an_envelope_of_another_type_is_done_with(core):
    assert core.deliver(envelope(event={"type": "product.created"})) == frozenset()
    assert core.outcomes() == {}
    assert core.metrics.counts["EventsIgnored"] == 1


@pytest.mark.parametrize(
    "body",
    [envelope(source="aws.s3"), envelope(event={"id": None}), envelope(event={"data": []}), '{"detail-type": 1}'],
)
def test_an_envelope_that_cannot_be_read_ends_in_the_dead_letter_queue(core, body):
    """F13."""
    assert core.deliver(body) == {"m1"}
    assert core.metrics.counts["MalformedMessages"] == 1


@pytest.mark.parametrize(
    ("event", "reason"), [({"livemode": True}, "wrong_mode"), ({"account": "acct_1"}, "wrong_account")]
)
def test_an_envelope_of_the_wrong_origin_is_quarantined(core, event, reason):
    """F30."""
    assert core.deliver(envelope(event=event)) == frozenset()
    [record] = core.tables.events.values()
    assert (record.outcome, record.reason, record.message is not None) == (Outcome.QUARANTINED, reason, True)
    assert PaymentIntentId(INTENT) not in core.tables.pointers
