"""All rows of a test run, played side by side before the first of them is looked at: so they wait together."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.integration.purchase.books import Item
from tests.scenarios.house import House
from tests.scenarios.manner import Manner
from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row


@dataclass(frozen=True)
class Part:
    """A row in one of its four manners."""

    row: Row
    manner: Manner

    @property
    def ledger(self) -> Ledger:
        """What the ledger must come to."""
        at_once = self.row.at_once if self.manner.at_once else None
        return self.row.ledger if at_once is None else at_once


@dataclass(frozen=True)
class Played:
    """How a part went: what was there when it ended, for time may go on afterwards; and what broke it off."""

    play: Play
    account: dict[str, Any]
    ledger: list[Item]
    kept: Item
    broken: Exception | None = None


def play_all(house: House, parts: Iterable[Part]) -> dict[Part, Played]:
    """Play every part to its end, with all of its events delivered and dealt with."""
    wanted = list(parts)
    house.clock.enter(len(wanted))
    with ThreadPoolExecutor(max_workers=max(1, len(wanted))) as threads:
        played = dict(zip(wanted, threads.map(lambda part: _played(house, part), wanted), strict=True))
    house.books.wait_until_drained()
    return played


def _played(house: House, part: Part) -> Played:
    play = Play(house, part.row, part.manner)
    try:
        with house.turn:
            part.row.story(play)
            play.settle()
            account = house.shop.get("/account", play.user).json()
            return Played(play, account, house.books.ledger(play.user), house.books.account(play.user) or {})
    except Exception as broken:  # noqa: BLE001 - it is raised again by the test of this part
        return Played(play, {}, [], {}, broken)
    finally:
        house.clock.leave()
