"""`plumb grant`, `report` and `forget` over the running system."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest

from local.stack import Stack
from tests.fakes.operator import Operator
from tests.integration.purchase.books import Books
from tests.integration.purchase.shop import Shop


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name.removeprefix("test_"))[:64]


# plumb grant


def test_who_gives_or_takes_credits_and_why_stands_in_the_ledger(plumb: Operator, books: Books, user: str) -> None:
    """S29: who did it and why stand in the ledger."""
    given = plumb("grant", user, "50", "--reason", "an outage", "--expires-days", "30", "--actor", "jo", "--json")
    assert (given.code, given.document["balance"]) == (0, 50)
    taken = plumb("grant", user, "20", "--take", "--reason", "too many")
    assert taken.out == f"{user}: -20, balance 30, 30 available.\n"
    first, second = books.ledger(user)
    assert (first["kind"], first["amount"], first["actor"], first["reason"]) == ("ADJUSTMENT", 50, "jo", "an outage")
    assert second["actor"].startswith("plumb:")
    (lot,) = books.account(user)["lots"]  # type: ignore[index]
    assert (lot["granted"], lot["used"]) == (50, 20)
    assert lot["expires_at"]
    assert plumb("check", user).code == 0


def test_under_a_key_it_is_done_once(plumb: Operator, books: Books, user: str) -> None:
    """F58."""
    call = ("grant", user, "5", "--reason", "once", "--key", "ticket-1")
    assert plumb(*call).code == 0
    assert plumb(*call).out.endswith("That was done before under this key; nothing was changed.\n")
    other = plumb("grant", user, "6", "--reason", "once", "--key", "ticket-1")
    assert other.code == 1
    assert len(books.ledger(user)) == 1


def test_no_more_can_be_taken_than_is_there(plumb: Operator, books: Books, user: str) -> None:
    result = plumb("grant", user, "5", "--take", "--reason", "x", "--json")
    assert (result.code, result.out) == (1, "")
    assert '"code": "insufficient_credits"' in result.err
    assert books.ledger(user) == []


@pytest.mark.parametrize(
    "given",
    [
        (),
        ("alice",),
        ("alice", "5"),
        ("alice", "5", "--reason", " "),
        ("alice", "0", "--reason", "x"),
        ("alice", "5", "--reason", "x", "--dry-run"),
        ("alice", "5", "--csv", "file"),
        ("--csv", "file", "--take"),
    ],
)
def test_a_wrong_call_exits_2(plumb: Operator, given: tuple[str, ...]) -> None:
    assert plumb("grant", *given).code == 2


def test_a_file_of_grants_is_written_once(plumb: Operator, books: Books, user: str, tmp_path: Path) -> None:
    """F58: shown, written, and nothing the second time; a row that fails stops no other and is tried again."""
    file = tmp_path / "grants.csv"
    file.write_text(f"user,amount,reason\n{user},100,welcome\n{user}-2,-5,fee\n{user}-3,7,welcome\n")
    call = ("grant", "--csv", str(file))
    shown = plumb(*call, "--dry-run")
    assert "3 adjustments of 3 users: 107 credits given, 5 taken." in shown.out
    unasked = plumb(*call)
    assert (unasked.code, unasked.err) == (2, "Nothing was changed: pass --yes to do it.\n")
    assert books.ledger(user) == []
    written = plumb(*call, "--yes", "--json")
    assert written.code == 1
    assert [line["state"] for line in written.lines] == ["granted", "failed", "granted"]
    assert f"row 3, {user}-2: Not enough credits" in written.err
    plumb("grant", f"{user}-2", "50", "--reason", "a start")
    again = plumb(*call, "--yes", "--json")
    assert (again.code, [line["state"] for line in again.lines]) == (0, ["done_before", "granted", "done_before"])
    last = plumb(*call, "--yes", "--json")
    assert (last.code, [line["state"] for line in last.lines]) == (0, ["done_before"] * 3)
    assert [len(books.ledger(name)) for name in (user, f"{user}-2", f"{user}-3")] == [1, 2, 1]


# plumb report


def test_the_report_adds_up_the_sales_of_today(plumb: Operator, shop: Shop, books: Books, user: str) -> None:
    def today() -> dict[str, Any]:
        days = plumb("report", "--days", "1", "--json").document["days"]
        empty = {"checkouts": 0, "completed": 0, "payments": {}, "captured": {}, "refunded": {}, "credits": {}}
        found: dict[str, Any] = days[-1] if days else empty
        return found

    def grown(what: str, name: str) -> int:
        return int(after[what].get(name, 0)) - int(before[what].get(name, 0))

    before = today()
    shop.checkout(f"{user}-2")
    shop.buy(user)
    shop.settle(books)
    after = today()
    assert (after["checkouts"] - before["checkouts"], after["completed"] - before["completed"]) == (2, 1)
    assert (grown("payments", "usd"), grown("captured", "usd"), grown("credits", "PURCHASE")) == (1, 500, 500)
    (row, *_) = csv.DictReader(io.StringIO(plumb("report", "--days", "1", "--csv").out))
    assert (row["currency"], int(row["payments"])) == ("usd", after["payments"]["usd"])
    assert after["day"] in plumb("report").out
    assert "█" in plumb("report", "--chart").out


# plumb forget


def test_personal_data_goes_and_the_books_stay(
    plumb: Operator, shop: Shop, books: Books, stack: Stack, user: str
) -> None:
    """S16: no item of the tables and no metadata at Stripe has the address afterwards, also after a resync."""
    session = shop.buy(user).session_id
    still_open = shop.checkout(user).session_id
    shop.settle(books)
    address = f"{user}@example.com"
    account: Any = books.account(user)
    customer = account["customers"][0]
    assert (account["email"], shop.stripe("GET", f"customers/{customer}")["email"]) == (address, address)
    unasked = plumb("forget", user, "--stripe")
    assert (unasked.code, unasked.err) == (2, "Nothing was changed: pass --yes to do it.\n")
    ledger = books.ledger(user)
    result = plumb("forget", user, "--stripe", "--yes", "--actor", "jo", "--json")
    assert result.code == 0
    told = result.document
    assert (told["done"], told["account"], told["items"] > 0) == (True, True, True)
    assert {customer, session} <= set(told["stripe"])
    assert shop.stripe("GET", f"checkout/sessions/{still_open}")["status"] == "expired"
    again = plumb("forget", user, "--yes", "--json").document
    assert (again["account"], again["items"]) == (False, 0)
    assert plumb("resync", user).code == 0
    assert address not in repr(books.everything())
    assert shop.stripe("GET", f"customers/{customer}")["email"] == "removed@example.com"
    assert address not in repr(shop.stripe("GET", f"checkout/sessions/{session}")["metadata"])
    *kept, last = books.ledger(user)
    assert kept == ledger
    assert (last["amount"], last["actor"], last["reason"]) == (0, "jo", "personal data removed")
    assert plumb("check", user).code == 0


def test_who_still_pays_is_not_emptied_at_stripe(plumb: Operator, shop: Shop, books: Books, user: str) -> None:
    shop.buy(user, "pro_monthly")
    shop.settle(books)
    result = plumb("forget", user, "--stripe", "--yes")
    assert result.code == 1
    assert "cancel it first, its receipts need the address." in result.err
    assert plumb("forget", "nobody-at-all", "--yes").err == "There is no account of nobody-at-all.\n"
