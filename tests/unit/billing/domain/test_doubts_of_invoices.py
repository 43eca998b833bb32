"""Which paid invoices are in doubt, held against what is stored of them (F50, money rules 12, 21 and 27)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from billing.domain.catalog import METERED, Price
from billing.domain.doubts import doubt_of_invoice, doubt_of_subscription, grants_of_invoice, subscription_behind
from billing.domain.ids import PurchaseKey
from billing.domain.subscription import SubscriptionState, state_of
from tests.fakes.remembered import known_paid, remembered
from tests.fakes.snapshots import (
    DAY,
    NOW,
    POLICY,
    PRICES,
    PRO_MONTHLY,
    TEAM_YEARLY,
    a_line,
    a_subscription,
    an_invoice,
    an_item,
)
from tests.fakes.stripe_told import told_invoice, told_subscription

KEY, SECOND = PurchaseKey("in_1#il_1"), PurchaseKey("in_1#il_2")
UPDATED, PAID = "customer.subscription.updated", "invoice.paid"


def doubted(invoice: dict[str, Any], known: SubscriptionState | None, *stored: PurchaseKey) -> str | None:
    return doubt_of_invoice(invoice, known, stored, PRICES.get)


def test_each_item_is_paid_by_its_own_lines() -> None:
    """Their intervals may differ: held against one another they would be told for ever."""
    year, month = a_line(TEAM_YEARLY, id="il_2", period_end=NOW + 365 * DAY), a_line()
    both = a_subscription(items=(an_item(), an_item(TEAM_YEARLY, days=365)))
    known = state_of(both, None, [an_invoice(month, year)], PRICES, POLICY.levels)
    invoice, told = told_invoice(), told_subscription()
    other = told_invoice(price=TEAM_YEARLY, period_end=year.period_end, line="il_2")
    invoice["lines"]["data"] += other["lines"]["data"]
    told["items"]["data"] += told_subscription(price=TEAM_YEARLY, period_end=year.period_end)["items"]["data"]
    assert doubt_of_subscription(told | {"latest_invoice": invoice}, known) is None
    assert doubted(invoice, known, KEY, SECOND) is None
    for lines in ([month], [year]):
        partly = state_of(both, None, [an_invoice(*lines)], PRICES, POLICY.levels)
        assert doubted(invoice, partly, KEY, SECOND) == PAID
        assert doubt_of_subscription(told | {"latest_invoice": invoice}, partly) == UPDATED


def test_what_was_paid_for_an_item_that_is_gone_is_in_no_doubt() -> None:
    invoice = told_invoice()
    year = told_invoice(price=TEAM_YEARLY, period_end=NOW + 365 * DAY, line="il_2")
    invoice["lines"]["data"] += year["lines"]["data"]
    assert doubted(invoice, remembered(), KEY, SECOND) is None
    assert doubted(invoice, known_paid(None), KEY, SECOND) == PAID


def test_one_that_covers_more_than_is_known_to_be_paid_is_in_doubt() -> None:
    assert doubted(told_invoice(), known_paid(0)) == PAID
    assert doubted(told_invoice(), known_paid(None), KEY) == PAID
    assert doubted(told_invoice(), remembered()) == PAID, "it was seen while its price said nothing"
    assert doubted(told_invoice(), remembered(), KEY) is None


@pytest.mark.parametrize("known", [None, known_paid(60)], ids=["ended", "later"])
@pytest.mark.parametrize("price", [PRO_MONTHLY, TEAM_YEARLY], ids=["with credits", "without"])
def test_one_before_the_last_is_in_doubt_unless_it_has_left_a_purchase(
    known: SubscriptionState | None, price: Price
) -> None:
    assert doubted(told_invoice(price=price), known) == PAID
    assert doubted(told_invoice(price=price), known, KEY) is None


def test_at_a_price_that_was_deleted_one_is_in_doubt() -> None:
    """docs/decisions/0062. Its subscription may show the price still, or its order says what it costs and gives."""

    def deleted(_: str) -> None:
        return None

    for invoice in (told_invoice(), told_invoice(amount=0)):
        assert doubt_of_invoice(invoice, known_paid(60), (), deleted) == PAID
        assert doubt_of_invoice(invoice, known_paid(60), {KEY}, deleted) is None


def test_which_period_is_the_last_is_told_by_where_it_begins() -> None:
    """After a switch from the year to the month it ends sooner, and after a trial was given at the same time."""
    year, trial = (
        state_of(a_subscription(), None, [an_invoice(line)], PRICES, POLICY.levels)
        for line in (a_line(period_end=NOW + 365 * DAY), a_line(period_start=NOW + 9 * DAY))
    )
    month = told_invoice(period_start=NOW + 9 * DAY, period_end=NOW + 39 * DAY)
    assert doubted(month, year, KEY) == PAID
    assert doubt_of_subscription(told_subscription() | {"latest_invoice": month}, year) == UPDATED
    assert doubted(told_invoice(), trial, KEY) is None
    assert doubt_of_subscription(told_subscription() | {"latest_invoice": told_invoice()}, trial) is None
    assert doubted(told_invoice(period_start=NOW + 10 * DAY), trial, KEY) == PAID


TRIAL_END = NOW + 14 * DAY


def of_a_change(begins: datetime, **given: Any) -> dict[str, Any]:
    """The paid invoice of a change, of a period that begins then."""
    return told_invoice(billing_reason="subscription_update", period_start=begins, **given)


def test_the_invoice_of_a_change_that_has_ended_the_trial_is_in_doubt_like_a_renewal() -> None:
    """docs/decisions/0060. By the time of the look a later renewal may have been seen."""
    known = replace(known_paid(60), trial_end=TRIAL_END)
    assert doubted(of_a_change(TRIAL_END), known) == PAID
    assert doubted(of_a_change(TRIAL_END), known, KEY) is None
    assert doubted(of_a_change(TRIAL_END + DAY), known) is None
    assert doubted(of_a_change(TRIAL_END, proration=True), known) is None
    assert doubted(of_a_change(TRIAL_END), known_paid(60)) is None, "it had no trial"


def test_a_change_that_costs_something_in_what_is_remembered_as_a_trial_has_cut_it_short() -> None:
    """docs/decisions/0060. Of the change and of the renewals since nothing was heard."""
    known = replace(known_paid(60), status="trialing", trial_end=TRIAL_END)
    assert doubted(of_a_change(TRIAL_END - DAY), known) == PAID
    assert doubted(of_a_change(TRIAL_END - DAY), known, KEY) is None
    assert doubted(of_a_change(TRIAL_END - DAY), replace(known, status="active")) is None, "its trial came later"
    assert doubted(of_a_change(TRIAL_END), known) == PAID
    assert doubted(of_a_change(TRIAL_END + DAY), known) is None
    assert doubted(of_a_change(TRIAL_END), replace(known, trial_end=None)) is None
    free = of_a_change(TRIAL_END - DAY, amount=0)
    assert doubt_of_invoice(free, known, (), PRICES.get, trial_credits=True) is None, "another plan on trial"


def test_of_a_subscription_that_has_ended_a_change_may_have_ended_the_trial() -> None:
    """When that was is kept no longer; the converge asks Stripe."""
    assert doubted(of_a_change(TRIAL_END), None) == PAID
    assert doubted(of_a_change(TRIAL_END), None, KEY) is None
    assert doubted(of_a_change(TRIAL_END, proration=True), None) is None


def test_one_of_which_a_line_that_is_sold_has_left_no_purchase_is_in_doubt() -> None:
    """It was granted in parts, and the last one is missing. What is not sold here never leaves one."""
    both = told_invoice()
    (line,) = both["lines"]["data"]
    both["lines"]["data"] = [{**line, "id": "il_2"}, line]
    for known in (None, remembered()):
        assert doubted(both, known, KEY) == PAID
        assert doubted(both, known, KEY, SECOND) is None
    both["lines"]["data"][0]["pricing"] = None
    assert doubted(both, None, KEY) is None


@pytest.mark.parametrize("given", [{"billing_reason": "manual"}, {"proration": True}, {"amount": 0}, {"id": "nothing"}])
def test_what_grants_nothing_is_in_no_doubt(given: dict[str, Any]) -> None:
    """Money rule 12: no plan change, no proration, no trial."""
    assert doubted(told_invoice(**given), None) is None


def test_where_trials_have_credits_their_invoices_grant_too() -> None:
    trial = told_invoice(amount=0)
    assert doubt_of_invoice(trial, None, (), PRICES.get, trial_credits=True) == PAID
    assert doubt_of_invoice(trial, None, (KEY,), PRICES.get, trial_credits=True) is None


def test_a_price_of_nothing_may_grant() -> None:
    free = replace(PRO_MONTHLY, unit_amount=0)
    assert doubt_of_invoice(told_invoice(amount=0), None, (), {free.id: free}.get) == PAID


def test_a_price_that_can_not_be_used_grants_nothing() -> None:
    broken = replace(PRO_MONTHLY, problem="credits_amount is no number")
    assert doubt_of_invoice(told_invoice(), None, (), {broken.id: broken}.get) is None


def test_metered_usage_grants_nothing_and_so_leaves_no_purchase_to_look_for() -> None:
    metered = replace(PRO_MONTHLY, barred=METERED)
    assert doubt_of_invoice(told_invoice(), None, (), {metered.id: metered}.get) is None


def test_a_single_credit_is_a_grant() -> None:
    one = replace(PRO_MONTHLY, gives=replace(PRO_MONTHLY.gives, credits=1))
    assert doubt_of_invoice(told_invoice(), None, (), {one.id: one}.get) == PAID


@pytest.mark.parametrize(
    "period", [None, {"start": None, "end": 1_900_000_000}, {"start": 1_900_000_000, "end": "soon"}]
)
def test_a_line_without_its_period_covers_nothing_and_ends_no_trial(period: object) -> None:
    invoice = told_invoice(billing_reason="subscription_update")
    invoice["lines"]["data"][0]["period"] = period
    assert doubted(invoice, remembered()) is None


def test_what_a_trial_stood_for_is_as_known_as_the_time_that_is_left_of_it() -> None:
    trial = told_invoice(amount=0)
    known = remembered(trial_end=TRIAL_END)
    assert [item.paid and item.paid.end for item in known.items] == [TRIAL_END]
    assert doubted(trial, known) is None
    assert doubted(trial, replace(known, trial_end=None)) == PAID


def test_a_line_without_a_price_grants_nothing_and_no_price_is_asked_for() -> None:
    invoice = told_invoice()
    invoice["lines"]["data"][0]["pricing"] = None
    assert doubt_of_invoice(invoice, None, (), PRICES.__getitem__) is None


def test_the_lines_that_grant_are_those_of_periods() -> None:
    invoice = told_invoice()
    line = invoice["lines"]["data"][0]
    odd = [line | {"id": "il_2", "parent": {"subscription_item_details": None}}, line | {"id": None}, "nothing"]
    invoice["lines"]["data"] += odd
    assert grants_of_invoice(invoice, None) == {KEY: (PRO_MONTHLY.id, True)}
    assert grants_of_invoice(told_invoice(lines=None), None) == {}


def test_of_which_subscription_an_invoice_is() -> None:
    assert subscription_behind(told_invoice()) == "sub_1"
    expanded = {"parent": {"subscription_details": {"subscription": {"id": "sub_1"}}}}
    assert subscription_behind(expanded) == "sub_1"
    assert subscription_behind({"parent": None}) is None
    assert subscription_behind({"parent": {"subscription_details": {"subscription": "nothing"}}}) is None
