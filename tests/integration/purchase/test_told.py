"""What the team's other services are told of a life, on the bus of the running system: docs/events.md.

The pipes are those of template.yaml, played by the local system over real streams of its tables.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from local.aws_clients import streams_client
from local.pipes.bus import Buses, events
from local.pipes.pipe import PipeRunner
from local.stack import Stack
from tests.integration.purchase.books import Books, Item
from tests.integration.purchase.service import Service
from tests.integration.purchase.shop import Shop
from tests.integration.purchase.wait import until

type Event = dict[str, Any]


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


def of_an_entry(entry: Item) -> dict[str, str]:
    """What is told of an entry, from what stands in its table and not from what it says is to be told."""
    access = entry.get("access") or {}
    return {
        "schema": "1",
        "id": f"{entry['user']}/{entry['entry']}",
        "user": entry["user"],
        "version": str(entry["version"]),
        "index": str(entry["index"]),
        "kind": entry["kind"],
        "amount": str(entry["amount"]),
        "balance": str(entry["balance_after"]),
        "object": entry["stripe_object"] or "",
        "level": access.get("level", ""),
        "until": whole(access.get("until")),
        "at": entry["at"],
    }


def of_a_subscription(user: str, version: str, state: Item) -> dict[str, str]:
    """What is told of one that ends with its period, by a write of this version."""
    return {
        "schema": "1",
        "id": f"{user}/{version}",
        "user": user,
        "version": version,
        "subscription": state["id"],
        "status": state["status"],
        "price": state["price_id"],
        "quantity": str(state["quantity"]),
        "period_end": whole(state["period_end"]),
        "ends_at": whole(state["period_end"]),
        "also": "",
    }


def whole(moment: str | None) -> str:
    """A time as it is told: to the second."""
    return f"{datetime.fromisoformat(moment):%Y-%m-%dT%H:%M:%SZ}" if moment else ""


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
    kept = books.ledger(life["user"])
    assert [event["detail"] for event in entries] == [of_an_entry(entry) for entry in kept], "each, once, under its key"

    changes = [event["detail"] for event in found if event["detail-type"] == "subscription.changed"]
    assert [(detail["subscription"], detail["status"]) for detail in changes] == [(life["subscription"], "active")] * 2
    begun, canceled = changes
    assert (begun["ends_at"], canceled["ends_at"]) == ("", canceled["period_end"])
    assert int(begun["version"]) < int(canceled["version"])
    account = books.account(life["user"])
    assert account is not None
    [state] = account["subscriptions"]
    assert int(canceled["version"]) <= account["version"]
    assert canceled == of_a_subscription(life["user"], canceled["version"], state)
    assert begun == {**of_a_subscription(life["user"], begun["version"], state), "ends_at": ""}
    all_ids = [event["detail"]["id"] for event in found]
    assert len(set(all_ids)) == len(all_ids), "who remembers the ids drops none that is another event"
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
