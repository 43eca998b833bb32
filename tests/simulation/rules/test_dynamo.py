"""The rules of DynamoDB's calls that moto does not keep, or leaves no choice in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tests.modelled import modelled
from tests.simulation.differential.requests import ACCOUNTS, DEFINITIONS, LEDGER
from tests.simulation.stores import refusals
from tests.simulation.stores.dynamo import Dynamo
from tests.simulation.stores.refusals import NotSimulated

NEW = {"ConditionExpression": "attribute_not_exists( #pk )", "ExpressionAttributeNames": {"#pk": "pk"}}


def item(key: str = "a", **more: Any) -> dict[str, Any]:
    return {"pk": {"S": key}, **more}


def put(key: str = "a", **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": ACCOUNTS, "Item": item(key), **more}}


def code(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


def read(db: Dynamo, key: str = "a", **more: Any) -> dict[str, Any] | None:
    found: dict[str, Any] | None = db.get_item(TableName=ACCOUNTS, Key={"pk": {"S": key}}, **more).get("Item")
    return found


@pytest.fixture
def db() -> Dynamo:
    return Dynamo(DEFINITIONS, {ACCOUNTS: "ends"}, guard=True)


def reasons(db: Dynamo, *items: dict[str, Any]) -> list[str]:
    with pytest.raises(ClientError) as raised:
        db.transact_write_items(TransactItems=list(items))
    assert raised.value.response["Error"]["Code"] == "TransactionCanceledException"
    given: Any = raised.value.response
    return [reason["Code"] for reason in given["CancellationReasons"]]


def test_reasons_stand_at_the_index_of_their_item_and_nothing_is_written(db: Dynamo) -> None:
    db.put_item(TableName=ACCOUNTS, Item=item("there"))
    assert reasons(db, put("new"), put("there", **NEW), put("other", **NEW)) == [
        "None",
        "ConditionalCheckFailed",
        "None",
    ]
    assert read(db, "new", ConsistentRead=True) is None


@pytest.mark.parametrize(
    "items",
    [
        [],
        [put(str(number)) for number in range(101)],
        [put("a"), {"Delete": {"TableName": ACCOUNTS, "Key": item("a")}}],
        [{"ConditionCheck": {"TableName": ACCOUNTS, "Key": item()}}],
        [{"Put": {"TableName": ACCOUNTS, "Item": item(str(number), big={"S": "x" * 409_000})}} for number in range(11)],
        [put("a", ConditionExpression="")],
        [{**put("a"), "Delete": {"TableName": ACCOUNTS, "Key": item("b")}}],
    ],
    ids=[
        "none",
        "over a hundred",
        "two on one item",
        "a check of nothing",
        "over 4 MB",
        "empty condition",
        "two in one",
    ],
)
def test_a_transaction_that_is_none_is_refused_as_a_whole(db: Dynamo, items: list[dict[str, Any]]) -> None:
    assert code(lambda: db.transact_write_items(TransactItems=items)) == "ValidationException"


@pytest.mark.parametrize(
    "written",
    [
        item(big={"S": "x" * 409_600}),
        item(""),
        item("k" * 2049),
        {"pk": {"N": "1"}},
        {"other": {"S": "x"}},
        item(due={"N": "1"}, shard={"S": "0"}),
        item(due={"S": "x"}, shard={"S": ""}),
    ],
    ids=["over 400 KB", "empty key", "long key", "number", "no key", "index key of a number", "empty index key"],
)
def test_an_item_that_a_table_does_not_take(db: Dynamo, written: dict[str, Any]) -> None:
    assert code(lambda: db.put_item(TableName=ACCOUNTS, Item=written)) == "ValidationException"
    assert reasons(db, put("b"), {"Put": {"TableName": ACCOUNTS, "Item": written}}) == ["None", "ValidationError"]


def test_an_item_of_400_kb_is_taken(db: Dynamo) -> None:
    db.put_item(TableName=ACCOUNTS, Item=item(big={"S": "x" * (409_600 - len("pk") - len("a") - len("big"))}))


def keys(*names: str) -> dict[str, Any]:
    return {"RequestItems": {ACCOUNTS: {"Keys": [{"pk": {"S": name}} for name in names], "ConsistentRead": True}}}


@pytest.mark.parametrize("names", [["a", "a"], [str(number) for number in range(101)], [], [""]])
def test_a_batch_has_up_to_a_hundred_different_keys(db: Dynamo, names: list[str]) -> None:
    assert code(lambda: db.batch_get_item(**keys(*names))) == "ValidationException"


def test_a_key_has_nothing_but_the_key(db: Dynamo) -> None:
    assert code(lambda: db.get_item(TableName=ACCOUNTS, Key=item(more={"S": "x"}))) == "ValidationException"
    assert code(lambda: db.get_item(TableName=LEDGER, Key={"user": {"S": "u"}})) == "ValidationException"
    assert code(lambda: db.get_item(TableName="nobody", Key=item())) == "ResourceNotFoundException"


def test_a_key_is_never_updated(db: Dynamo) -> None:
    change = {"UpdateExpression": "REMOVE #pk", "ExpressionAttributeNames": {"#pk": "pk"}}
    assert code(lambda: db.update_item(TableName=ACCOUNTS, Key=item(), **change)) == "ValidationException"


@pytest.mark.parametrize("clause", ["REMOVE #a", "REMOVE #a.#pk", "DELETE #a :v"])
def test_taking_away_from_no_item_makes_none(db: Dynamo, clause: str) -> None:
    """https://github.com/scylladb/scylladb/issues/5862, tried on DynamoDB."""
    names = {name: name[1:] for name in ("#a", "#pk") if name in clause}
    values = {"ExpressionAttributeValues": {":v": {"SS": ["x"]}}} if ":v" in clause else {}
    change = {"UpdateExpression": clause, "ExpressionAttributeNames": names, **values}
    db.update_item(TableName=ACCOUNTS, Key=item(), **change)
    assert read(db, ConsistentRead=True) is None


