"""How it is sold: plan groups, trials, embedded pages, currencies, several lines; one payable session all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from billing.domain.ids import PriceId, PurchaseKey
from billing.domain.order import Order
from billing.domain.purchase import PurchaseState
from billing.domain.terms import EMBEDDED, HOSTED
from billing.errors import IncompatibleLines, QuantityOutOfRange, StripeRefused, StripeUnavailable, SubscriptionExists
from billing.ports.stripe import OpenSession
from billing.services.start_checkout import start_checkout
from tests.fakes.core import Core
from tests.fakes.requests import a_line_request, a_request
from tests.fakes.snapshots import ALICE, CREDITS, DAY, TEAM_YEARLY, a_price, a_subscription
from tests.fakes.world import raising

STORAGE = a_price("storage", 300, "month", credits=10, plan_group="storage")
MORE_STORAGE = a_price("more_storage", 600, "month", credits=30, plan_group="storage")


@pytest.fixture
def core() -> Core:
    core = Core()
    core.stripe.prices |= {STORAGE.id: STORAGE, MORE_STORAGE.id: MORE_STORAGE}
    return core


def start(core: Core, lookup_key: str | None = "credits", quantity: int = 1, **given: Any) -> OpenSession:
    return start_checkout(a_request(lookup_key, quantity, **given), core.checkout)


def sells(core: Core, **policy: Any) -> None:
    core.checkout = replace(core.checkout, selling=replace(core.checkout.selling, **policy))


def order_of(core: Core, session: OpenSession) -> Order:
    found = core.tables.purchases[PurchaseKey(session.id)].order
    assert found is not None
    return core.tables.orders[found]


def test_the_buyers_language_is_in_the_order_and_a_receipt_where_an_address_is_known(core: Core) -> None:
    sells(core, receipts=True)
    spoken = start(core, locale="de")
    assert (order_of(core, spoken).terms.locale, order_of(core, spoken).terms.receipt) == ("de", True)


def test_an_address_that_stripe_refuses_costs_the_receipt_alone(core: Core) -> None:
    sells(core, receipts=True)
    refusal = StripeRefused("no", stripe_code="email_invalid", param="payment_intent_data[receipt_email]")
    core.calls.before("create_session", raising(refusal))
    session = start(core)
    assert [key.rpartition(":")[2] for key in core.stripe.saved if key.startswith("checkout:")] == ["no-receipt"]
    made, _ = next(saved for key, saved in core.stripe.saved.items() if key.endswith(":no-receipt"))
    assert "receipt=False" in repr(made)
    assert core.stripe.sessions[session.id].customer == core.tables.accounts[ALICE].customer
    assert "e-mail address refused by Stripe" in core.log.messages


def test_a_plan_by_its_name_is_the_one_in_the_currency_that_is_asked_for(core: Core) -> None:
    dollars = replace(TEAM_YEARLY, id=PriceId("price_dollars"), lookup_key="dollars", currency="usd")
    core.stripe.prices[dollars.id] = dollars
    session = start(core, None, plan="team", interval="year", currency="usd")
    assert [line.price_id for line in order_of(core, session).lines] == [dollars.id]


# ---------------------------------------------------------------------------------------------------------- plan groups


def test_one_live_subscription_in_each_group(core: Core) -> None:
    """Money rule 22."""
    core.stripe.pay(start(core, "pro_monthly").id)
    core.stripe.pay(start(core, "storage").id)
    assert core.stripe.open_sessions == []
    for lookup_key in ("team_yearly", "more_storage"):
        with pytest.raises(SubscriptionExists):
            start(core, lookup_key)
    assert {state.group for state in core.account().subscriptions} == {"default", "storage"}


def test_open_sessions_of_two_groups_do_not_wait_for_each_other(core: Core) -> None:
    plan, storage = start(core, "pro_monthly"), start(core, "storage")
    assert core.stripe.open_sessions == [plan.id, storage.id]
    more = start(core, "more_storage")
    assert core.stripe.open_sessions == [plan.id, more.id]


def test_a_subscription_with_items_of_two_groups_stands_in_the_way_in_both(core: Core) -> None:
    """Made in the dashboard: a checkout of ours sells one group at a time."""
    core.has_customer()
    both = a_subscription()
    extra = replace(both.items[0], price_id=STORAGE.id)
    core.stripe.subscriptions[both.id] = replace(both, items=(*both.items, extra))
    for lookup_key in ("team_yearly", "more_storage"):
        with pytest.raises(SubscriptionExists):
            start(core, lookup_key)


def test_a_page_that_is_open_when_another_subscription_takes_its_group_is_ended(core: Core) -> None:
    """Money rule 22: the portal may move a subscription into the group, and the page could still be paid."""
    core.has_customer()
    start(core, "pro_monthly")
    other = a_subscription()
    core.stripe.subscriptions[other.id] = other
    core.deliver_change()
    for _ in range(2):
        with pytest.raises(SubscriptionExists):
            start(core, "team_yearly")
        assert core.stripe.open_sessions == []


def test_a_payment_that_is_processing_blocks_its_own_group_only(core: Core) -> None:
    core.stripe.begin_debit(start(core, "pro_monthly").id)
    with pytest.raises(SubscriptionExists, match="being processed"):
        start(core, "team_yearly")
    assert start(core, "storage").id in core.stripe.open_sessions


def test_it_does_so_for_as_long_as_the_bank_takes(core: Core) -> None:
    """Days, where its slot is another's to take after one: a second plan would be paid beside the first."""
    core.stripe.begin_debit(start(core, "pro_monthly").id)
    for _ in range(2):
        with pytest.raises(SubscriptionExists, match="being processed"):
            start(core, "team_yearly")
        core.clock.time += 6 * DAY


