"""What requests to DynamoDB cost, by its rules and by the items as they were before and after.

moto answers a unit for each item, whatever its size. So sizes and units are counted here:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

Item = Mapping[str, Any]
"""As it goes over the wire: names, and values with their types."""

WRITE, READ = 1024, 4096
"""Bytes of a write unit and of a read unit."""
IN_A_TRANSACTION = 2
"""DynamoDB prepares each item, and then commits it; a condition check, too.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-capacity-handling
"""


def size(item: Item) -> int:
    """Bytes of an item: names and texts in UTF-8, three more for a list or a map, and one for each part of it."""
    return sum(len(name.encode()) + _held(*next(iter(value.items()))) for name, value in item.items())


def _held(kind: str, held: Any) -> int:
    match kind:
        case "S":
            return len(held.encode())
        case "N":
            return ceil(len(held.lstrip("-").replace(".", "").strip("0")) / 2) + 1
        case "M":
            return 3 + len(held) + size(held)
        case "L":
            return 3 + len(held) + sum(_held(*next(iter(part.items()))) for part in held)
        case "SS":
            return sum(len(part.encode()) for part in held)
    return 1


def read_units(items: Iterable[Item | None], *, consistent: bool) -> float:
    """Of single reads: one for each 4 KB of an item, and one for an item that is not there; half if not consistent."""
    units = sum(1 if item is None else ceil(size(item) / READ) for item in items)
    return units if consistent else units / 2


def query_units(items: Iterable[Item], *, consistent: bool) -> float:
    """Of a query: the sizes of what it found are added up first, and it costs one if it found nothing."""
    units = max(1, ceil(sum(map(size, items)) / READ))
    return units if consistent else units / 2


def write_units(before: Item | None, after: Item | None) -> int:
    """Of one write outside of a transaction: by the larger of the item before and after, also if it is refused."""
    return max(1, *(ceil(size(item) / WRITE) for item in (before or {}, after or {})))


def index_units(before: Item | None, after: Item | None, keys: Iterable[tuple[str, ...]]) -> int:
    """Of indexes that hold keys alone: one for an entry that comes or goes, two for one that moves, else none.

    Entries here are far below a kilobyte, and a transaction does not double them: they are written after it.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
    """
    units = 0
    for names in keys:
        old, new = _entry(before, names), _entry(after, names)
        if old != new:
            units += (old is not None) + (new is not None)
    return units


def _entry(item: Item | None, names: tuple[str, ...]) -> tuple[Any, ...] | None:
    """An item is in an index only if it has all of its keys."""
    if item is None or not all(name in item for name in names):
        return None
    return tuple(item[name] for name in names)
