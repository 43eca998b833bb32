"""What a listener gets, word for word: an item as our code writes it, through the template's own pipes.

docs/events.md says what each member means. Each value here is another one, so that no member can be given another's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from billing.adapters.dynamodb.ledger_store import entry_put
from billing.adapters.dynamodb.puts import account_put
from billing.domain.account import Account
from billing.domain.ids import EventId, SubscriptionId
from billing.domain.ledger import Entry, Kind
from billing.domain.subscription import Span
from local.template import Addresses, Pipe, load_model
from local.template.event_pattern import matches
from local.template.expand import expand
from local.template.input_template import found, rendered
from tests.conftest import REPOSITORY
from tests.fakes.snapshots import ALICE, NOW
from tests.unit.billing.domain.test_subscription import state

DAY = timedelta(days=1)
TEMPLATE = REPOSITORY / "template.yaml"


@pytest.fixture(scope="module")
def pipes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pipe]:
    """By the table whose stream each reads."""
    given = {"AppUrl": "https://app", "JwtIssuer": "https://app/auth", "Stage": "local"}
    addresses = Addresses(sqs_url="http://sqs", api_url="http://api")
    model = load_model(TEMPLATE, given, addresses, tmp_path_factory.mktemp("cache"))
    return {pipe.table.logical_id: pipe for pipe in model.pipes}


def written(put: Mapping[str, Any]) -> dict[str, Any]:
    image: dict[str, Any] = put["Put"]["Item"]
    return image


def record(image: Mapping[str, Any], name: str = "INSERT") -> dict[str, Any]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html"""
    images = {"OldImage": image} if name == "REMOVE" else {"NewImage": image}
    return {"eventName": name, "dynamodb": {**images, "SequenceNumber": "7"}}


def entry_image() -> dict[str, Any]:
    until = Span("PRO", NOW + DAY)
    entry = Entry(
        *(ALICE, 7, 2, Kind.ACCESS, -5, 380, "sub_1", EventId("evt_1"), "api", "a reason", NOW),
        access=until,
    )
    return written(entry_put("ledger", entry))


def account_image() -> dict[str, Any]:
    told = state(
        id=SubscriptionId("sub_2"),
        created=NOW,
        status="past_due",
        price_id="price_9",
        quantity=3,
        period_end=NOW + 30 * DAY,
        cancel_at=NOW + 9 * DAY,
        cancel_at_period_end=False,
    )
    older = state(id=SubscriptionId("sub_1"), created=NOW - DAY)
    before = Account(ALICE, version=8)
    return written(account_put("accounts", before, replace(before, version=9, subscriptions=(older, told))))


def test_an_entry_is_told_word_for_word(pipes: dict[str, Pipe]) -> None:
    pipe, image = pipes["LedgerTable"], record(entry_image())
    assert found(pipe.detail_type, image) == "level.changed"
    assert rendered(pipe.input_template, image) == {
        "schema": "1",
        "id": f"{ALICE}/000000000007#002",
        "user": ALICE,
        "version": "7",
        "index": "2",
        "kind": "ACCESS",
        "amount": "-5",
        "balance": "380",
        "object": "sub_1",
        "level": "PRO",
        "until": f"{NOW + DAY:%Y-%m-%dT%H:%M:%SZ}",
        "at": entry_image()["at"]["S"],
    }
    assert NOW.isoformat()[:19] in entry_image()["at"]["S"], "and that is the time at which it was written"


def test_a_subscription_is_told_word_for_word(pipes: dict[str, Pipe]) -> None:
    pipe, image = pipes["AccountsTable"], record(account_image(), "MODIFY")
    assert found(pipe.detail_type, image) == "subscription.changed"
    assert rendered(pipe.input_template, image) == {
        "schema": "1",
        "id": f"{ALICE}/9",
        "user": ALICE,
        "version": "9",
        "subscription": "sub_2",
        "status": "past_due",
        "price": "price_9",
        "quantity": "3",
        "period_end": f"{NOW + 30 * DAY:%Y-%m-%dT%H:%M:%SZ}",
        "ends_at": f"{NOW + 9 * DAY:%Y-%m-%dT%H:%M:%SZ}",
        "also": "sub_1",
    }


@pytest.mark.parametrize(
    ("table", "image", "name", "told"),
    [
        ("LedgerTable", entry_image(), "INSERT", True),
        ("LedgerTable", entry_image(), "MODIFY", False),
        ("LedgerTable", entry_image(), "REMOVE", False),
        ("AccountsTable", account_image(), "INSERT", True),
        ("AccountsTable", account_image(), "MODIFY", True),
        ("AccountsTable", account_image(), "REMOVE", False),
    ],
)
def test_a_pipe_takes_new_entries_and_written_accounts_that_tell_something(
    pipes: dict[str, Pipe], table: str, image: dict[str, Any], name: str, told: bool
) -> None:
    """An entry that is rewritten is no news: it would be told again under the id of what it was before."""
    [pattern] = pipes[table].patterns
    assert matches(pattern, record(image, name)) is told
    without = {attribute: value for attribute, value in image.items() if attribute != "told"}
    assert not matches(pattern, record(without, name))


@pytest.mark.parametrize("name", ["LedgerPipe", "SubscriptionPipe"])
def test_a_pipe_tries_as_long_as_the_page_says(name: str, tmp_path: Path) -> None:
    """Six hours of the stream's 24: whoever mends it has the other 18 (docs/alarms.md, domain-events-untold)."""
    pipe = expand(TEMPLATE, tmp_path)["expanded"]["Resources"][name]["Properties"]
    assert pipe["SourceParameters"]["DynamoDBStreamParameters"] == {
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 10,
        "MaximumRecordAgeInSeconds": 21_600,
        "OnPartialBatchItemFailure": "AUTOMATIC_BISECT",
        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["UntoldQueue", "Arn"]}},
    }
    assert pipe.get("DesiredState", "RUNNING") == "RUNNING"
    page = " ".join((REPOSITORY / "docs/alarms.md").read_text().split())
    assert "for six hours it could not put events onto the bus" in page
    assert "the records stand in the stream for another 18 hours" in page


@pytest.mark.parametrize(
    ("heading", "table", "above"),
    [("Entries of the ledger", "LedgerTable", {"kind"}), ("Subscriptions", "AccountsTable", set())],
)
def test_the_page_names_each_member(pipes: dict[str, Pipe], heading: str, table: str, above: set[str]) -> None:
    """In its table; the kind has one of its own above it."""
    page = (REPOSITORY / "docs/events.md").read_text()
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0].partition("| Member | Holds |")[2]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    said = {name for row in rows for name in row.split("`")[1::2]}
    assert said | above == set(json.loads(pipes[table].input_template))