def test_a_debit_that_failed_unheard_blocks_nothing(core: Core) -> None:
    """The purchase is stored as processing, and what Stripe tells of its end is an event of the subscription alone."""
    first = start(core, "pro_monthly").id
    core.stripe.begin_debit(first)
    with pytest.raises(SubscriptionExists):
        start(core, "team_yearly")
    core.stripe.sessions[first] = replace(core.stripe.sessions[first], payment_failed=True)
    assert start(core, "team_yearly").id in core.stripe.open_sessions
    assert core.tables.purchases[PurchaseKey(first)].state is PurchaseState.FAILED


# --------------------------------------------------------------------------------------------------------------- trials


def test_the_first_subscription_of_a_group_has_the_trial(core: Core) -> None:
    sells(core, trial_days=14, trial_without_card=True)
    terms = order_of(core, start(core, "pro_monthly")).terms
    assert (terms.trial_days, terms.trial_without_card) == (14, True)
    assert order_of(core, start(core)).terms.trial_days == 0


def test_who_ever_had_one_gets_none_but_in_another_group(core: Core) -> None:
    sells(core, trial_days=14, trial_without_card=True)
    core.has_customer()
    core.stripe.subscriptions[a_subscription().id] = a_subscription(status="canceled")
    terms = order_of(core, start(core, "pro_monthly")).terms
    assert (terms.trial_days, terms.trial_without_card) == (0, False)
    assert order_of(core, start(core, "storage")).terms.trial_days == 14


def test_a_trial_that_was_used_a_moment_ago_is_not_given_again(core: Core) -> None:
    """It began and was canceled before any event came: the look at the session that was paid tells."""
    sells(core, trial_days=14)
    core.stripe.pay(start(core, "pro_monthly").id)
    (name,) = core.stripe.subscriptions
    core.stripe.subscriptions[name] = replace(core.stripe.subscriptions[name], status="canceled")
    again = order_of(core, start(core, "pro_monthly"))
    assert again.terms.trial_days == 0
    assert core.account().subscribed == ("default",)


def test_an_open_session_with_a_trial_is_ended_when_the_trial_was_used_elsewhere(core: Core) -> None:
    sells(core, trial_days=14)
    first = start(core, "pro_monthly")
    used = a_subscription(status="canceled", customer=core.account().customer)
    core.stripe.subscriptions[used.id] = used
    core.tables.accounts[ALICE] = replace(core.account(), subscribed=("default",))
    second = start(core, "pro_monthly")
    assert core.stripe.open_sessions == [second.id]
    assert core.tables.purchases[PurchaseKey(first.id)].state is PurchaseState.EXPIRED


# -------------------------------------------------------------------------------------------------- frozen in the order


def test_address_and_terms_are_frozen_so_that_the_key_stands_for_one_request(core: Core) -> None:
    """F25: the call died when Stripe had the request; then the settings and the token changed. The order goes first."""
    core.calls.after("create_session", raising(StripeUnavailable("died")))
    with pytest.raises(StripeUnavailable):
        start(core, email="alice@example.com")
    session = start(core, email="other@example.com")
    assert session.id == "cs_1"
    assert order_of(core, session).email == "alice@example.com"


