"""What needs days: Stripe's test clock moves Stripe's time and, through the runner, the functions' (F43, F56).

A system of its own, since its time only goes forward; the tests run in the order in which they stand, and wait less.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from local.stack import Stack
from tests.integration.purchase.books import Books
from tests.integration.purchase.clock import Clock
from tests.integration.purchase.service import Service
from tests.integration.purchase.shop import IBAN_PENDING, Shop
from tests.integration.purchase.wait import until

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(warm=()) as running:
        yield running


@pytest.fixture(scope="module")
def clock(shop: Shop) -> Clock:
    return Clock(shop)


def test_a_bank_debit_settles(shop: Shop, books: Books, clock: Clock, user: str) -> None:
    checkout = shop.buy(user, "credits_500_eur", IBAN_PENDING)
    assert shop.success(checkout).status_code == 202
    clock.advance(timedelta(minutes=4))
    books.wait_for_ledger(user, entries=1)
    assert shop.success(checkout).json()["status"] == "paid"
    shop.settle(books)
    books.check(user, balance=500, kinds=["PURCHASE"])


def test_a_session_nobody_pays_expires(shop: Shop, books: Books, clock: Clock, user: str) -> None:
    checkout = shop.checkout(user)
    clock.advance(DAY)
    until("it is expired", lambda: (books.purchase(checkout.session_id) or {})["state"] == "EXPIRED")
    assert shop.success(checkout).json()["status"] == "expired"
    books.check(user, balance=0, kinds=[])
    assert shop.checkout(user).session_id != checkout.session_id


def test_a_level_for_thirty_days_ends(shop: Shop, books: Books, clock: Clock, user: str) -> None:
    checkout = shop.buy(user, "pro_30_days")
    answer = shop.success(checkout).json()
    level, until_when = answer["entitlements"]["level"], datetime.fromisoformat(answer["entitlements"]["expiresAt"])
    assert (level, until_when) == ("PRO", datetime.fromisoformat(answer["purchase"]["paidAt"]) + 30 * DAY)
    books.check(user, balance=0, kinds=["ACCESS"])
    assert timedelta(0) < until_when - datetime.fromtimestamp(shop.now(), UTC) <= 30 * DAY

    clock.advance(29 * DAY)
    assert _level(shop, user) == "PRO"
    clock.advance(DAY)
    assert _level(shop, user) == "FREE"
    assert shop.get("/account", user).json()["entitlements"] == {"level": "FREE", "expiresAt": None}


def test_credits_for_ninety_days_end(shop: Shop, books: Books, clock: Clock, user: str) -> None:
    """They can't be spent after that; the ledger gets its entry at the next converge."""
    checkout = shop.buy(user, "credits_2000_90d")
    assert shop.success(checkout).json()["credits"]["balance"] == 2000
    shop.settle(books)
    clock.advance(89 * DAY)
    assert shop.get("/credits", user).json()["balance"] == 2000
    clock.advance(DAY)
    nothing = {"balance": 0, "reserved": 0, "available": 0, "lots": [], "reservations": []}
    assert shop.get("/credits", user).json() == nothing
    again = shop.buy(user)
    assert shop.success(again).json()["credits"]["balance"] == 500
    shop.settle(books)
    books.check(user, balance=500, kinds=["PURCHASE", *sorted(["PURCHASE", "EXPIRY"], reverse=True)])


def test_the_schedule_writes_down_what_ended(shop: Shop, books: Books, clock: Clock, user: str) -> None:
    """Lots, access and reservations of an account that nothing else touches (money rules 16 and 20)."""
    service = Service(shop)
    shop.success(shop.buy(user, "credits_2000_90d"))
    shop.success(shop.buy(user, "pro_30_days"))
    shop.settle(books)
    service.reserve(user, 500, seconds=3600)
    clock.advance(timedelta(hours=2))
    service.run("settle_due")
    assert (books.account(user) or {})["reservations"] == []
    clock.advance(31 * DAY)
    service.run("settle_due")
    assert [entry["reason"] for entry in books.ledger(user)][-1].endswith(" to FREE")
    clock.advance(60 * DAY)
    for _ in range(2):
        service.run("settle_due")
    books.check(user, balance=0, kinds=["PURCHASE", "ACCESS", "ACCESS", "EXPIRY"])
    last = books.ledger(user)[-1]
    assert (last["amount"], last["actor"], last["event"]) == (-2000, "reconcile", None)
    assert "due_at" not in (books.account(user) or {})


def test_an_old_signature_does_not_become_young(shop: Shop, clock: Clock) -> None:
    """The functions live in the moved time: what is signed in real time is months old to them."""
    answer = shop.deliver({"id": "evt_1"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_signature")
    assert shop.deliver({"id": "evt_1"}, offset=shop.now() - datetime.now(UTC).timestamp()).status_code == 200


def _level(shop: Shop, user: str) -> str:
    return str(shop.get("/entitlements", user).json()["level"])
