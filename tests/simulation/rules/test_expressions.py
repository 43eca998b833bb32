"""What DynamoDB's expressions mean where moto can't tell: mixed types, absent attributes, refusals.

Tried on DynamoDB by others: https://github.com/scylladb/scylladb, test/alternator/test_condition_expression.py and
test_update_expression.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulation.stores.attributes import kept
from tests.simulation.stores.plans import plan
from tests.simulation.stores.refusals import Invalid, NotSimulated, Unfit

ITEM: dict[str, Any] = {
    "text": {"S": "ab"},
    "three": {"N": "3"},
    "null": {"NULL": True},
    "yes": {"BOOL": True},
    "tags": {"SS": ["x", "y"]},
    "list": {"L": [{"N": "1"}, {"S": "a"}]},
    "map": {"M": {"in": {"M": {"deep": {"N": "7"}}}}},
}
NAMES = {f"#{name}": name for name in (*ITEM, "in", "deep", "absent")}


def used(expression: str) -> dict[str, str]:
    return {
        name: text for name, text in NAMES.items() if name in expression.replace("(", " ").replace(".", " ").split()
    }


def holds(expression: str, **values: Any) -> bool:
    given = {f":{name}": value for name, value in values.items()}
    reading = plan(used(expression) or None, condition=expression)
    assert reading.condition is not None
    return reading.condition(ITEM, reading.checked(given or None))


def updated(expression: str, **values: Any) -> dict[str, Any]:
    given = {f":{name}": value for name, value in values.items()}
    reading = plan(used(expression) or None, update=expression)
    assert reading.update is not None
    return reading.update.of(ITEM, reading.checked(given or None))


@pytest.mark.parametrize(
    ("expression", "value", "expected"),
    [
        ("#text = :v", {"N": "3"}, False),
        ("#text <> :v", {"N": "3"}, True),
        ("#text < :v", {"N": "3"}, False),
        ("#text >= :v", {"N": "3"}, False),
        ("#three > :v", {"N": "2.99"}, True),
        ("#three = :v", {"N": "3.0"}, True),
        ("#three < :v", {"N": "10"}, True),
        ("#text < :v", {"S": "ü"}, True),
        ("#null = :v", {"NULL": True}, True),
        ("#absent = :v", {"NULL": True}, False),
        ("#absent <> :v", {"NULL": True}, True),
        ("#absent < :v", {"N": "1"}, False),
        ("#absent IN ( :v )", {"NULL": True}, False),
        ("#tags = :v", {"SS": ["y", "x"]}, True),
        ("#map.#in.#deep = :v", {"N": "7"}, True),
        ("#text.#in = :v", {"N": "7"}, False),
        ("size( #tags ) = :v", {"N": "2"}, True),
        ("size( #absent ) < :v", {"N": "2"}, False),
        ("size( #three ) < :v", {"N": "2"}, False),
        ("contains( #tags , :v )", {"S": "x"}, True),
        ("contains( #text , :v )", {"S": "b"}, True),
        ("contains( #list , :v )", {"S": "a"}, True),
        ("contains( #three , :v )", {"S": "3"}, False),
        ("begins_with( #tags , :v )", {"S": "x"}, False),
        ("attribute_type( #null , :v )", {"S": "NULL"}, True),
        ("attribute_not_exists( #absent ) OR #three > :v AND #three < :v", {"N": "0"}, True),
        ("NOT #three = :v AND #three = :v", {"N": "3"}, False),
        ("#three BETWEEN :v AND :v", {"N": "3"}, True),
    ],
)
def test_a_condition_holds_as_on_dynamodb(expression: str, value: dict[str, Any], expected: bool) -> None:
    assert holds(expression, v=value) is expected


def test_attributes_are_compared_with_each_other() -> None:
    assert holds("#three <> #text")
    assert not holds("#absent = #text")


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("", {}),
        ("#text =", {}),
        ("#text = :v extra", {"v": {"S": "x"}}),
        ("(( #text = :v ))", {"v": {"S": "x"}}),
        ("#text = #text", {}),
        ("#text < :v", {"v": {"BOOL": True}}),
        ("begins_with( #text , :v )", {"v": {"N": "1"}}),
        ("unheard_of( #text )", {}),
        ("#text = :v", {}),
        ("attribute_exists( #text )", {"v": {"S": "idle"}}),
        ("#nobody = :v", {"v": {"S": "x"}}),
        ("#text ! :v", {"v": {"S": "x"}}),
        ("#text IN ( " + ",".join([":v"] * 101) + " )", {"v": {"S": "x"}}),
        ("#text = :v OR " * 400 + "#text = :v", {"v": {"S": "x"}}),
    ],
)
def test_an_expression_that_dynamodb_refuses_is_refused(expression: str, values: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        holds(expression, **values)


def test_names_that_nothing_uses_are_refused() -> None:
    with pytest.raises(Invalid):
        plan({"#text": "text", "#idle": "idle"}, condition="attribute_exists( #text )")


@pytest.mark.parametrize("expression", ["user = :v", "#list[0] = :v"])
def test_what_the_parser_does_not_know_is_said_aloud(expression: str) -> None:
    """`user` is one of the 573 reserved words: nobody here knows which ones they are."""
    with pytest.raises(NotSimulated):
        holds(expression, v={"S": "x"})


def test_an_update_reads_the_item_as_it_was_before() -> None:
    after = updated("SET #three = #three + :one, #absent = #three REMOVE #text", one={"N": "1"})
    assert (after["three"], after["absent"], "text" in after) == ({"N": "4"}, {"N": "3"}, False)
    assert ITEM["three"] == {"N": "3"}
    assert "text" in ITEM


@pytest.mark.parametrize(
    ("expression", "value", "name", "expected"),
    [
        ("ADD #tags :v", {"SS": ["y", "z"]}, "tags", {"SS": ["x", "y", "z"]}),
        ("ADD #absent :v", {"SS": ["z"]}, "absent", {"SS": ["z"]}),
        ("ADD #three :v", {"N": "-3"}, "three", {"N": "0"}),
        ("DELETE #tags :v", {"SS": ["x", "nobody"]}, "tags", {"SS": ["y"]}),
        ("DELETE #tags :v", {"SS": ["x", "y"]}, "tags", None),
        ("DELETE #absent :v", {"SS": ["x"]}, "absent", None),
        ("SET #absent = if_not_exists( #absent , :v )", {"N": "1"}, "absent", {"N": "1"}),
        ("SET #three = if_not_exists( #three , :v )", {"N": "1"}, "three", {"N": "3"}),
        ("SET #list = list_append( :v , #list )", {"L": [{"N": "0"}]}, "list", {"L": [{"N": "0"}, *ITEM["list"]["L"]]}),
        ("SET #map.#absent = :v", {"N": "1"}, "map", {"M": {**ITEM["map"]["M"], "absent": {"N": "1"}}}),
        ("set #three = :v", {"N": "1"}, "three", {"N": "1"}),
    ],
)
def test_an_update_changes_one_attribute(expression: str, value: dict[str, Any], name: str, expected: Any) -> None:
    assert updated(expression, v=value) == {**{key: held for key, held in ITEM.items() if key != name}} | (
        {name: expected} if expected is not None else {}
    )


def test_a_nested_attribute_is_taken_out_alone() -> None:
    assert updated("REMOVE #map.#in.#deep")["map"] == {"M": {"in": {"M": {}}}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("ADD #text :v", {"N": "1"}),
        ("ADD #three :v", {"SS": ["x"]}),
        ("ADD #three :v", {"N": "1E125"}),
        ("DELETE #text :v", {"SS": ["x"]}),
        ("SET #absent = #text + :v", {"N": "1"}),
        ("SET #text.#in = :v", {"N": "1"}),
        ("SET #list = list_append( #text , :v )", {"L": []}),
    ],
)
def test_an_update_that_does_not_fit_the_item_is_refused(expression: str, value: dict[str, Any]) -> None:
    with pytest.raises(Unfit):
        updated(expression, v=value)


@pytest.mark.parametrize("expression", ["SET #text = #absent", "REMOVE #text.#in"])
def test_a_path_that_leads_nowhere_is_refused(expression: str) -> None:
    with pytest.raises(Unfit):
        updated(expression)


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("SET #text = :v, #text = :v", {"v": {"S": "x"}}),
        ("SET #map.#in = :v REMOVE #map", {"v": {"S": "x"}}),
        ("SET #text = :v SET #three = :v", {"v": {"S": "x"}}),
        ("ADD #absent :v", {"v": {"S": "x"}}),
        ("DELETE #tags :v", {"v": {"N": "1"}}),
        ("PUT #text :v", {"v": {"S": "x"}}),
    ],
)
def test_an_update_that_dynamodb_refuses_is_refused(expression: str, values: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        updated(expression, **values)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"N": "007"}, {"N": "7"}),
        ({"N": "-0"}, {"N": "0"}),
        ({"N": "1.50"}, {"N": "1.5"}),
        ({"N": "1e3"}, {"N": "1000"}),
        ({"N": "+2"}, {"N": "2"}),
        ({"N": ".5"}, {"N": "0.5"}),
        ({"N": "1" * 38}, {"N": "1" * 38}),
        ({"SS": ["b", "a"]}, {"SS": ["a", "b"]}),
        ({"NS": ["10", "9.0"]}, {"NS": ["9", "10"]}),
        ({"L": [{"M": {"x": {"N": "01"}}}]}, {"L": [{"M": {"x": {"N": "1"}}}]}),
    ],
)
def test_there_is_one_way_to_write_a_value(given: dict[str, Any], stored: dict[str, Any]) -> None:
    assert kept({"a": given})[0] == {"a": stored}


def nested(levels: int) -> dict[str, Any]:
    return {"M": {"x": nested(levels - 1)}} if levels else {"S": "end"}


@pytest.mark.parametrize(
    "attribute",
    [
        {"N": "one"},
        {"N": "1" * 39},
        {"N": "1E126"},
        {"N": "1E-131"},
        {"N": ""},
        {"SS": []},
        {"SS": ["a", "a"]},
        {"NS": ["1", "1.0"]},
        {"NULL": False},
        {},
        {"S": "a", "N": "1"},
        nested(32),
    ],
)
def test_what_is_no_attribute_is_refused(attribute: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        kept({"a": attribute})


def test_an_item_weighs_its_names_and_values() -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    assert kept({"ab": {"S": "ü"}})[1] == 4
    assert kept({"a": {"NULL": True}, "b": {"L": [{"S": "x"}]}, "c": {"M": {"d": {"BOOL": True}}}})[1] == 2 + 6 + 7
