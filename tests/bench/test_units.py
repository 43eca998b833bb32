"""Units of DynamoDB, by its rules."""

from typing import Any

import pytest

from tests.bench.units import Item, index_units, query_units, read_units, size, write_units

DUE = (("due_shard", "due_at"),)


def item(length: int) -> Item:
    """Of so many bytes in all."""
    return {"pk": {"S": "x" * (length - 2)}}


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ({"S": "é"}, 2),
        ({"N": "0"}, 1),
        ({"N": "-1200"}, 2),  # zeros at the end are no digits
        ({"N": "1234567"}, 5),
        ({"BOOL": False}, 1),
        ({"NULL": True}, 1),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"BOOL": True}]}, 3 + 2 + 2 + 1),
        ({"M": {"ab": {"S": "c"}}}, 3 + 1 + 2 + 1),
        ({"SS": ["a", "bc"]}, 3),
    ],
)
def test_the_size_of_an_item_is_counted_as_dynamodb_counts_it(value: Any, length: int) -> None:
    assert size({"name": value}) == len("name") + length


def test_a_write_costs_by_the_larger_of_before_and_after() -> None:
    assert write_units(None, item(1024)) == 1
    assert write_units(item(1025), item(10)) == 2
    assert write_units(item(10), item(3000)) == 3
    assert write_units(None, None) == 1, "a refused one, of what is not there"


def test_reads_of_single_items_are_rounded_each_and_a_query_once() -> None:
    assert read_units([item(4096), item(1), None], consistent=True) == 3
    assert read_units([item(4097)], consistent=False) == 1
    assert query_units([item(3000), item(1000)], consistent=True) == 1
    assert query_units([], consistent=True) == 1


def test_an_index_costs_where_its_entry_changes() -> None:
    there: Item = {"due_shard": {"S": "1"}, "due_at": {"S": "2026"}, "other": {"S": "a"}}
    assert index_units(None, there, DUE) == 1
    assert index_units(there, {**there, "other": {"S": "b"}}, DUE) == 0
    assert index_units(there, {**there, "due_at": {"S": "2027"}}, DUE) == 2
    assert index_units(there, {"due_shard": {"S": "1"}}, DUE) == 1, "without one of its keys it is not in it"
