"""The success page: it converges before any webhook, for its own buyer only, and is no lever against Stripe."""

from dataclasses import replace

import pytest

from billing.domain.ids import OrderId, PurchaseKey, SessionId
from billing.domain.purchase import PurchaseState
from billing.errors import SessionNotFound, StoreUnavailable, StripeUnavailable
from billing.services.sync_after_checkout import redirect_after_checkout, sync_after_checkout
from tests.fakes.core import Core, a_notice
from tests.fakes.snapshots import ALICE, BOB, PRO_30, SESSION, an_order
from tests.fakes.world import raising


@pytest.fixture
def core() -> Core:
    """Alice has paid, and no webhook has come."""
    core = Core()
    core.has_customer()
    core.has_session(an_order())
    core.stripe.pay(SESSION)
    return core


def state_of(core: Core) -> PurchaseState:
    return core.tables.purchases[PurchaseKey(SESSION)].state


def test_it_grants_before_any_webhook_and_the_webhook_is_a_no_op_then(core):
    """F05, F06."""
    purchase, account = sync_after_checkout(ALICE, SESSION, core.sync)
    assert (purchase.state, purchase.credits_granted, account.balance) == (PurchaseState.PAID, 500, 500)
    assert account == core.account()
    assert core.tables.entries(ALICE)[0].actor == "success_sync"
    core.deliver(a_notice())
    assert core.outcomes() == {"evt_1": "NOOP"}
    assert core.granted() == [("PURCHASE", 500)]


def test_the_cache_learns_of_it(core):
    sync_after_checkout(ALICE, SESSION, core.sync)
    assert core.cache.accounts[ALICE].balance == 500
    assert "cache updated" in core.log.messages


def test_without_redis_it_grants_all_the_same(core):
    core.cache.down = True
    assert sync_after_checkout(ALICE, SESSION, core.sync)[1].balance == 500
    assert "cache not updated" in core.log.messages


@pytest.mark.parametrize("session", ["cs_none", "", "cs_1#2", "../cs_1", "x" * 500, "pi_1"])
def test_a_session_that_we_did_not_make_is_not_found(core, session):
    with pytest.raises(SessionNotFound):
        sync_after_checkout(ALICE, session, core.sync)
    assert core.calls.count("snapshot") == 0


def test_somebody_elses_session_cannot_be_told_from_one_that_does_not_exist(core):
    """S06."""
    with pytest.raises(SessionNotFound) as others:
        sync_after_checkout(BOB, SESSION, core.sync)
    with pytest.raises(SessionNotFound) as nobodys:
        sync_after_checkout(BOB, "cs_none", core.sync)
    assert (others.value.message, others.value.ids) == (nobodys.value.message, nobodys.value.ids)
    assert others.value.ids == {"user_id": BOB}
    assert core.calls.count("snapshot") == 0


def test_a_purchase_of_an_invoice_is_no_session(core):
    key = PurchaseKey("in_1#il_1")
    core.tables.purchases[key] = replace(core.tables.purchases[PurchaseKey(SESSION)], key=key)
    with pytest.raises(SessionNotFound):
        sync_after_checkout(ALICE, key, core.sync)


def test_a_level_is_shown_at_once(core):
    session = SessionId("cs_2")
    core.has_session(an_order(PRO_30, id=OrderId("ord_2")), session)
    core.stripe.pay(session)
    sync_after_checkout(ALICE, session, core.sync)
    assert core.cache.accounts[ALICE].level == "PRO"


@pytest.mark.parametrize("state", [PurchaseState.PAID, PurchaseState.EXPIRED, PurchaseState.FAILED])
def test_a_settled_session_asks_nobody(core, state):
    key = PurchaseKey(SESSION)
    core.tables.purchases[key] = replace(core.tables.purchases[key], state=state)
    purchase, account = sync_after_checkout(ALICE, SESSION, core.sync)
    assert (purchase.state, account) == (state, core.account())
    assert core.calls.made == ["purchase", "load"]


