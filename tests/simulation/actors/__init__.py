"""Who does something in a simulation, and how often."""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulation.actors import (
    buyers,
    forgers,
    invoices,
    items,
    machines,
    meetings,
    mistyped,
    money,
    operators,
    plans,
    schedules,
    shopkeepers,
    spenders,
    strangers,
    unheard,
    waverers,
    weather,
)
from tests.simulation.actors.deeds import Deed, table
from tests.simulation.world.chance import Weights

_BUSINESS = (buyers, invoices, items, mistyped, money, plans, shopkeepers, spenders, unheard)
_ROOMS = (*_BUSINESS, forgers, machines, meetings, operators, schedules, strangers, waverers, weather)
DEEDS = table(*(room.DEEDS for room in _ROOMS))


def _theme(often: Iterable[str], seldom: Iterable[str]) -> Weights:
    """Some deeds more often, some less: what goes wrong between two of a kind needs both in one run."""
    often, seldom = set(often), set(seldom)

    def weight(name: str, deed: Deed) -> float:
        return deed.weight * (3 if name in often else 0.2 if name in seldom else 1)

    return Weights({"nothing": 0.0, **{name: weight(name, deed) for name, deed in DEEDS.items()}})


THEMES = {
    "everything": _theme((), ()),
    "money back": _theme(money.DEEDS, (*spenders.DEEDS, *plans.DEEDS)),
    "plans": _theme(
        (*plans.DEEDS, *items.DEEDS, *invoices.DEEDS, *unheard.DEEDS, *mistyped.DEEDS), (*spenders.DEEDS, *money.DEEDS)
    ),
    "spending": _theme(spenders.DEEDS, plans.DEEDS),
    "buying": _theme(buyers.DEEDS, (*spenders.DEEDS, *plans.DEEDS, *money.DEEDS)),
}
