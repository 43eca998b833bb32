"""A deed: something that somebody does, or that a machine is set off to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.simulation.world.simulation import Simulation

type Doing = Callable[[Simulation], bool]
"""Do it. False: there was nothing to do it with."""


@dataclass(frozen=True)
class Deed:
    """What it is, and how often it is done beside others."""

    do: Doing
    weight: float


def table(*tables: Mapping[str, Deed]) -> dict[str, Deed]:
    """Put tables together; no name may stand in two."""
    found: dict[str, Deed] = {}
    for each in tables:
        twice = found.keys() & each.keys()
        assert not twice, twice
        found.update(each)
    return found
