"""Tables and their indexes: rows by key, in the order that DynamoDB has, and what of them is seen late."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol
from zlib import crc32

from tests.simulation.stores.attributes import Attributes
from tests.simulation.stores.refusals import NotSimulated, Unfit

type Key = str | tuple[str, str]
type Place = tuple[str, str]
"""Where an item stands in an index: its partition there, and its range."""

LARGEST_ITEM = 400 * 1024
_LONGEST = {"HASH": 2048, "RANGE": 1024}
_BROKEN = "One or more parameter values were invalid: "


class Row:
    """One version of an item. Never changed: a write puts another row in its place."""

    __slots__ = ("image", "item", "weight")

    def __init__(self, item: Attributes, weight: int) -> None:
        self.item = item
        self.weight = weight
        self.image: bytes | None = None


class Chances(Protocol):
    """What DynamoDB leaves open, and a scheduler decides."""

    def lags(self) -> bool:
        """Whether an index has not heard of a write yet."""

    def stale(self) -> bool:
        """Whether a read that did not ask for consistency sees the versions before the last."""

    def unprocessed(self, keys: int) -> int:
        """How many of so many keys of a batch are left for another call."""


class Settled:
    """A table that nobody else uses: nothing is late."""

    def lags(self) -> bool:
        return False

    def stale(self) -> bool:
        return False

    def unprocessed(self, keys: int) -> int:
        return 0


class Index:
    """A global secondary index of keys only; it hears of writes late."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.name: str = definition["IndexName"]
        self.hash, self.range = _schema(definition["KeySchema"])
        if definition["Projection"] != {"ProjectionType": "KEYS_ONLY"} or self.range is None:
            raise NotSimulated(f"an index that holds more than keys, or is of one key: {self.name}")
        self.places: dict[Key, Place] = {}
        self.late: dict[Key, Place | None] = {}

    def place(self, item: Attributes) -> Place | None:
        """Where the item belongs, None for nowhere. Raises Unfit for keys that no index takes."""
        assert self.range is not None
        first, second = item.get(self.hash), item.get(self.range)
        if first is None or second is None:
            for name, found in ((self.hash, first), (self.range, second)):
                if found is not None:
                    self._text(name, found)
            return None
        return self._text(self.hash, first), self._text(self.range, second)

    def _text(self, name: str, attribute: Mapping[str, Any]) -> str:
        text: str | None = attribute.get("S")
        if text is None:
            raise Unfit(
                f"{_BROKEN}Type mismatch for Index Key {name} Expected: S Actual: {next(iter(attribute))} "
                f"IndexName: {self.name}"
            )
        if not text:
            raise Unfit(
                "One or more parameter values are not valid. A value specified for a secondary index key is not "
                f"supported. The AttributeValue for a key attribute cannot contain an empty string value. "
                f"IndexName: {self.name}, IndexKey: {name}"
            )
        return text

    def hear(self, lags: Callable[[], bool]) -> None:
        """Take in what was written, except where it lags."""
        for key in [key for key in self.late if not lags()]:
            place = self.late.pop(key)
            if place is None:
                self.places.pop(key, None)
            else:
                self.places[key] = place


