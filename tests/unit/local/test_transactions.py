"""The fast transaction against moto's own, on the same operations (`system.md`, "The laptop")."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.dynamodb.models import DynamoDBBackend

from local.aws import transactions

STOCK = DynamoDBBackend.transact_write_items


def make_backend() -> DynamoDBBackend:
    backend = DynamoDBBackend("us-east-1", "123456789012")
    for name, keys in (("simple", ["pk"]), ("ranged", ["pk", "sk"])):
        backend.create_table(
            name,
            schema=[{"AttributeName": k, "KeyType": t} for k, t in zip(keys, ("HASH", "RANGE"), strict=False)],
            attr=[{"AttributeName": k, "AttributeType": "S"} for k in keys],
            throughput=None,
            indexes=[],
            global_indexes=[],
            streams={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            billing_mode="PAY_PER_REQUEST",
            sse_specification=None,
            tags=[],
            deletion_protection_enabled=False,
            warm_throughput=None,
        )
    return backend


def contents(backend: DynamoDBBackend) -> Any:
    """Every item and every stream record; empty partitions are left out, since nobody can see them."""
    found: dict[str, Any] = {}
    for name, table in backend.tables.items():
        items = [item.to_json() for item in table.all_items()]
        found[name] = sorted(json.dumps(item, sort_keys=True) for item in items)
        shard = table.stream_shard
        assert shard is not None
        found[f"{name} stream"] = [record.to_json()["eventName"] for record in shard.items]
    return found


KEYS = st.sampled_from(["a", "b", "c"])


@st.composite
def operations(draw: st.DrawFn) -> dict[str, Any]:
    table = draw(st.sampled_from(["simple", "ranged"]))
    key = {"pk": {"S": draw(KEYS)}}
    if table == "ranged":
        key["sk"] = {"S": draw(KEYS)}
    kind = draw(st.sampled_from(["Put", "Update", "Delete", "ConditionCheck"]))
    operation: dict[str, Any] = {"TableName": table}
    condition = draw(st.sampled_from([None, "attribute_exists(pk)", "attribute_not_exists(pk)", "n > :limit"]))
    if kind == "ConditionCheck" and condition is None:
        condition = "attribute_exists(pk)"
    values: dict[str, Any] = {}
    if kind == "Put":
        operation["Item"] = {**key, "n": {"N": str(draw(st.integers(0, 9)))}}
    else:
        operation["Key"] = key
    if kind == "Update":
        operation["UpdateExpression"] = draw(st.sampled_from(["ADD n :one", "SET m = :one", "SET m = missing + :one"]))
        values[":one"] = {"N": "1"}
    if condition is not None:
        operation["ConditionExpression"] = condition
        if ":limit" in condition:
            values[":limit"] = {"N": "4"}
    if values:
        operation["ExpressionAttributeValues"] = values
    return {kind: operation}


def outcome(backend: DynamoDBBackend, method: Any, items: list[dict[str, Any]]) -> str:
    try:
        method(backend, copy.deepcopy(items))
    except Exception as exc:  # noqa: BLE001 - whatever moto raises must be the same on both sides
        return f"{type(exc).__name__}: {exc}"
    return "done"


@settings(max_examples=200)
@given(st.lists(st.lists(operations(), min_size=1, max_size=4), min_size=1, max_size=6))
def test_transactions_come_to_the_same_as_with_stock_moto(batches: list[list[dict[str, Any]]]) -> None:
    stock, fast = make_backend(), make_backend()
    for items in batches:
        assert outcome(fast, transactions._transact_write_items, items) == outcome(stock, STOCK, items)
        assert contents(fast) == contents(stock)


def test_a_failed_transaction_leaves_nothing_behind() -> None:
    backend = make_backend()
    items = [
        {"Put": {"TableName": "ranged", "Item": {"pk": {"S": "new"}, "sk": {"S": "1"}}}},
        {
            "ConditionCheck": {
                "TableName": "simple",
                "Key": {"pk": {"S": "absent"}},
                "ConditionExpression": "attribute_exists(pk)",
            }
        },
    ]
    before = contents(backend)
    assert "ConditionalCheckFailed" in outcome(backend, transactions._transact_write_items, items)
    assert contents(backend) == before


def test_no_table_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """The point of it: the time does not grow with the table."""
    from moto.dynamodb.models.table import Table

    def refuse(table: Table, memo: Any) -> Table:
        raise AssertionError("a table was copied")

    backend = make_backend()
    monkeypatch.setattr(Table, "__deepcopy__", refuse, raising=False)
    items = [{"Put": {"TableName": "simple", "Item": {"pk": {"S": "x"}}}}]
    with pytest.raises(AssertionError):
        STOCK(backend, items)
    monkeypatch.undo()
    transactions._transact_write_items(backend, items)
    assert not hasattr(Table, "__deepcopy__")
