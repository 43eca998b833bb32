"""`plumb resync`, `reconcile`, `replay` and `redrive` over the running system."""

import re
from datetime import timedelta
from typing import Any

import pytest

from local.stack import Stack
from tests.fakes.operator import Operator
from tests.integration.purchase.books import Books
from tests.integration.purchase.clock import Clock
from tests.integration.purchase.shop import Shop
from tests.integration.purchase.wait import until


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name.removeprefix("test_"))[:64]


def parked(shop: Shop, books: Books) -> str:
    """An event of a customer that nobody owns."""
    customer = shop.stripe("POST", "customers")["id"]
    shop.stripe("POST", f"customers/{customer}", name="Nobody")
    shop.settle(books)
    listed = shop.stripe("GET", "events", type="customer.updated", limit=100)["data"]
    (event,) = [found["id"] for found in listed if found["data"]["object"]["id"] == customer]
    assert isinstance(event, str)
    return event


def test_an_account_that_lost_its_events_is_put_right(plumb: Operator, shop: Shop, books: Books, user: str) -> None:
    """F49, F50: nothing was delivered; the resync finds what was bought, once, and says who ran it."""
    (endpoint,) = shop.stripe("GET", "webhook_endpoints")["data"]
    shop.stripe("POST", f"webhook_endpoints/{endpoint['id']}", disabled="true")
    try:
        session = shop.buy(user).session_id
    finally:
        shop.stripe("POST", f"webhook_endpoints/{endpoint['id']}", disabled="false")
    first = plumb("resync", user, "--actor", "jo", "--json")
    assert first.code == 0
    assert first.document["entries"] == [{"kind": "PURCHASE", "amount": 500, "stripe_object": session}]
    assert plumb("resync", user, "--json").document["entries"] == []
    assert [entry["actor"] for entry in books.ledger(user)] == ["jo"]
    assert plumb("check", user).code == 0


def test_a_resync_of_all_accounts_tells_each(plumb: Operator, shop: Shop, books: Books, user: str) -> None:
    shop.buy(user)
    shop.buy(f"{user}-2")
    shop.settle(books)
    result = plumb("resync", "--all", "--json")
    assert result.code == 0
    told = {line["user"]: line for line in result.lines}
    assert (told[user]["ok"], told[user]["entries"], told[user]["balance"]) == (True, [], 500)
    assert plumb("resync", "--all").out.endswith(" accounts looked at, all whole.\n")


def test_who_is_resynced_must_be_said(plumb: Operator, user: str) -> None:
    assert plumb("resync").code == plumb("resync", user, "--all").code == 2
    assert plumb("resync", user).err == f"There is no account of {user}.\n"


def test_one_reconcile_brings_back_what_no_webhook_brought(
    plumb: Operator, shop: Shop, books: Books, stack: Stack, user: str
) -> None:
    """F49: the schedules' own jobs, at once and to their end; the next run has nothing to do."""
    (endpoint,) = shop.stripe("GET", "webhook_endpoints")["data"]
    shop.stripe("POST", f"webhook_endpoints/{endpoint['id']}", disabled="true")
    try:
        shop.buy(user)
    finally:
        shop.stripe("POST", f"webhook_endpoints/{endpoint['id']}", disabled="false")
    Clock(shop).advance(timedelta(hours=1))  # the newest events are left to their webhooks
    assert books.ledger(user) == []
    first = plumb("reconcile", "--json")
    assert first.code == 0
    told = {line["job"]: line for line in first.lines}
    assert list(told) == ["catch_up", "catch_up_undelivered", "look_at_objects", "settle_due"]
    assert told["catch_up"]["queued"] > 0
    books.wait_until_drained()
    books.check(user, 500, ["PURCHASE"])
    again = plumb("reconcile")
    assert again.code == 0
    assert [line.rpartition(", ")[2] for line in again.out.splitlines()[1:3]] == ["0 put onto the queue."] * 2


def test_a_parked_event_goes_back_onto_the_queue(plumb: Operator, shop: Shop, books: Books) -> None:
    """F53."""
    event = parked(shop, books)
    before: Any = books.event(event)
    result = plumb("replay", event, "--json")
    assert (result.code, result.document) == (0, {"events": [{"id": event, "outcome": "SENT"}]})
    shop.settle(books)
    after: Any = books.event(event)
    assert (before["outcome"], after["outcome"]) == ("PARKED", "PARKED")
    assert after["recorded_at"] > before["recorded_at"]


def test_an_event_that_is_not_recorded_is_fetched_from_stripe(
    plumb: Operator, shop: Shop, books: Books, stack: Stack, user: str
) -> None:
    """F49: as if it had never arrived."""
    session = shop.buy(user).session_id
    shop.settle(books)
    (event,) = (found["id"] for found in shop.events_of(session))
    assert plumb("replay", event).out == f"{event}: it was settled before: there is nothing left to do.\n"
    stack.dynamodb().delete_item(TableName=stack.table_name("EventsTable"), Key={"id": {"S": event}})
    result = plumb("replay", event, "evt_unknown", event, "--json")
    assert result.code == 1
    assert result.document["events"] == [
        {"id": event, "outcome": "FETCHED"},
        {"id": "evt_unknown", "outcome": "UNKNOWN"},
    ]
    until("the event is recorded again", lambda: books.event(event))
    assert books.event(event)["outcome"] == "NOOP"  # type: ignore[index]
    assert plumb("replay", "pi_1").code == 2


def test_dead_letters_go_back(plumb: Operator, shop: Shop, books: Books, stack: Stack) -> None:
    """F13."""
    event = parked(shop, books)
    record: Any = books.event(event)
    sqs, dead = stack.sqs(), stack.queue_url("EventsDeadLetterQueue")
    for _ in range(12):
        sqs.send_message(QueueUrl=dead, MessageBody=record["message"])
    shown = plumb("redrive", "--dry-run", "--json").document
    assert shown == {"queue": "plumbline-local-test-events-dead", "waiting": 12, "moved": 0}
    unasked = plumb("redrive")
    assert (unasked.code, unasked.err) == (2, "Nothing was changed: pass --yes to do it.\n")
    moved = plumb("redrive", "--yes", "--json")
    assert (moved.code, moved.document["moved"]) == (0, 12)
    assert books.messages("EventsDeadLetterQueue") == 0
    shop.settle(books)
    after: Any = books.event(event)
    assert after["recorded_at"] > record["recorded_at"]