class Table:
    """Rows under keys of text; `ranges` has the sorted range keys of each partition."""

    def __init__(self, definition: Mapping[str, Any], expires: str | None = None) -> None:
        self.name: str = definition["TableName"]
        self.hash, self.range = _schema(definition["KeySchema"])
        self.keys = frozenset({self.hash} if self.range is None else {self.hash, self.range})
        self.indexes = {each["IndexName"]: Index(each) for each in definition.get("GlobalSecondaryIndexes", ())}
        kinds = {each["AttributeName"]: each["AttributeType"] for each in definition["AttributeDefinitions"]}
        if set(kinds.values()) != {"S"}:
            raise NotSimulated(f"keys that are no text, of the table {self.name}")
        self.expires = expires
        """The attribute of the time to live."""
        self.rows: dict[Key, Row] = {}
        self.before: dict[Key, Row | None] = {}
        """What a stale read sees of the items that were written since the tables last settled."""
        self.ranges: dict[str, list[str]] = {}

    def key(self, values: Attributes, *, exact: bool = False) -> Key:
        """The key in these attributes, which `exact` must be nothing else. Raises Unfit."""
        if exact and values.keys() != self.keys:
            raise Unfit("The provided key element does not match the schema")
        first = self._text(values, self.hash, "HASH", exact)
        return first if self.range is None else (first, self._text(values, self.range, "RANGE", exact))

    def _text(self, values: Attributes, name: str, role: str, exact: bool) -> str:
        attribute = values.get(name)
        text: str | None = attribute.get("S") if attribute is not None else None
        if text is None:
            raise self._no_key(attribute, name, exact)
        longest = _LONGEST[role]
        if text and (len(text) <= longest // 4 or len(text.encode()) <= longest):
            return text
        if not text:
            raise Unfit(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                f"empty string value. Key: {name}"
            )
        kind = "hashkey" if role == "HASH" else "rangekey"
        raise Unfit(f"{_BROKEN}Size of {kind} has exceeded the maximum size limit of{longest} bytes")

    def _no_key(self, attribute: Mapping[str, Any] | None, name: str, exact: bool) -> Unfit:
        if exact:
            return Unfit("The provided key element does not match the schema")
        if attribute is None:
            return Unfit(f"{_BROKEN}Missing the key {name} in the item")
        return Unfit(f"{_BROKEN}Type mismatch for key {name} expected: S actual: {next(iter(attribute))}")

    def fits(self, item: Attributes, weight: int) -> None:
        """Raise Unfit for an item that the table, or an index of it, does not take."""
        if weight > LARGEST_ITEM:
            raise Unfit("Item size has exceeded the maximum allowed size")
        for index in self.indexes.values():
            index.place(item)

    def write(self, key: Key, row: Row | None) -> None:
        """Put a row in the place of what was there; None takes it away."""
        old = self.rows.get(key)
        self.before[key] = old
        if self.range is not None and (old is None) is not (row is None):
            self._list(key, there=row is not None)
        if row is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = row
        for index in self.indexes.values():
            place = index.place(row.item) if row is not None else None
            if key in index.late or index.places.get(key) != place:
                index.late[key] = place

    def _list(self, key: Key, *, there: bool) -> None:
        assert isinstance(key, tuple)
        first, second = key
        listed = self.ranges.setdefault(first, [])
        if there:
            insort(listed, second)
        else:
            del listed[bisect_left(listed, second)]

    def row(self, key: Key, *, stale: bool) -> Row | None:
        """The row under a key."""
        return self.before[key] if stale and key in self.before else self.rows.get(key)

    def partition(self, first: str) -> list[tuple[str, Key]]:
        """The range keys and keys of a partition, in order; an empty range where the table has none."""
        if self.range is None:
            return [("", first)]
        return [(second, (first, second)) for second in self.ranges.get(first, ())]

    def everything(self) -> list[Key]:
        """All keys in the order of a scan: by a hash of the partition, which looks like none."""
        return sorted(self.rows, key=scan_order)

    def expired(self, now: float) -> Iterator[Key]:
        """Keys of the items whose time to live is over. They stay until somebody takes them away, often for hours
        (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html).
        """
        for key, row in self.rows.items():
            ends = row.item.get(self.expires, {}).get("N") if self.expires is not None else None
            if ends is not None and float(ends) < now:
                yield key

    def settle(self) -> None:
        """Let every reader and index see what was written last."""
        self.before.clear()
        for index in self.indexes.values():
            index.hear(lambda: False)

    def named(self, key: Key) -> Attributes:
        """A key as attributes."""
        if self.range is None:
            return {self.hash: {"S": key}}
        return {self.hash: {"S": key[0]}, self.range: {"S": key[1]}}


def scan_order(key: Key) -> tuple[int, Key]:
    """Where a key stands in a scan."""
    return crc32((key if isinstance(key, str) else key[0]).encode()), key


def _schema(schema: list[Mapping[str, str]]) -> tuple[str, str | None]:
    named = {each["KeyType"]: each["AttributeName"] for each in schema}
    return named["HASH"], named.get("RANGE")