@pytest.mark.parametrize("attribute", [{"S": 5}, {"N": 5}, {"L": "x"}, "text", {"SS": [1]}, {"new kind": "x"}])
def test_what_the_sdk_does_not_send_is_refused_as_the_sdk_refuses_it(db: Dynamo, attribute: Any) -> None:
    with pytest.raises(ParamValidationError):
        db.put_item(TableName=ACCOUNTS, Item=item(a=attribute))


@pytest.mark.parametrize(
    "call",
    [
        lambda db: db.get_item(TableName=ACCOUNTS, Key=item(), AttributesToGet=["a"]),
        lambda db: db.put_item(TableName=ACCOUNTS, Item=item(), ReturnValues="ALL_OLD"),
        lambda db: db.query(TableName=LEDGER, Select="COUNT"),
        lambda db: db.transact_write_items(TransactItems=[put()], ClientRequestToken="x"),
        lambda db: db.get_paginator("list_tables"),
    ],
)
def test_a_parameter_that_is_not_known_is_said_aloud(db: Dynamo, call: Callable[[Dynamo], Any]) -> None:
    with pytest.raises(NotSimulated):
        call(db)


# ------------------------------------------------------------------------------------------- what a scheduler decides


class Late:
    """Everything that may be late is, until told otherwise."""

    late = True
    left = 0

    def lags(self) -> bool:
        return self.late

    def stale(self) -> bool:
        return self.late

    def unprocessed(self, keys: int) -> int:
        return self.left


def due(db: Dynamo) -> list[str]:
    found = db.query(
        TableName=ACCOUNTS,
        IndexName="due",
        KeyConditionExpression="#shard = :shard AND #due <= :until",
        ExpressionAttributeNames={"#shard": "shard", "#due": "due"},
        ExpressionAttributeValues={":shard": {"S": "0"}, ":until": {"S": "9"}},
    )["Items"]
    assert all(each.keys() == {"pk", "shard", "due"} for each in found)
    return [each["pk"]["S"] for each in found]


