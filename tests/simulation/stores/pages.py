"""Queries and scans, page by page.

A page ends after `Limit` items that were looked at, or before the one with which it would weigh more than 1 MB; a
filter comes afterwards. Where `Limit` ended it there is a key to go on from even if nothing follows
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.simulation.stores.attributes import Attributes
from tests.simulation.stores.plans import KeyCondition, Plan, plan
from tests.simulation.stores.refusals import Invalid, NotSimulated
from tests.simulation.stores.tables import Chances, Index, Key, Row, Table, scan_order
from tests.simulation.stores.tokens import Values

type Show = Callable[[Row, tuple[str, ...] | None], Attributes]

_LARGEST = 1024 * 1024
_BOTH = {"TableName", "ExpressionAttributeNames", "ExpressionAttributeValues", "FilterExpression", "Limit"}
_READ = {*_BOTH, "ProjectionExpression", "ExclusiveStartKey", "ConsistentRead"}
_SCAN = frozenset(_READ)
_QUERY = frozenset({*_READ, "KeyConditionExpression", "IndexName", "ScanIndexForward"})
_WRONG_START = "The provided starting key is invalid"
_FITS: dict[str, Callable[[str, tuple[str, ...]], bool]] = {
    "=": lambda text, given: text == given[0],
    "<": lambda text, given: text < given[0],
    "<=": lambda text, given: text <= given[0],
    ">": lambda text, given: text > given[0],
    ">=": lambda text, given: text >= given[0],
    "BETWEEN": lambda text, given: given[0] <= text <= given[1],
    "begins_with": lambda text, given: text.startswith(given[0]),
}


def scan(table: Table, request: Mapping[str, Any], chances: Chances, show: Show) -> dict[str, Any]:
    """One page of a table. Raises Invalid or Unfit."""
    reading, values = _read(request, _SCAN, "scan")
    keys = table.everything()
    if (start := request.get("ExclusiveStartKey")) is not None:
        after = scan_order(table.key(start, exact=True))
        keys = [key for key in keys if scan_order(key) > after]
    stale = not request.get("ConsistentRead") and chances.stale()
    return _page(request, [(key, table.row(key, stale=stale)) for key in keys], reading, values, table.named, show)


def query(table: Table, request: Mapping[str, Any], chances: Chances, show: Show) -> dict[str, Any]:
    """One page of a partition of a table, or of an index. Raises Invalid or Unfit."""
    reading, values = _read(request, _QUERY, "query")
    if reading.key is None:
        raise Invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
    backwards = request.get("ScanIndexForward", True) is False
    if (name := request.get("IndexName")) is not None:
        return _of_index(table, name, request, reading, values, chances, show, backwards=backwards)
    first, fits = _wanted(reading.key, table.hash, table.range, values)
    places = [(second, key) for second, key in table.partition(first) if fits(second)]
    if (start := request.get("ExclusiveStartKey")) is not None:
        begun = table.key(start, exact=True)
        if table.range is None or begun[0] != first:
            raise Invalid(_WRONG_START)
        places = [place for place in places if (place[0] < begun[1] if backwards else place[0] > begun[1])]
    if backwards:
        places.reverse()
    stale = not request.get("ConsistentRead") and chances.stale()
    rows = [(key, table.row(key, stale=stale)) for _, key in places]
    return _page(request, rows, reading, values, table.named, show)


def _of_index(
    table: Table,
    name: str,
    request: Mapping[str, Any],
    reading: Plan,
    values: Values,
    chances: Chances,
    show: Show,
    *,
    backwards: bool,
) -> dict[str, Any]:
    index = table.indexes.get(name)
    if index is None:
        raise Invalid(f"The table does not have the specified index: {name}")
    if request.get("ConsistentRead"):
        raise Invalid("Consistent reads are not supported on global secondary indexes")
    assert reading.key is not None
    index.hear(chances.lags)
    first, fits = _wanted(reading.key, index.hash, index.range, values)
    places = [(place[1], key) for key, place in index.places.items() if place[0] == first and fits(place[1])]
    places.sort(reverse=backwards)
    if (start := request.get("ExclusiveStartKey")) is not None:
        begun = _start_in(index, table, start)
        places = [place for place in places if (place < begun if backwards else place > begun)]

    def named(key: Key) -> Attributes:
        one, other = index.places[key]
        return {**table.named(key), index.hash: {"S": one}, index.range or "": {"S": other}}

    rows = [(key, Row(named(key), 100)) for _, key in places]
    return _page(request, rows, reading, values, named, lambda row, wanted: _only(row.item, wanted))


def _start_in(index: Index, table: Table, start: Attributes) -> tuple[str, Key]:
    own = {name: start[name] for name in table.keys if name in start}
    place = index.place(start)
    if place is None or len(start) != len(table.keys) + 2:
        raise Invalid(_WRONG_START)
    return place[1], table.key(own, exact=True)


def _only(item: Attributes, wanted: tuple[str, ...] | None) -> Attributes:
    return item if wanted is None else {name: item[name] for name in wanted if name in item}


def _read(request: Mapping[str, Any], known: frozenset[str], call: str) -> tuple[Plan, Values]:
    if not request.keys() <= known:
        raise NotSimulated(f"{call} with {request.keys() - known}")
    reading = plan(
        request.get("ExpressionAttributeNames"),
        filter=request.get("FilterExpression"),
        key=request.get("KeyConditionExpression"),
        projection=request.get("ProjectionExpression"),
    )
    if request.get("Limit", 1) < 1:
        raise Invalid(
            "Value at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
        )
    return reading, reading.checked(request.get("ExpressionAttributeValues"))


def _wanted(key: KeyCondition, first: str, second: str | None, values: Values) -> tuple[str, Callable[[str], bool]]:
    """The partition that a query names, and whether a range key is one that it wants."""
    (name, value), rest = key.hash, key.range
    if rest is not None and rest[1] == "=" and name == second:  # both are exact: either may stand first
        (name, value), rest = (rest[0], rest[2][0]), (name, "=", (value,))
    if name != first or (rest is not None and rest[0] != second):
        raise Invalid(f"Query condition missed key schema element: {first if name != first else second}")
    found = _text(values[value], name)
    if rest is None:
        return found, lambda text: True
    fits, given = _FITS[rest[1]], tuple(_text(values[each], rest[0]) for each in rest[2])
    return found, lambda text: fits(text, given)


def _text(attribute: Mapping[str, Any], name: str) -> str:
    text: str | None = attribute.get("S")
    if text is None:
        raise Invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
    if not text:
        raise Invalid(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            f"empty string value. Key: {name}"
        )
    return text


def _page(
    request: Mapping[str, Any],
    rows: Sequence[tuple[Key, Row | None]],
    reading: Plan,
    values: Values,
    named: Callable[[Key], Attributes],
    show: Show,
) -> dict[str, Any]:
    limit, weight, looked = request.get("Limit"), 0, 0
    items: list[Attributes] = []
    last: Key | None = None
    more = False
    for key, row in rows:
        if row is None:  # a stale read sees it as not yet written
            continue
        weight += row.weight
        if looked == limit or (weight > _LARGEST and looked):
            more = True
            break
        looked += 1
        last = key
        if reading.filter is None or reading.filter(row.item, values):
            items.append(show(row, reading.shown))
    answer: dict[str, Any] = {"Items": items, "Count": len(items), "ScannedCount": looked}
    if last is not None and (more or looked == limit):
        answer["LastEvaluatedKey"] = named(last)
    return answer
