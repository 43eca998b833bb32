"""The tables as they were: what point-in-time recovery would make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.simulation.stores.dynamo import Dynamo
from tests.simulation.stores.tables import Key, Row

type Rows = Mapping[Key, Row]


@dataclass(frozen=True)
class Moment:
    """The rows of each table before a step. A row is never changed, so they are only remembered."""

    step: int
    at: float
    """Unix seconds."""
    tables: Mapping[str, Rows]


def moment_of(dynamo: Dynamo, step: int, now: float) -> Moment:
    """This one."""
    return Moment(step, now, {name: dict(table.rows) for name, table in dynamo.tables.items()})
