"""F46: what was paid beside what was ordered, or instead of it: cross-sells and upsells of Stripe's page."""

from dataclasses import replace

import pytest

from billing.domain.catalog import Price
from billing.domain.ids import PurchaseKey
from billing.domain.ledger import Kind
from billing.domain.order import OrderLine
from billing.domain.purchase import PurchaseState
from billing.domain.snapshot import LineItem
from tests.fakes.snapshots import (
    CREDITS,
    CREDITS_90,
    PRICES,
    PRO_30,
    PRO_MONTHLY,
    SESSION,
    TEAM_YEARLY,
    a_payment,
    a_price,
    a_refund,
    a_session,
    a_subscription,
    a_truth,
    an_order,
    before,
    step,
)

KEY = PurchaseKey(SESSION)
SETUP = a_price("setup", 4900)
PRO_YEARLY = a_price("pro_yearly", 12000, "year", credits=1200, level="PRO", plan="pro")
EXTRA = a_price("extra", 350, "month", credits=400, plan="extra", plan_group="extra")
ALL = PRICES | {price.id: price for price in (SETUP, PRO_YEARLY, EXTRA)}


def line(price: Price, quantity: int = 1) -> OrderLine:
    return OrderLine(price.id, price.product_name, quantity, price.unit_amount, price.gives)


def items(*prices: Price) -> tuple[LineItem, ...]:
    return tuple(LineItem(price.id, 1) for price in prices)


def test_what_was_added_on_the_page_is_granted_as_the_catalog_has_it():
    order = an_order(CREDITS)
    session = a_session(order, items=items(CREDITS_90, CREDITS, PRO_30), payment=a_payment(2900))
    after, decision = step(before(order), a_truth(session))
    assert decision.refused == {}
    assert after.purchases[KEY].lines == (line(CREDITS), line(CREDITS_90), line(PRO_30))
    assert [(entry.kind, entry.amount) for entry in decision.entries] == [(Kind.PURCHASE, 2500), (Kind.ACCESS, 0)]
    lots = {lot.line: (lot.granted, lot.expires_at is None) for lot in after.account.lots}
    assert lots == {0: (500, True), 1: (2000, False)}


def test_what_was_added_is_frozen_and_taken_back_with_the_rest():
    order = an_order(CREDITS)
    session = a_session(order, items=items(CREDITS, CREDITS_90), payment=a_payment(2000))
    state, _ = step(before(order), a_truth(session))
    dearer = {CREDITS_90.id: replace(CREDITS_90, gives=replace(CREDITS_90.gives, credits=9000))}
    refunded = replace(session, payment=a_payment(2000, refunds=(a_refund(1000),)))
    after, decision = step(state, a_truth(refunded, prices=ALL | dearer))
    assert [(entry.kind, entry.amount) for entry in decision.entries] == [(Kind.REFUND, -1250)]
    assert after.account.balance == 1250


def test_what_is_frozen_of_an_order_is_not_what_the_catalog_says_by_now():
    order = an_order(CREDITS)
    today = {CREDITS.id: replace(CREDITS, gives=replace(CREDITS.gives, credits=9))}
    after, _ = step(before(order), a_truth(a_session(order), prices=today))
    assert (after.account.balance, after.purchases[KEY].lines) == (500, (line(CREDITS),))


@pytest.mark.parametrize(
    "prices",
    [
        {},
        {CREDITS_90.id: replace(CREDITS_90, problem="credits_amount must be a whole number")},
        {CREDITS_90.id: replace(CREDITS_90, barred="packaged", unit_amount=None)},
    ],
    ids=["nowhere", "broken", "not for one unit"],
)
def test_what_was_added_and_says_nothing_waits_for_a_person(prices):
    """Then for the whole payment: once the price is mended, a replay grants all of it."""
    order = an_order(CREDITS)
    session = a_session(order, items=items(CREDITS, CREDITS_90), payment=a_payment(2000))
    state, decision = step(before(order), a_truth(session, prices=prices))
    assert (decision.refused, decision.account.balance) == ({SESSION: "other lines"}, 0)
    mended, decision = step(state, a_truth(session))
    assert (decision.refused, mended.account.balance) == ({}, 2500)


def test_what_gives_nothing_may_be_added():
    order = an_order(CREDITS)
    after, decision = step(before(order), a_truth(a_session(order, items=items(CREDITS, SETUP)), prices=ALL))
    assert (decision.refused, after.account.balance) == ({}, 500)


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (items(PRO_YEARLY), (line(PRO_YEARLY),)),
        (items(PRO_MONTHLY, EXTRA), (line(PRO_MONTHLY), line(EXTRA))),
        (items(PRO_YEARLY, SETUP), (line(PRO_YEARLY), line(SETUP))),
        ((LineItem(PRO_MONTHLY.id, 3),), (line(PRO_MONTHLY, 3),)),
    ],
    ids=["upsold", "beside it", "with a setup fee", "another quantity"],
)
def test_a_subscription_is_what_is_on_its_session(found, lines):
    """Its invoices grant what they were paid for: the session itself grants nothing."""
    order = an_order(PRO_MONTHLY)
    truth = a_truth(a_session(order, items=found), a_subscription(), prices=ALL)
    after, decision = step(before(order), truth)
    assert (decision.refused, after.purchases[KEY].state, after.account.balance) == ({}, PurchaseState.PAID, 0)
    assert after.purchases[KEY].lines == lines


@pytest.mark.parametrize(
    "found",
    [items(PRO_MONTHLY, CREDITS), items(a_price("unknown", 1)), (), items(TEAM_YEARLY, CREDITS)],
    ids=["a pack that no invoice grants", "an unknown price", "nothing", "upsold with a pack"],
)
def test_a_subscription_with_what_no_invoice_grants_waits_for_a_person(found):
    order = an_order(PRO_MONTHLY)
    truth = a_truth(a_session(order, items=found), a_subscription(), prices=ALL)
    after, decision = step(before(order), truth)
    assert (decision.refused, after.purchases[KEY].state) == ({SESSION: "other lines"}, PurchaseState.REFUSED)


def test_what_is_on_a_subscription_as_it_was_ordered_is_as_it_was_frozen():
    order = an_order(PRO_MONTHLY)
    renamed = {PRO_MONTHLY.id: replace(PRO_MONTHLY, product_name="Pro, as of today")}
    truth = a_truth(a_session(order), a_subscription(), prices=renamed)
    after, _ = step(before(order), truth)
    assert after.purchases[KEY].lines == (line(PRO_MONTHLY),)


def test_what_was_added_is_priced_in_the_currency_of_the_session():
    priced = replace(CREDITS_90, currency="usd", unit_amount=1600, options={"eur": 1500})
    order = an_order(CREDITS)
    session = a_session(order, items=items(CREDITS, CREDITS_90))
    after, _ = step(before(order), a_truth(session, prices={CREDITS_90.id: priced}))
    assert [sold.unit_amount for sold in after.purchases[KEY].lines] == [500, 1500]