def test_an_order_has_the_address_of_the_token_that_it_was_made_with(core: Core) -> None:
    """The account keeps the first one, with which its customer was made; a receipt goes to who buys now."""
    start(core, email="alice@example.com")
    assert order_of(core, start(core, quantity=2, email="other@example.com")).email == "other@example.com"


def test_a_setting_that_changed_in_between_makes_another_order_and_no_conflict_of_keys(core: Core) -> None:
    core.calls.after("create_session", raising(StripeUnavailable("died")))
    with pytest.raises(StripeUnavailable):
        start(core)
    sells(core, promotion_codes=True)
    session = start(core)
    assert order_of(core, session).terms.promotion_codes
    assert list(core.stripe.saved)[-1] == "checkout:ord_00000002:cus_1"


def test_a_setting_that_changed_replaces_an_open_session(core: Core) -> None:
    start(core)
    sells(core, automatic_tax=True)
    session = start(core)
    assert core.stripe.open_sessions == [session.id]


# ------------------------------------------------------------------------------------------------------ embedded pages


def test_an_embedded_page_has_a_secret_and_no_address(core: Core) -> None:
    session = start(core, ui_mode=EMBEDDED)
    assert (session.url, session.client_secret) == (None, "cs_1_secret")
    assert start(core, ui_mode=EMBEDDED) == session
    assert core.calls.count("create_session") == 1


@pytest.mark.parametrize("ui_mode", [HOSTED, EMBEDDED])
def test_what_opens_a_page_stays_out_of_the_log(core: Core, ui_mode: str) -> None:
    """S16: whoever has a page's address or secret sees the buyer's address on it."""
    session = start(core, ui_mode=ui_mode)
    assert (session.url or session.client_secret or "") not in str(core.log.lines)


@pytest.mark.parametrize("lookup_key", ["credits", "pro_monthly"])
@pytest.mark.parametrize(("first", "second"), [("hosted", "embedded"), ("embedded", "hosted")])
def test_the_other_kind_of_page_takes_the_place_of_the_first(
    core: Core, lookup_key: str, first: str, second: str
) -> None:
    start(core, lookup_key, ui_mode=first)
    session = start(core, lookup_key, ui_mode=second)
    assert (session.url is None) is (second == "embedded")
    assert core.stripe.open_sessions == [session.id]


# ------------------------------------------------------------------------------------------------ currencies and lines


def test_the_same_pack_in_another_currency_takes_the_place_of_the_first(core: Core) -> None:
    core.stripe.prices[CREDITS.id] = replace(CREDITS, options={"usd": 550})
    start(core)
    session = start(core, currency="usd")
    order = order_of(core, session)
    assert (order.currency, order.lines[0].unit_amount) == ("usd", 550)
    assert core.stripe.open_sessions == [session.id]


def test_several_lines_are_one_order(core: Core) -> None:
    lines = (
        a_line_request("credits", 2),
        a_line_request("credits_90"),
        a_line_request(level="PRO", interval="one_time"),
    )
    session = start(core, lines=lines)
    assert [(line.price_id, line.quantity) for line in order_of(core, session).lines] == [
        ("price_credits", 2),
        ("price_credits_90", 1),
        ("price_pro_30", 1),
    ]
    core.stripe.pay(session.id)
    start(core)
    core.deliver_change()
    start(core, lines=lines)  # the look at the one that was paid grants it
    assert core.account().balance == 3000


@pytest.mark.parametrize(("one", "other"), [(1, 11), (11, 1), (0, 5), (5, -1)])
def test_a_line_that_is_out_of_bounds_is_refused_before_anything_is_asked(core: Core, one: int, other: int) -> None:
    with pytest.raises(QuantityOutOfRange):
        start(core, lines=(a_line_request("credits", one), a_line_request("credits_90", other)))
    assert core.calls.made == []


def test_each_line_has_bounds_of_its_own(core: Core) -> None:
    session = start(core, lines=(a_line_request("credits", 10), a_line_request("credits_90", 10)))
    assert [line.quantity for line in order_of(core, session).lines] == [10, 10]


def test_what_cannot_be_in_one_order_makes_nothing(core: Core) -> None:
    with pytest.raises(IncompatibleLines):
        start(core, lines=(a_line_request("pro_monthly"), a_line_request("credits")))
    assert (core.tables.orders, core.stripe.customers) == ({}, {})
