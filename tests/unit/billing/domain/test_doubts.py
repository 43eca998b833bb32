"""Which of Stripe's objects are in doubt, held against what is stored of them (F50, money rule 27)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.domain.catalog import Price
from billing.domain.doubts import (
    doubt_of_dispute,
    doubt_of_levels,
    doubt_of_refund,
    doubt_of_session,
    doubt_of_subscription,
    intent_behind,
    order_named,
)
from billing.domain.ids import PriceId
from billing.domain.purchase import PurchaseState
from billing.domain.subscription import state_of
from tests.fakes.remembered import but_paid, known_paid, remembered
from tests.fakes.snapshots import (
    DAY,
    NOW,
    POLICY,
    PRICES,
    PRO_MONTHLY,
    TEAM_YEARLY,
    a_subscription,
    an_item,
)
from tests.fakes.stripe_told import told_invoice, told_subscription

COMPLETED, EXPIRED = "checkout.session.completed", "checkout.session.expired"
UPDATED, DELETED = "customer.subscription.updated", "customer.subscription.deleted"
STATES: tuple[PurchaseState | None, ...] = (None, *PurchaseState)


def a_session(status: str, paid: str = "paid", **changed: Any) -> dict[str, Any]:
    named = {"id": "cs_test_1", "object": "checkout.session", "livemode": False, "client_reference_id": "ord_1"}
    return {**named, "status": status, "payment_status": paid, "metadata": {}, "customer": "cus_1", **changed}


@pytest.mark.parametrize(
    ("status", "paid", "doubted", "told"),
    [
        ("open", "unpaid", set(), COMPLETED),
        ("complete", "paid", {None, "OPEN", "PROCESSING", "EXPIRED", "FAILED"}, COMPLETED),
        ("complete", "no_payment_required", {None, "OPEN", "PROCESSING", "EXPIRED", "FAILED"}, COMPLETED),
        ("complete", "unpaid", {None, "OPEN", "PROCESSING"}, COMPLETED),
        ("expired", "unpaid", {"OPEN", "PROCESSING"}, EXPIRED),
    ],
)
def test_what_is_stored_and_does_not_fit_is_in_doubt(status: str, paid: str, doubted: set[Any], told: str) -> None:
    found = {state: doubt_of_session(a_session(status, paid), state, ordered=True) for state in STATES}
    assert {state for state, kind in found.items() if kind} == doubted
    assert set(found.values()) <= {None, told}


@pytest.mark.parametrize("status", ["open", "complete", "expired"])
def test_what_was_not_ordered_and_is_not_stored_is_of_another_app(status: str) -> None:
    """F65."""
    assert doubt_of_session(a_session(status), None, ordered=False) is None


def test_what_is_stored_was_ordered() -> None:
    assert doubt_of_session(a_session("complete"), PurchaseState.OPEN, ordered=False) == COMPLETED


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, ("ord_1", "cus_1")),
        ({"client_reference_id": None, "metadata": {"order_id": "ord_1"}}, ("ord_1", "cus_1")),
        ({"client_reference_id": None}, None),
        ({"client_reference_id": "theirs", "metadata": None}, None),
        ({"customer": None}, None),
    ],
)
def test_the_order_and_the_customer_that_a_session_names(changed: dict[str, Any], named: object) -> None:
    """F65: without either it is none of ours."""
    assert order_named(a_session("complete", **changed)) == named


# ---------------------------------------------------------------------------------------------------- subscriptions


def test_one_that_is_as_the_account_has_it_is_in_no_doubt() -> None:
    assert doubt_of_subscription(told_subscription(latest_invoice=told_invoice()), remembered()) is None
    assert doubt_of_subscription(told_subscription(), remembered()) is None, "its invoice is not expanded"


@pytest.mark.parametrize("status", ["trialing", "active", "past_due", "unpaid", "paused", "incomplete"])
def test_one_that_is_not_known_is_in_doubt_unless_it_has_ended(status: str) -> None:
    assert doubt_of_subscription(told_subscription(status=status), None) == UPDATED


@pytest.mark.parametrize("status", ["canceled", "incomplete_expired"])
def test_one_that_has_ended_is_in_doubt_while_the_account_has_it(status: str) -> None:
    assert doubt_of_subscription(told_subscription(status=status), remembered()) == DELETED
    assert doubt_of_subscription(told_subscription(status=status), None) is None


def test_one_whose_first_invoice_was_never_paid_is_forgotten_when_it_has_ended() -> None:
    assert (
        doubt_of_subscription(told_subscription(status="incomplete_expired"), remembered(status="incomplete"))
        == DELETED
    )


def test_the_period_of_another_item_stands_for_none() -> None:
    yearly = an_item(TEAM_YEARLY, days=365)
    both = remembered(items=(*a_subscription().items, yearly))
    told = told_subscription(period_end=NOW + 365 * DAY)
    told["items"]["data"] += told_subscription(price=TEAM_YEARLY, period_end=NOW + 30 * DAY)["items"]["data"]
    assert doubt_of_subscription(told, both) == UPDATED


def test_an_item_that_tells_no_quantity_counts_once() -> None:
    """A metered price has none: https://docs.stripe.com/api/subscription_items/object."""
    told = told_subscription()
    told["items"]["data"][0]["quantity"] = None
    assert doubt_of_subscription(told, remembered()) is None
    del told["items"]["data"][0]["quantity"]
    assert doubt_of_subscription(told, remembered()) is None


def test_an_item_of_which_there_are_none_counts_not_at_all() -> None:
    assert doubt_of_subscription(told_subscription(quantity=0), remembered()) == UPDATED