def test_an_index_hears_of_writes_late_and_never_takes_them_back(db: Dynamo) -> None:
    late = Late()
    db.chances = late
    db.put_item(TableName=ACCOUNTS, Item=item(shard={"S": "0"}, due={"S": "1"}))
    assert due(db) == []
    late.late = False
    assert due(db) == ["a"]
    late.late = True
    db.delete_item(TableName=ACCOUNTS, Key=item())
    assert due(db) == ["a"]
    db.settle()
    assert due(db) == []


def test_an_index_is_never_read_consistently(db: Dynamo) -> None:
    request = {"KeyConditionExpression": "#s = :s", "ExpressionAttributeNames": {"#s": "shard"}}
    values = {"ExpressionAttributeValues": {":s": {"S": "0"}}}
    ask = partial(db.query, TableName=ACCOUNTS, IndexName="due", ConsistentRead=True, **request, **values)
    assert code(ask) == "ValidationException"


def test_only_a_consistent_read_must_see_the_last_write(db: Dynamo) -> None:
    db.chances = Late()
    for version in "12":
        db.put_item(TableName=ACCOUNTS, Item=item(version={"N": version}))
    assert read(db, ConsistentRead=True) == item(version={"N": "2"})
    assert read(db) == item(version={"N": "1"})
    assert db.scan(TableName=ACCOUNTS)["Items"] == [item(version={"N": "1"})]
    db.settle()
    assert read(db) == item(version={"N": "2"})


def test_keys_of_a_batch_are_left_unprocessed(db: Dynamo) -> None:
    for name in "abc":
        db.put_item(TableName=ACCOUNTS, Item=item(name))
    late = Late()
    late.left = 2
    db.chances = late
    answer = db.batch_get_item(**keys("a", "b", "c"))
    assert answer["Responses"] == {ACCOUNTS: [item("a")]}
    assert answer["UnprocessedKeys"] == keys("b", "c")["RequestItems"]


def test_an_item_whose_time_is_over_stays_until_it_is_taken_away(db: Dynamo) -> None:
    for name, ends in (("a", "100"), ("b", "200"), ("c", "100")):
        db.put_item(TableName=ACCOUNTS, Item=item(name, ends={"N": ends}))
    assert read(db, ConsistentRead=True) is not None
    assert db.expire(150, lambda table, key: key == "a") == 1
    assert sorted(each["pk"]["S"] for each in db.items(ACCOUNTS)) == ["b", "c"]


# -------------------------------------------------------------------------------------------------------------- pages


def test_a_page_weighs_a_megabyte_and_the_paginator_walks_over_all(db: Dynamo) -> None:
    for number in range(6):
        entry = {"user": {"S": "u"}, "entry": {"S": str(number)}, "big": {"S": "x" * 300_000}}
        db.put_item(TableName=LEDGER, Item=entry)
    pages = list(db.get_paginator("scan").paginate(TableName=LEDGER, ConsistentRead=True))
    assert [page["Count"] for page in pages] == [3, 3]
    assert [each["entry"]["S"] for page in pages for each in page["Items"]] == list("012345")


# -------------------------------------------------------------------------------------------------------------- guard


def test_what_was_stored_is_nobodys_to_change(db: Dynamo) -> None:
    db.put_item(TableName=ACCOUNTS, Item=item(list={"L": []}))
    found = read(db, ConsistentRead=True)
    assert found is not None
    found["more"] = {"S": "only in this copy"}
    assert read(db, ConsistentRead=True) == item(list={"L": []})
    found["list"]["L"].append({"S": "in the store"})
    with pytest.raises(AssertionError, match="in place"):
        read(db, ConsistentRead=True)


def test_faults_are_shaped_as_the_services_errors() -> None:
    conflict: Any = refusals.conflict(3, 1).response
    assert [each["Code"] for each in conflict["CancellationReasons"]] == ["None", "TransactionConflict", "None"]
    assert refusals.throttled("GetItem").response["Error"]["Code"] == "ThrottlingException"
    assert refusals.broken("PutItem").response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_the_tables_of_the_template_are_known() -> None:
    """A key that is no text, or an index of more than keys, would be refused here."""
    tables = modelled().tables
    assert len(Dynamo([table.definition for table in tables.values()]).tables) == len(tables)
