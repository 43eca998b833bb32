"""Using credits over HTTP with a machine's token: once for each key, exact under many hands, and closed to users."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.integration.purchase.books import Books
from tests.integration.purchase.logs import Logs
from tests.integration.purchase.service import Service
from tests.integration.purchase.shop import Shop
from tests.integration.purchase.wait import until

SPENDERS = 20


@pytest.fixture(scope="module")
def service(shop: Shop) -> Service:
    return Service(shop)


@pytest.fixture
def buyer(shop: Shop, books: Books, user: str) -> str:
    """A user with 500 credits, and no event on the way any more."""
    assert shop.success(shop.buy(user)).json()["credits"]["balance"] == 500
    shop.settle(books)
    return user


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_spend_that_is_retried_is_done_once(
    service: Service, shop: Shop, books: Books, logs: Logs, buyer: str
) -> None:
    """F58: the same answer, to the letter, and one entry."""
    first = service.spend(buyer, 120, "key-1", reason="a picture", reference="job-1")
    assert (first.status_code, "idempotent-replayed" in first.headers) == (200, False)
    assert {name: first.json()[name] for name in ("balance", "reserved", "available")} == {
        "balance": 380,
        "reserved": 0,
        "available": 380,
    }
    entry = first.json()["transaction"]
    assert (entry["kind"], entry["amount"], entry["actor"]) == ("SPEND", -120, "service")
    assert (entry["reason"], entry["reference"]) == ("a picture", "job-1")
    service.spend(buyer, 80, "key-2")
    again = service.spend(buyer, 120, "key-1", reason="a picture", reference="job-1")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    books.check(buyer, balance=300, kinds=["PURCHASE", "SPEND", "SPEND"])
    assert shop.get("/credits", buyer).json()["balance"] == 300
    logs.one("answered again", "CreditsFunction", user_id=buyer)


def test_a_key_stands_for_one_request(service: Service, books: Books, buyer: str) -> None:
    service.spend(buyer, 100, "key-1")
    assert code(service.spend(buyer, 101, "key-1")) == (409, "idempotency_conflict")
    assert code(service.spend(buyer, 401, "key-2")) == (402, "insufficient_credits")
    told = service.spend(buyer, 401, "key-2").json()["error"]
    assert (told["balance"], told["available"]) == (400, 400)
    books.check(buyer, balance=400, kinds=["PURCHASE", "SPEND"])


@pytest.mark.parametrize("key", [None, "", "x" * 256])
def test_nothing_is_spent_without_a_key(service: Service, key: str | None) -> None:
    assert code(
        service.spend("nobody-yet", 1, key or "")
        if key is not None
        else service.post("/credits/spend", None, {"userId": "nobody-yet", "amount": 1})
    ) == (400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"userId": "alice"},
        {"userId": "alice", "amount": 0},
        {"userId": "alice", "amount": -5},
        {"userId": "alice", "amount": 1.5},
        {"userId": "alice", "amount": "5"},
        {"userId": "alice", "amount": True},
        {"userId": "alice", "amount": 10**10},
        {"userId": "a#b", "amount": 5},
        {"userId": "alice", "amount": 5, "balance": 9},
        {"userId": "alice", "amount": 5, "reason": ""},
        {"userId": "alice", "amount": 5, "reason": "two\nlines"},
        {"userId": "alice", "amount": 5, "reference": "x" * 201},
    ],
)
def test_a_body_that_does_not_fit_is_refused(service: Service, body: dict[str, object]) -> None:
    assert code(service.post("/credits/spend", "key-1", body)) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["spend", "reversals", "reservations", "reservations/rsv_0/capture"])
def test_only_a_machine_that_may_spend_spends(shop: Shop, path: str, user: str) -> None:
    """S07, S10: refused by the gateway, before any of our code runs."""
    answers = [
        shop.post(f"/credits/{path}", user, {"userId": user, "amount": 1}),
        Service(shop, "billing:read").post(f"/credits/{path}", "key-1", {"userId": user, "amount": 1}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert shop.http.post(f"{shop.stack.api_url}/credits/{path}", json={}).status_code == 401


def test_a_spend_is_undone_once(service: Service, books: Books, buyer: str) -> None:
    spent = service.spend(buyer, 100, "key-1").json()["transaction"]["id"]
    done = service.reverse(buyer, spent, "undo-1")
    assert (done.status_code, done.json()["balance"]) == (200, 500)
    assert done.json()["transaction"]["reference"] == spent
    assert service.reverse(buyer, spent, "undo-1").content == done.content
    assert code(service.reverse(buyer, spent, "undo-2")) == (409, "already_reversed")
    assert code(service.reverse(buyer, "000000000001#000", "undo-3")) == (404, "transaction_not_found")
    books.check(buyer, balance=500, kinds=["PURCHASE", "SPEND", "SPEND_REVERSAL"])


def test_a_reservation_is_captured_in_part(service: Service, shop: Shop, books: Books, buyer: str) -> None:
    name = service.reserve(buyer, 300)
    shown = shop.get("/credits", buyer).json()
    assert (shown["balance"], shown["reserved"], shown["available"]) == (500, 300, 200)
    assert [made["reservationId"] for made in shown["reservations"]] == [name]
    assert code(service.spend(buyer, 201, "key-1")) == (402, "insufficient_credits")
    assert code(service.capture(buyer, name, "key-2", 301)) == (400, "invalid_request")
    done = service.capture(buyer, name, "key-3", 120)
    assert (done.status_code, done.json()["available"], done.json()["transaction"]["amount"]) == (200, 380, -120)
    assert service.capture(buyer, name, "key-3", 120).headers["idempotent-replayed"] == "true"
    assert code(service.capture(buyer, name, "key-4")) == (404, "reservation_not_found")
    books.check(buyer, balance=380, kinds=["PURCHASE", "SPEND"])


def test_a_reservation_is_released_or_ends_by_itself(service: Service, shop: Shop, books: Books, buyer: str) -> None:
    name = service.reserve(buyer, 300)
    released = service.release(buyer, name, "key-1")
    assert (released.status_code, released.json()["available"]) == (200, 500)
    assert code(service.release(buyer, name, "key-2")) == (404, "reservation_not_found")
    short = service.reserve(buyer, 500, seconds=1, key="reserve-2")
    until("it has lapsed", lambda: shop.get("/credits", buyer).json()["available"] == 500)
    assert code(service.capture(buyer, short, "key-3")) == (404, "reservation_not_found")
    assert service.spend(buyer, 500, "key-4").json()["balance"] == 0
    books.check(buyer, balance=0, kinds=["PURCHASE", "SPEND"])


def test_a_refund_of_what_was_spent_leaves_a_debt_that_blocks(
    service: Service, shop: Shop, books: Books, user: str
) -> None:
    """F41: and the next credits cover it first."""
    checkout = shop.buy(user)
    shop.success(checkout)
    shop.settle(books)
    service.spend(user, 400, "key-1")
    intent = shop.stripe("GET", f"checkout/sessions/{checkout.session_id}")["payment_intent"]
    shop.stripe("POST", "refunds", payment_intent=intent)
    books.wait_for_ledger(user, entries=3)
    assert code(service.spend(user, 1, "key-2")) == (402, "insufficient_credits")
    shop.settle(books)
    assert shop.success(shop.buy(user)).json()["credits"]["balance"] == 100
    shop.settle(books)
    assert service.spend(user, 100, "key-3").json()["balance"] == 0
    books.check(user, balance=0, kinds=["PURCHASE", "SPEND", "REFUND", "PURCHASE", "SPEND"])


def test_many_spenders_beside_converges_are_exact(service: Service, shop: Shop, books: Books, buyer: str) -> None:
    """F18: twenty at once, each spend sent twice, while Stripe's events and a refund go through the same account."""
    session = shop.checkout(buyer)
    shop.pay(session)

    def spend(number: int) -> int:
        answer = service.spend(buyer, 7, f"key-{number}")
        while answer.status_code == 503:  # as a service does that is told to come again
            answer = service.spend(buyer, 7, f"key-{number}")
        assert answer.status_code == 200, answer.text
        return int(answer.json()["transaction"]["amount"])

    def look(number: int) -> int:
        return shop.success(session).status_code if number % 2 else shop.come_back(session).status_code

    with ThreadPoolExecutor(SPENDERS + 4) as threads:
        spends = [threads.submit(spend, number % SPENDERS) for number in range(2 * SPENDERS)]
        looks = [threads.submit(look, number) for number in range(12)]
        assert [each.result() for each in spends] == [-7] * 2 * SPENDERS
        assert {each.result() for each in looks} <= {200, 303, 503}
    shop.settle(books)
    ledger = books.ledger(buyer)
    assert sum(entry["kind"] == "SPEND" for entry in ledger) == SPENDERS
    assert sorted(entry["kind"] for entry in ledger if entry["kind"] != "SPEND") == ["PURCHASE", "PURCHASE"]
    books.check(buyer, balance=1000 - 7 * SPENDERS, kinds=[entry["kind"] for entry in ledger])
    assert shop.get("/credits", buyer).json()["balance"] == 1000 - 7 * SPENDERS


