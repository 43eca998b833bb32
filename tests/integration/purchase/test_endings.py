"""Each way a purchase can end, over HTTP, and what is in the books afterwards.

F05 to F07, F23, F25, F38 to F40, F43, F45, F46, F54, F59. What needs time to pass is in test_clock.py.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.purchase.books import Books
from tests.integration.purchase.logs import Logs
from tests.integration.purchase.shop import DECLINED, IBAN_PENDING, PAYS, THREE_D_SECURE, Checkout, Shop, opened
from tests.integration.purchase.wait import until

EUROS = "credits_500_eur"
_names = itertools.count()


def recorded(shop: Shop, books: Books, checkout: Checkout, kind: str = "completed") -> str:
    """Wait until an event of the session is through; its outcome."""
    kind = f"checkout.session.{kind}"
    [event] = until(f"Stripe made {kind}", lambda: shop.events_of(checkout.session_id, kind) or None)
    outcome: str = until(f"{kind} is recorded", lambda: books.event(event["id"]))["outcome"]
    shop.settle(books)
    return outcome


def status(shop: Shop, checkout: Checkout) -> tuple[int, str]:
    answer = shop.success(checkout)
    return answer.status_code, answer.json()["status"]


def synced_by_page(shop: Shop, books: Books, checkout: Checkout) -> bool:
    """Open the page; where Stripe was too slow for it, it has redirected all the same, and is opened again."""
    assert shop.come_back(checkout).status_code == 303
    return bool(books.ledger(checkout.user))


def test_paid_and_the_page_comes_first(shop: Shop, books: Books, user: str) -> None:
    shop.stack.freeze("poller")
    try:
        checkout = shop.buy(user)
        until("the page has synced", lambda: synced_by_page(shop, books, checkout))
        books.check(user, balance=500, kinds=["PURCHASE"])
        shown = shop.success(checkout).json()
    finally:
        shop.stack.thaw("poller")
    assert shown["status"] == "paid"
    assert shown["credits"] == {"balance": 500, "reserved": 0, "available": 500}
    [line] = shown["purchase"].pop("lines")
    assert (line["name"], line["quantity"], line["unitAmount"], line["credits"]) == ("500 credits", 1, 500, 500)
    assert shown["purchase"].items() >= {"amountTotal": 500, "currency": "usd", "creditsGranted": 500}.items()
    assert recorded(shop, books, checkout) == "NOOP"
    books.check(user, balance=500, kinds=["PURCHASE"])


def test_a_buyer_who_never_returns_gets_the_credits(shop: Shop, books: Books, user: str) -> None:
    checkout = shop.buy(user)
    [entry] = books.wait_for_ledger(user, entries=1)
    assert (entry["actor"], entry["amount"]) == ("event_consumer", 500)
    assert recorded(shop, books, checkout) in ("APPLIED", "NOOP")
    assert status(shop, checkout) == (200, "paid")
    books.check(user, balance=500, kinds=["PURCHASE"])


def test_the_webhook_is_lost(shop: Shop, books: Books, user: str) -> None:
    """No event of it ever arrives: the page alone grants."""
    shop.control("faults", drop=1000)
    checkout = shop.buy(user)
    assert books.ledger(user) == []
    assert status(shop, checkout) == (200, "paid")
    shop.control("faults", drop=0)
    books.check(user, balance=500, kinds=["PURCHASE"])
    assert books.event(shop.completed_event(checkout)["id"]) is None


def test_webhooks_that_come_twice_late_and_in_another_order_grant_once(shop: Shop, books: Books, user: str) -> None:
    shop.control("faults", duplicate=100, duplicate_events=100, reorder=True)
    checkout = shop.buy(user)
    shop.control("faults", duplicate=0, duplicate_events=0, reorder=False)
    events = until(
        "two events for one change", lambda: found if len(found := shop.events_of(checkout.session_id)) == 2 else None
    )
    until("both are recorded", lambda: all(books.event(event["id"]) for event in events))
    shop.settle(books)
    books.check(user, balance=500, kinds=["PURCHASE"])


def test_a_session_whose_card_was_declined_can_still_be_paid(shop: Shop, books: Books, user: str) -> None:
    checkout = shop.checkout(user)
    shop.pay(checkout, DECLINED, wanted=402)
    assert status(shop, checkout) == (200, "open")
    assert books.ledger(user) == []
    shop.pay(checkout)
    assert status(shop, checkout) == (200, "paid")
    recorded(shop, books, checkout)
    books.check(user, balance=500, kinds=["PURCHASE"])


def test_three_d_secure_failed_then_passed(shop: Shop, books: Books, user: str) -> None:
    checkout = shop.checkout(user)
    for outcome, answered in (("fail", 402), ("complete", 303)):
        asked = shop.pay(checkout, THREE_D_SECURE).headers["location"]
        assert asked.endswith("/authenticate")
        assert status(shop, checkout) == (200, "open")
        answer = shop.http.post(shop.stack.stripe_url + asked, data={"outcome": outcome})
        assert answer.status_code == answered
    assert status(shop, checkout) == (200, "paid")
    recorded(shop, books, checkout)
    books.check(user, balance=500, kinds=["PURCHASE"])


def test_a_bank_debit_grants_once_it_is_paid(shop: Shop, books: Books, user: str) -> None:
    checkout = shop.buy(user, EUROS, IBAN_PENDING)
    assert status(shop, checkout) == (202, "processing")
    recorded(shop, books, checkout)
    books.check(user, balance=0, kinds=[])
    shop.control("async_payment", session=checkout.session_id, outcome="succeeded")
    books.wait_for_ledger(user, entries=1)
    recorded(shop, books, checkout, "async_payment_succeeded")
    assert status(shop, checkout) == (200, "paid")
    books.check(user, balance=500, kinds=["PURCHASE"])


def test_a_bank_debit_that_fails_grants_nothing(shop: Shop, books: Books, user: str) -> None:
    checkout = shop.buy(user, EUROS, IBAN_PENDING)
    assert status(shop, checkout) == (202, "processing")
    shop.control("async_payment", session=checkout.session_id, outcome="failed")
    recorded(shop, books, checkout, "async_payment_failed")
    assert status(shop, checkout) == (200, "failed")
    books.check(user, balance=0, kinds=[])
    assert shop.checkout(user, EUROS).session_id != checkout.session_id


def test_a_buyer_who_goes_back_gets_the_same_session_again(shop: Shop, books: Books, user: str) -> None:
    """The buyer goes back and buys again: it is the same open session, and nothing happened so far."""
    checkout = shop.checkout(user)
    assert status(shop, checkout) == (200, "open")
    assert shop.checkout(user) == checkout
    books.check(user, balance=0, kinds=[])


def test_after_a_session_has_expired_another_one_is_opened(shop: Shop, books: Books, user: str) -> None:
    checkout = shop.checkout(user)
    shop.stripe("POST", f"checkout/sessions/{checkout.session_id}/expire")
    recorded(shop, books, checkout, "expired")
    assert status(shop, checkout) == (200, "expired")
    books.check(user, balance=0, kinds=[])
    again = shop.checkout(user)
    assert again.session_id != checkout.session_id
    shop.pay(again)
    books.wait_for_ledger(user, entries=1)


def test_the_same_pack_twice_is_two_orders(shop: Shop, books: Books, user: str) -> None:
    first = shop.buy(user)
    assert status(shop, first) == (200, "paid")
    second = shop.buy(user)
    assert status(shop, second) == (200, "paid")
    assert first.session_id != second.session_id
    for checkout in (first, second):
        recorded(shop, books, checkout)
    books.check(user, balance=1000, kinds=["PURCHASE", "PURCHASE"])


def test_a_subscription_starts(shop: Shop, books: Books, user: str) -> None:
    """Credits by the invoice and not by the session as well; a second subscription is refused."""
    checkout = shop.buy(user, "pro_monthly")
    answer = shop.success(checkout).json()
    assert (answer["status"], answer["entitlements"]["level"], answer["credits"]["balance"]) == ("paid", "PRO", 100)
    recorded(shop, books, checkout)
    assert sorted(entry["kind"] for entry in books.ledger(user)) == ["ACCESS", "PURCHASE"]
    books.check(user, balance=100, kinds=[entry["kind"] for entry in books.ledger(user)])
    [subscription] = shop.get("/account", user).json()["subscriptions"]
    assert (subscription["status"], subscription["plan"], subscription["level"]) == ("active", "pro", "PRO")
    assert shop.get("/entitlements", user).json()["level"] == "PRO"
    for key in ("pro_monthly", "team_yearly"):
        refused = shop.order(user, key)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "subscription_exists")


@pytest.mark.parametrize("recurring", [{}, {"recurring[interval]": "month"}], ids=["once", "monthly"])
def test_what_was_ordered_is_given_whatever_the_catalog_says_by_then(
    recurring: dict[str, str], shop: Shop, books: Books, user: str
) -> None:
    key = f"frozen_{next(_names)}"
    product = shop.stripe("POST", "products", **{"name": "Frozen", "metadata[credits_amount]": 70})["id"]
    price = {"product": product, "currency": "usd", "unit_amount": 700, "lookup_key": key, **recurring}
    shop.stripe("POST", "prices", **price)
    checkout = shop.checkout(user, key)
    shop.stripe("POST", f"products/{product}", **{"metadata[credits_amount]": 7_000_000})
    shop.pay(checkout)
    books.wait_for_ledger(user, entries=1)
    recorded(shop, books, checkout)
    books.check(user, balance=70, kinds=["PURCHASE"])


def test_stripe_is_down_when_the_buyer_returns(shop: Shop, books: Books, logs: Logs, user: str) -> None:
    """503, to be asked again; the consumer meets the outage too, and the queue keeps the event until it is over."""
    checkout = shop.checkout(user)
    shop.control("faults", fail=100_000, status=503)
    try:
        shop.pay(checkout)
        assert shop.come_back(checkout).status_code == 303
        answer = shop.success(checkout)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "stripe_unavailable")
        assert answer.headers["retry-after"]
        until("the consumer has met it", lambda: logs.said("failed", retryable=True))
        assert books.ledger(user) == []
    finally:
        shop.control("faults", fail=0)
    [entry] = books.wait_for_ledger(user, entries=1)
    assert entry["actor"] == "event_consumer"
    recorded(shop, books, checkout)
    books.check(user, balance=500, kinds=["PURCHASE"])


# Money that goes back


@pytest.fixture
def bought(shop: Shop, books: Books, user: str) -> Checkout:
    checkout = shop.buy(user)
    books.wait_for_ledger(user, entries=1)
    return checkout


def test_a_refund_takes_the_credits_back(bought: Checkout, shop: Shop, books: Books) -> None:
    shop.control("refund", session=bought.session_id)
    books.wait_for_ledger(bought.user, entries=2)
    shop.settle(books)
    books.check(bought.user, balance=0, kinds=["PURCHASE", "REFUND"])
    assert status(shop, bought) == (200, "paid")


def test_refunded_in_parts_and_one_part_fails_later(bought: Checkout, shop: Shop, books: Books) -> None:
    shop.control("refund", session=bought.session_id, amount=200)
    books.wait_for_ledger(bought.user, entries=2)
    second = shop.control("refund", session=bought.session_id, amount=100)
    books.wait_for_ledger(bought.user, entries=3)
    shop.control("refund", refund=second["id"], status="failed")
    books.wait_for_ledger(bought.user, entries=4)
    shop.settle(books)
    books.check(bought.user, balance=300, kinds=["PURCHASE", "REFUND", "REFUND", "REFUND_FAILED"])


@pytest.mark.parametrize(("ending", "balance", "kinds"), [("won", 500, ["DISPUTE_WON"]), ("lost", 0, [])])
def test_a_dispute_holds_the_credits_until_it_ends(
    ending: str, balance: int, kinds: list[str], bought: Checkout, shop: Shop, books: Books
) -> None:
    dispute = shop.control("dispute", session=bought.session_id)
    books.wait_for_ledger(bought.user, entries=2)
    shop.settle(books)
    books.check(bought.user, balance=0, kinds=["PURCHASE", "DISPUTE"])
    shop.control("dispute", dispute=dispute["id"], status=ending)
    books.wait_for_ledger(bought.user, entries=2 + len(kinds))
    shop.settle(books)
    books.check(bought.user, balance=balance, kinds=["PURCHASE", "DISPUTE", *kinds])


def test_an_inquiry_takes_nothing(bought: Checkout, shop: Shop, books: Books) -> None:
    shop.control("dispute", session=bought.session_id, inquiry=True)
    shop.settle(books)
    books.check(bought.user, balance=500, kinds=["PURCHASE"])


def test_refunded_and_disputed_takes_it_back_once(bought: Checkout, shop: Shop, books: Books) -> None:
    shop.control("refund", session=bought.session_id, amount=400)
    books.wait_for_ledger(bought.user, entries=2)
    shop.control("dispute", session=bought.session_id, amount=500)
    books.wait_for_ledger(bought.user, entries=3)
    shop.settle(books)
    books.check(bought.user, balance=0, kinds=["PURCHASE", "REFUND", "DISPUTE"])


def test_two_tabs_open_one_session(shop: Shop, books: Books, user: str) -> None:
    """A double click, at the same moment, of a user who never bought: one customer, one session."""
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: shop.order(user), range(4)))
    sessions = {opened(user, answer).session_id for answer in answers if answer.status_code == 201}
    assert len(sessions) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    customers = shop.stripe("GET", "customers", email=f"{user}@example.com")["data"]
    assert len(customers) == 1
    shop.pay(shop.checkout(user), PAYS)
    books.wait_for_ledger(user, entries=1)