LATER = int((NOW + 60 * DAY).timestamp())


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "past_due"},
        {"cancel_at_period_end": True},
        {"cancel_at": LATER},
        {"trial_end": LATER},
        {"pause_collection": {"behavior": "void", "resumes_at": None}},
        {"items": told_subscription(quantity=2)["items"]},
        {"items": told_subscription(price=TEAM_YEARLY)["items"]},
        {"items": told_subscription(period_end=NOW + 60 * DAY)["items"]},
        {"items": None},
        {"items": {"data": ["nothing", {"price": "price_pro_monthly"}]}},
        {"status": None},
    ],
)
def test_whatever_an_account_remembers_of_it_and_is_not_so_is_in_doubt(changed: dict[str, Any]) -> None:
    assert doubt_of_subscription(told_subscription() | changed, remembered()) == UPDATED


def test_what_an_account_remembers_is_compared_and_nothing_else() -> None:
    """A converge of what differs makes it the same: else it would be told for ever."""
    truth = a_subscription(
        status="trialing", cancel_at_period_end=True, trial_end=NOW + 7 * DAY, cancel_at=NOW + 30 * DAY
    )
    known = state_of(replace(truth, collection_paused=True), None, [], PRICES, POLICY.levels)
    told = told_subscription(
        status="trialing",
        cancel_at_period_end=True,
        trial_end=int((NOW + 7 * DAY).timestamp()),
        cancel_at=int((NOW + 30 * DAY).timestamp()),
        pause_collection={"behavior": "void"},
        metadata={"note": "anything"},
    )
    assert doubt_of_subscription(told, known) is None


def test_a_period_that_was_paid_and_is_not_known_to_be_is_in_doubt() -> None:
    """Money rule 21: an annual plan's invoice is older than the list of invoices is read."""
    paid = told_subscription(latest_invoice=told_invoice())
    for until in (None, NOW + 29 * DAY, NOW + 30 * DAY - timedelta(seconds=1)):
        assert doubt_of_subscription(paid, but_paid(remembered(), until)) == UPDATED
    open_still = told_subscription(latest_invoice=told_invoice(status="open"))
    assert doubt_of_subscription(open_still, known_paid(None)) is None
    of_a_change = told_subscription(latest_invoice=told_invoice(proration=True))
    assert doubt_of_subscription(of_a_change, known_paid(None)) is None


def test_an_item_that_took_the_place_of_another_of_its_price_is_in_doubt() -> None:
    """Nothing else differs, and what is paid is kept by the item."""
    assert doubt_of_subscription(told_subscription(item="si_2"), remembered()) == UPDATED


def test_where_no_level_is_known_one_that_the_price_names_is_in_doubt() -> None:
    """docs/decisions/0063: its metadata was mistyped. Where a level is known, the catalog may be edited."""
    known = remembered()
    (item,) = known.items
    mute = replace(known, items=(replace(item, level=None),))
    mistyped = replace(PRO_MONTHLY, gives=replace(PRO_MONTHLY.gives, level=None), problem="no level PROO")
    beside = replace(PRO_MONTHLY, gives=replace(PRO_MONTHLY.gives, level=None))
    assert doubt_of_levels(mute, PRICES.get) == UPDATED
    assert doubt_of_levels(replace(mute, items=(item, *mute.items)), PRICES.get) == UPDATED
    for price in (mistyped, replace(PRO_MONTHLY, problem="no plan"), beside):
        assert doubt_of_levels(mute, {price.id: price}.get) is None
    nobody: dict[PriceId, Price] = {}
    assert doubt_of_levels(mute, nobody.get) is None, "it was deleted"
    assert doubt_of_levels(known, lambda _: replace(PRO_MONTHLY, gives=TEAM_YEARLY.gives)) is None
    assert doubt_of_levels(None, PRICES.get) is None


# ---------------------------------------------------------------------------------------------- refunds and disputes


@pytest.mark.parametrize(
    ("doubt", "kind"), [(doubt_of_refund, "refund.updated"), (doubt_of_dispute, "charge.dispute.updated")]
)
def test_what_the_registers_have_otherwise_is_in_doubt(doubt: Any, kind: str) -> None:
    told = {"id": "re_1", "status": "succeeded"}
    assert doubt(told, {"re_1": "succeeded"}) is None
    assert doubt(told, {"re_1": "pending"}) == kind
    assert doubt(told, {}) == kind
    assert doubt(told, None) is None, "no purchase of ours was paid by it"


def test_a_refund_without_a_status_is_as_it_was_stored() -> None:
    """It is stored as one that takes back; else each look would queue it anew."""
    assert doubt_of_refund({"id": "re_1", "status": None}, {"re_1": "pending"}) is None
    assert doubt_of_refund({"id": "re_1"}, {"re_1": "succeeded"}) == "refund.updated"
    assert doubt_of_dispute({"id": "du_1", "status": None}, {"du_1": "pending"}) == "charge.dispute.updated"


def test_a_dispute_that_was_prevented_is_as_its_money_says() -> None:
    """Stored as lost where the money went back; else each look would queue it anew."""
    resolved = {"id": "du_1", "status": "prevented", "balance_transactions": [{"amount": -500}]}
    assert doubt_of_dispute(resolved, {"du_1": "lost"}) is None
    assert doubt_of_dispute(resolved | {"balance_transactions": []}, {"du_1": "prevented"}) is None
    assert doubt_of_dispute(resolved | {"balance_transactions": "?"}, {"du_1": "prevented"}) is None


def test_the_payment_of_a_refund_is_found_expanded_or_not() -> None:
    assert intent_behind({"payment_intent": "pi_1"}) == intent_behind({"payment_intent": {"id": "pi_1"}}) == "pi_1"
    assert intent_behind({"payment_intent": None}) is None
    assert intent_behind({"payment_intent": "nothing"}) is None