def test_a_settled_session_is_told_to_the_cache_once_more(core):
    """Whoever settled it may have died before it could: the buyer must not wait for the old level to run out."""
    core.calls.after("commit", raising(StoreUnavailable("died")))
    with pytest.raises(StoreUnavailable):
        sync_after_checkout(ALICE, SESSION, core.sync)
    assert core.cache.accounts == {}
    sync_after_checkout(ALICE, SESSION, core.sync)
    assert core.cache.accounts[ALICE].balance == 500
    assert core.calls.count("snapshot") == 1


def test_what_was_paid_but_not_ordered_is_said_and_asked_again(core):
    core.stripe.sessions[SESSION] = replace(core.stripe.sessions[SESSION], currency="usd")
    for _ in range(2):
        assert sync_after_checkout(ALICE, SESSION, core.sync)[0].state is PurchaseState.REFUSED
    assert (core.granted(), core.calls.count("snapshot")) == ([], 2)


def test_a_payment_under_way_is_said_and_asked_again(core):
    core.stripe.sessions[SESSION] = replace(core.stripe.sessions[SESSION], payment_status="unpaid", payment=None)
    assert sync_after_checkout(ALICE, SESSION, core.sync)[0].state is PurchaseState.PROCESSING
    core.stripe.pay(SESSION)
    assert sync_after_checkout(ALICE, SESSION, core.sync)[0].state is PurchaseState.PAID


def test_stripe_down_is_said(core):
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    with pytest.raises(StripeUnavailable):
        sync_after_checkout(ALICE, SESSION, core.sync)


def test_the_redirect_converges(core):
    redirect_after_checkout(SESSION, core.sync)
    assert core.granted() == [("PURCHASE", 500)]


def test_the_redirect_converges_what_was_under_way(core):
    """A bank debit that has gone through since, where its webhook was lost."""
    core.stripe.sessions[SESSION] = replace(core.stripe.sessions[SESSION], payment_status="unpaid", payment=None)
    sync_after_checkout(ALICE, SESSION, core.sync)
    core.stripe.pay(SESSION)
    redirect_after_checkout(SESSION, core.sync)
    assert core.granted() == [("PURCHASE", 500)]


def test_the_redirect_asks_stripe_once_in_three_seconds(core):
    """F63, money rule 26: also when the session stays open."""
    core.stripe.sessions[SESSION] = replace(core.stripe.sessions[SESSION], status="open", payment_status="unpaid")
    for _ in range(5):
        redirect_after_checkout(SESSION, core.sync)
    assert core.calls.count("snapshot") == 1
    assert core.cache.locked == {SESSION}
    core.cache.locked.clear()
    redirect_after_checkout(SESSION, core.sync)
    assert core.calls.count("snapshot") == 2


def test_the_redirect_without_redis_asks_nobody(core):
    core.cache.down = True
    redirect_after_checkout(SESSION, core.sync)
    assert core.calls.made == []
    assert state_of(core) is PurchaseState.OPEN


def test_the_redirect_of_a_settled_session_asks_nobody(core):
    redirect_after_checkout(SESSION, core.sync)
    core.calls.made.clear()
    core.cache.locked.clear()
    redirect_after_checkout(SESSION, core.sync)
    assert core.calls.made == ["purchase"]


@pytest.mark.parametrize("session", ["", "cs_1\n", "cs_1:x", "javascript:alert(1)"])
def test_the_redirect_of_what_is_no_session_id_touches_not_even_redis(core, session):
    redirect_after_checkout(session, core.sync)
    assert (core.calls.made, core.cache.locked) == ([], set())


def test_the_redirect_of_an_unknown_session_asks_no_stripe(core):
    redirect_after_checkout("cs_none", core.sync)
    assert core.calls.made == ["purchase"]


def test_the_buyer_goes_on_when_the_redirect_could_not_converge(core):
    core.calls.before("snapshot", raising(StripeUnavailable("down")))
    redirect_after_checkout(SESSION, core.sync)
    (line,) = [line for line in core.log.lines if line.level == "warning"]
    assert (line.message, line.ids["code"]) == ("redirect not synced", "stripe_unavailable")