def test_no_more_is_spent_than_there_is_however_many_ask(service: Service, books: Books, buyer: str) -> None:
    """F18: twenty ask for 100 of 500."""

    def spend(number: int) -> int:
        answer = service.spend(buyer, 100, f"key-{number}")
        while answer.status_code == 503:
            answer = service.spend(buyer, 100, f"key-{number}")
        return answer.status_code

    with ThreadPoolExecutor(SPENDERS) as threads:
        statuses = sorted(threads.map(spend, range(SPENDERS)))
    assert statuses == [200] * 5 + [402] * 15
    books.check(buyer, balance=0, kinds=["PURCHASE", *["SPEND"] * 5])


def test_the_ledger_is_filtered_by_kind_and_time_on_every_page(service: Service, shop: Shop, buyer: str) -> None:
    for number in range(5):
        service.spend(buyer, 1 + number, f"key-{number}")
    reader = Service(shop, "billing:read")

    def amounts(limit: int, **query: str) -> list[int]:
        found, cursor = [], ""
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = reader.get("/credits/transactions", userId=buyer, limit=str(limit), **more, **query).json()
            found += [entry["amount"] for entry in page["transactions"]]
            cursor = page["nextCursor"]
            if cursor is None:
                return found

    for limit in (1, 2, 100):
        assert amounts(limit, kind="SPEND") == [-5, -4, -3, -2, -1]
    assert amounts(3, kind="PURCHASE,EXPIRY") == [500]
    soon = datetime.now(UTC) + timedelta(minutes=5)
    assert amounts(3, **{"from": soon.isoformat()}) == []
    assert amounts(3, to=soon.isoformat(), kind="SPEND") == [-5, -4, -3, -2, -1]
    for wrong in ({"kind": "GIFT"}, {"from": "yesterday"}, {"to": "2026-11-21T10:00:00"}, {"kind": ""}):
        assert code(reader.get("/credits/transactions", userId=buyer, **wrong)) == (400, "invalid_request")
    assert code(shop.get(f"/credits/transactions?userId={buyer}", "somebody-else")) == (403, "forbidden")
    assert shop.get("/credits/transactions?kind=PURCHASE", buyer).json()["transactions"][0]["amount"] == 500


def test_a_spend_is_no_business_of_stripes_and_shows_in_the_cache(
    service: Service, shop: Shop, books: Books, logs: Logs, buyer: str
) -> None:
    service.spend(buyer, 500, "key-1")
    (line,) = logs.said("ledger entry written", "CreditsFunction", user_id=buyer)
    assert (line["kind"], line["amount"], line["balance"]) == ("SPEND", -500, 0)
    assert (books.account(buyer) or {})["stripe_version"] >= 1
    assert shop.get("/account", buyer).json()["credits"] == {"balance": 0, "reserved": 0, "available": 0}
