"""What the team's other services are told of a life, on the bus of the running system: docs/events.md.

The pipes are those of template.yaml, played by the local system over real streams of its tables.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.aws_clients import streams_client
from local.pipes.bus import Buses, events
from local.pipes.pipe import PipeRunner
from local.stack import Stack
from tests.integration.purchase.books import Books
from tests.integration.purchase.service import Service
from tests.integration.purchase.shop import Shop
from tests.integration.purchase.wait import until

type Event = dict[str, Any]
ENTRY = {"schema", "id", "user", "version", "index", "kind", "amount", "balance", "object", "level", "until", "at"}
OF_A_SUBSCRIPTION = {"subscription", "status", "price", "quantity", "period_end", "ends_at", "also"}


def told(stack: Stack, user: str) -> Iterator[Event]:
    for event in stack.told():
        if event["source"] == "plumbline" and event["detail"]["user"] == user:
            yield event


def heard(stack: Stack, user: str, wanted: int) -> list[Event]:
    """Its events, once there are so many."""
    return until(
        f"{wanted} events of {user}", lambda: found if len(found := list(told(stack, user))) >= wanted else None
    )


def said(event: Event, *names: str) -> tuple[str, ...]:
    return (event["detail-type"], *(event["detail"][name] for name in names))


@pytest.fixture(scope="module")
def life(shop: Shop, books: Books) -> dict[str, str]:
    """A pack, a spend, a refund; a plan that is canceled for its end. Its user, and the objects by what they are."""
    user = "a-life-that-is-told"
    pack = shop.buy(user)
    shop.settle(books)
    Service(shop).spend(user, 120, "key-1")
    intent = shop.stripe("GET", f"checkout/sessions/{pack.session_id}")["payment_intent"]
    shop.control("refund", payment_intent=intent, amount=100)
    shop.settle(books)
    plan = shop.stripe("GET", f"checkout/sessions/{shop.buy(user, 'pro_monthly').session_id}")
    shop.settle(books)
    shop.stripe("POST", f"subscriptions/{plan['subscription']}", cancel_at_period_end="true")
    shop.settle(books)
    session, invoice = shop.stripe("GET", f"checkout/sessions/{plan['id']}"), plan["invoice"]
    return {
        "user": user,
        "session": pack.session_id,
        "invoice": invoice or session["invoice"],
        "subscription": session["subscription"],
    }


def test_a_life_is_told_in_the_words_of_the_document(books: Books, life: dict[str, str], stack: Stack) -> None:
    found = heard(stack, life["user"], 7)
    entries = [event for event in found if event["detail-type"] != "subscription.changed"]
    assert [said(event, "kind", "amount", "balance", "level") for event in entries] == [
        ("credits.granted", "PURCHASE", "500", "500", ""),
        ("credits.spent", "SPEND", "-120", "380", ""),
        ("credits.reversed", "REFUND", "-100", "280", ""),
        ("credits.granted", "PURCHASE", "100", "380", ""),
        ("level.changed", "ACCESS", "0", "380", "PRO"),
    ]
    objects = [event["detail"]["object"] for event in entries]
    assert (objects[0], *objects[3:]) == (life["session"], life["invoice"], life["subscription"])
    assert {frozenset(event["detail"]) for event in entries} == {frozenset(ENTRY)}
    ids = [f"{life['user']}/{entry['entry']}" for entry in books.ledger(life["user"])]
    assert [event["detail"]["id"] for event in entries] == ids, "each entry, once, under its key"

    changes = [event["detail"] for event in found if event["detail-type"] == "subscription.changed"]
    assert [(detail["subscription"], detail["status"]) for detail in changes] == [(life["subscription"], "active")] * 2
    begun, canceled = changes
    assert (begun["ends_at"], canceled["ends_at"]) == ("", canceled["period_end"])
    assert int(begun["version"]) < int(canceled["version"])
    assert set(begun) == {"schema", "id", "user", "version", *OF_A_SUBSCRIPTION}
    assert "@" not in str(found), "no e-mail address"


def test_the_page_shows_them(shop: Shop, life: dict[str, str], stack: Stack) -> None:
    heard(stack, life["user"], 7)
    page = shop.http.get(f"{stack.app_url}/_events").json()["events"]
    assert [event for event in page[::-1] if event["detail"].get("user") == life["user"]] == list(
        told(stack, life["user"])
    )


def test_what_is_told_twice_has_the_same_id(life: dict[str, str], stack: Stack, tmp_path: Path) -> None:
    """By pipes that begin anew with the oldest record, as one does that AWS makes anew."""
    first = {event["detail"]["id"]: event for event in heard(stack, life["user"], 7)}
    for pipe in stack.config.model().pipes:
        buses = Buses(tmp_path, stack.config.model, stack.sqs())
        runner = PipeRunner(pipe, streams_client(stack.config.dynamodb_url), stack.sqs(), buses)
        while runner.look():
            pass
    again = {event["detail"]["id"]: event for event in events(tmp_path) if event["detail"]["user"] == life["user"]}
    assert {id: event["detail"] for id, event in again.items()} == {id: event["detail"] for id, event in first.items()}
    assert all(again[id]["id"] != event["id"] for id, event in first.items()), "EventBridge's own id is another one"
