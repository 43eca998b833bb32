"""The report by day: what counts when, and once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from billing.domain.ids import PaymentIntentId, PurchaseKey, UserId
from billing.domain.ledger import Entry, Kind
from billing.domain.purchase import Purchase, PurchaseState
from billing.domain.snapshot import Payment, Refund
from plumb.sales import Report

DAY = datetime(2026, 11, 20, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
PAYMENT = Payment(PaymentIntentId("pi_1"), 500, "usd", NEXT)
OPEN = Purchase(PurchaseKey("cs_1"), UserId("alice"), None, "payment", "usd", (), DAY)
PAID = replace(OPEN, state=PurchaseState.PAID, payment=PAYMENT)


def report(*purchases: Purchase, until: datetime = DAY + timedelta(days=3)) -> Report:
    made = Report(DAY, until)
    made.add_purchases(purchases)
    return made


def test_a_checkout_counts_when_it_was_opened_a_payment_when_it_came() -> None:
    days = report(PAID, replace(OPEN, key=PurchaseKey("cs_2"))).days
    assert (days[DAY.date()].checkouts, days[DAY.date()].completed, days[DAY.date()].completion) == (2, 1, 0.5)
    assert (days[NEXT.date()].sales, days[NEXT.date()].captured) == ({"usd": 1}, {"usd": 500})
    assert days[NEXT.date()].completion is None


def test_an_invoice_of_several_lines_is_one_payment_and_no_checkout() -> None:
    lines = [replace(PAID, key=PurchaseKey(f"in_1#il_{n}"), mode="subscription") for n in range(3)]
    days = report(*lines).days
    assert days.keys() == {NEXT.date()}
    assert (days[NEXT.date()].sales, days[NEXT.date()].checkouts) == ({"usd": 1}, 0)


def test_refunds_count_when_they_were_made_and_only_if_they_went_through() -> None:
    refunds = (Refund("re_1", 200, "succeeded", NEXT), Refund("re_2", 300, "failed", NEXT))
    days = report(replace(PAID, payment=replace(PAYMENT, refunds=refunds))).days
    assert days[NEXT.date()].refunded == {"usd": 200}


def test_currencies_are_not_added() -> None:
    other = replace(PAID, key=PurchaseKey("cs_2"), payment=replace(PAYMENT, currency="eur"))
    assert report(PAID, other).days[NEXT.date()].captured == {"usd": 500, "eur": 500}


def test_what_is_older_than_the_report_is_not_in_it() -> None:
    assert report(replace(OPEN, created_at=DAY - timedelta(seconds=1))).days == {}
    assert report(PAID, until=NEXT).days.keys() == {DAY.date()}


def test_credits_are_added_up_by_kind() -> None:
    made = Report(DAY, NEXT)
    for kind, amount in ((Kind.PURCHASE, 500), (Kind.SPEND, -20), (Kind.SPEND, -30), (Kind.ACCESS, 0)):
        made.add_entries([Entry(UserId("alice"), 1, 0, kind, amount, 0, None, None, "test", "test", DAY)])
    assert made.days[DAY.date()].document(date(2026, 11, 20))["credits"] == {"PURCHASE": 500, "SPEND": -50}
