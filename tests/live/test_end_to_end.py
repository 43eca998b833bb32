"""Buying, through the browser and the account's own events: the same against the stand-in and against Stripe."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from local.stack import Stack
from tests.browser.hosted_page import DECLINED, PAYS
from tests.integration.purchase.books import Books, Item
from tests.integration.purchase.wait import until
from tests.live.account import Account
from tests.live.buyer import SECONDS, Buyer
from tests.live.listen import Event, Listener


@pytest.fixture
def books(stack: Stack) -> Iterator[Books]:
    opened = Books(stack)
    yield opened
    opened.close()


def recorded(books: Books, event: Event) -> Item:
    """What the consumer wrote about an event that was forwarded."""
    return until(f"{event['type']} is recorded", lambda: books.event(event["id"]), seconds=60)


def test_500_credits_arrive_once(buyer: Buyer, listener: Listener, books: Books) -> None:
    """The thank-you page shows them before any event has come; the events then change nothing, however often."""
    session_id = buyer.open_checkout("credits_500")
    buyer.pay(PAYS)
    expect(buyer.shop.test_id("balance")).to_have_text("500 credits")
    books.check(buyer.user, 500, ["PURCHASE"])

    completed = listener.forward_until("checkout.session.completed", session_id)
    record = recorded(books, completed)
    assert record["outcome"] in {"NOOP", "APPLIED"}
    listener.send(completed)
    books.wait_until_drained()
    books.check(buyer.user, 500, ["PURCHASE"])
    assert books.event(completed["id"]) == record
    buyer.expect_standing("500", "FREE")


def test_the_event_alone_is_enough(
    stack: Stack, buyer: Buyer, account: Account, listener: Listener, books: Books
) -> None:
    """A buyer whose way back fails, and who then closes the window, has the credits all the same."""
    session_id = buyer.open_checkout("credits_500")
    stack.kill("gateway", restart=False)
    buyer.hosted.pay_by_card(PAYS)
    until("Stripe has the payment", lambda: account.session(session_id).status == "complete", seconds=SECONDS)
    buyer.shop.page.close()
    assert books.ledger(buyer.user) == []
    stack.launch("gateway")
    completed = listener.forward_until("checkout.session.completed", session_id)
    recorded(books, completed)
    books.wait_until_drained()
    books.check(buyer.user, 500, ["PURCHASE"])
    assert books.ledger(buyer.user)[0]["event"], "granted by an event, not by a page"


def test_a_subscription_starts_once(buyer: Buyer, listener: Listener, books: Books) -> None:
    session_id = buyer.open_checkout("pro_monthly")
    buyer.pay(PAYS)
    expect(buyer.shop.test_id("level")).to_have_text("PRO")
    expect(buyer.shop.test_id("balance")).to_have_text("100 credits")
    recorded(books, listener.forward_until("checkout.session.completed", session_id))
    listener.forward()
    books.wait_until_drained()
    granted = [entry["amount"] for entry in books.ledger(buyer.user) if entry["amount"]]
    assert granted == [100]
    buyer.expect_standing("100", "PRO")


def test_a_declined_card_stays_on_the_page(buyer: Buyer, account: Account, listener: Listener, books: Books) -> None:
    session_id = buyer.open_checkout("credits_500")
    buyer.hosted.pay_by_card(DECLINED)
    expect(buyer.hosted.problem).to_be_visible(timeout=SECONDS * 1000)
    assert buyer.hosted.expect_open() == session_id
    assert account.session(session_id).status == "open"
    listener.forward()
    books.wait_until_drained()
    books.check(buyer.user, 0, [])
    buyer.pay(PAYS)
    expect(buyer.shop.test_id("balance")).to_have_text("500 credits")


def test_a_refund_takes_the_credits_back(buyer: Buyer, account: Account, listener: Listener, books: Books) -> None:
    session_id = buyer.open_checkout("credits_500")
    buyer.pay(PAYS)
    refund = account.refund(session_id)
    assert isinstance(refund.charge, str)
    recorded(books, listener.forward_until("charge.refunded", refund.charge))
    listener.forward()
    books.wait_until_drained()
    books.check(buyer.user, 0, ["PURCHASE", "REFUND"])
    buyer.expect_standing("0", "FREE")
