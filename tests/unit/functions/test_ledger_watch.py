"""The ledger's stream: what rewrites the past is told, with what stood there before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from billing.adapters.dynamodb.items import to_item
from functions.ledger_watch.app import lambda_handler
from tests.fakes.lambda_events import FakeContext
from tests.unit.billing.adapters.dynamo_tables import entry

SAMPLE = Path(__file__).parents[3] / "events/ledger_watch/rewritten.json"
type Capture = pytest.CaptureFixture[str]


def record(name: str) -> dict[str, Any]:
    """As the stream tells of an entry that the code itself has written."""
    image = to_item(entry(), entry=entry().key)
    images = {"INSERT": {"NewImage": image}, "MODIFY": {"OldImage": image, "NewImage": image}}
    return {"eventName": name, "dynamodb": images.get(name, {"OldImage": image})}


def told(capsys: Capture, *records: dict[str, Any]) -> tuple[list[dict[str, Any]], list[float]]:
    lambda_handler({"Records": list(records)}, FakeContext())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counted = [value for line in lines for value in line.get("LedgerRewritten", [])]
    return [line for line in lines if "_aws" not in line], counted


@pytest.mark.parametrize("name", ["MODIFY", "REMOVE"])
def test_an_entry_that_is_changed_or_removed_is_told_with_what_it_was(capsys: Capture, name: str) -> None:
    """F64: nobody rewrites the ledger unseen, whatever rights he has."""
    [line], counted = told(capsys, record(name))
    assert counted == [1.0]
    assert (line["level"], line["message"], line["outcome"]) == ("ERROR", "ledger entry rewritten", name)
    assert (line["user_id"], line["version"], line["kind"]) == ("alice", "000000000002#000", "PURCHASE")
    assert (line["amount"], line["balance"]) == (500, 500)


def test_an_entry_that_dynamodb_itself_removed_counts(capsys: Capture) -> None:
    """F64: the ledger has no time to live, so somebody has given it one (https://docs.aws.amazon.com/amazondynamodb/
    latest/developerguide/time-to-live-ttl-streams.html).
    """
    identity = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    _, counted = told(capsys, {**record("REMOVE"), "userIdentity": identity})
    assert counted == [1.0]


@pytest.mark.parametrize(
    ("amount", "told_as"),
    [({"N": "-30"}, -30), ({"N": "1.5"}, None), ({"N": "--3"}, None), ({"S": "-30"}, "-30"), ({"B": "x"}, None)],
)
def test_an_amount_is_told_as_far_as_it_is_a_whole_number(
    capsys: Capture, amount: dict[str, str], told_as: object
) -> None:
    """A spend's is below nought; and whatever stood there, it counts."""
    was = record("REMOVE")
    was["dynamodb"]["OldImage"]["amount"] = amount
    [line], counted = told(capsys, was)
    assert (line.get("amount"), counted) == (told_as, [1.0])


def test_one_of_which_nothing_is_told_counts(capsys: Capture) -> None:
    assert told(capsys, {"eventName": "REMOVE"})[1] == [1.0]


def test_a_new_entry_is_nothing_to_tell(capsys: Capture) -> None:
    assert told(capsys, record("INSERT")) == ([], [])


def test_each_of_a_batch_counts(capsys: Capture) -> None:
    lines, counted = told(capsys, record("MODIFY"), record("INSERT"), record("REMOVE"))
    assert len(lines) == 2
    assert sum(counted) == 2


@pytest.mark.parametrize(
    "odd",
    [
        {"kind": None, "amount": None, "balance_after": None},
        {"amount": {"S": "many"}},
        {"amount": {"N": "1.5"}},
        {"amount": "7"},
        {"user": {"B": "AA=="}},
    ],
)
def test_what_was_no_entry_of_ours_counts_and_holds_up_no_other(capsys: Capture, odd: dict[str, Any]) -> None:
    """F64: whoever may rewrite the ledger may write anything into it, and hide what he does next behind it."""
    strange = record("MODIFY")
    image = {**strange["dynamodb"]["OldImage"], **odd}
    strange["dynamodb"]["OldImage"] = {name: value for name, value in image.items() if value is not None}
    lines, counted = told(capsys, strange, record("REMOVE"))
    assert (len(lines), sum(counted)) == (2, 2)
    assert (lines[0]["version"], lines[1]["amount"]) == ("000000000002#000", 500)


@pytest.mark.parametrize("images", [{}, {"Keys": {"user": {"S": "alice"}, "entry": {"S": "000000000002#000"}}}])
def test_a_record_without_its_image_counts(capsys: Capture, images: dict[str, Any]) -> None:
    [line], counted = told(capsys, {"eventName": "REMOVE", "dynamodb": images})
    assert (line.get("user_id"), sum(counted)) == ("alice" if images else None, 1)


def test_the_sample_is_read(capsys: Capture) -> None:
    [sample] = json.loads(SAMPLE.read_text())["Records"]
    [line], counted = told(capsys, sample)
    assert counted == [1.0]
    assert line["amount"] == 500
