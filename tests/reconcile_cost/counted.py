"""Count what a pass over each list costs: the real services and adapters, over a shop and services that are models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from billing.adapters.dynamodb.event_store import DynamoEvents
from billing.adapters.dynamodb.known_objects import DynamoKnown
from billing.adapters.dynamodb.parked_list import DynamoParked
from billing.adapters.dynamodb.renewals import DynamoRenewals
from billing.adapters.dynamodb.walk_store import DynamoWalks
from billing.adapters.stripe_api.lists import StripeEvents, object_lists
from billing.config import Tables as TableNames
from billing.domain.events import Origin
from billing.domain.walk import OVERLAP, Walk
from billing.services.catch_up import LISTS, CatchUpDeps, catch_up
from billing.services.look_at_objects import look_at_objects
from billing.services.looks import LookDeps, looks
from billing.services.walk_on import WalkDeps, Walked
from plumb.quiet import QuietLog, QuietMetrics
from tests.fakes.snapshots import NOW
from tests.fakes.stripe_world import FakeStripe
from tests.reconcile_cost.services import Lists, Mailbox, Meter, Tables
from tests.reconcile_cost.shop import Length, Shop

A_RUN = timedelta(seconds=280)
"""The function's five minutes, less what it keeps for its last step."""
EVERY = {"sessions": 4, "subscriptions": 1, "invoices": 1, "refunds": 1, "disputes": 1, "events": 24}
"""Passes in a day, by list; of events, the two lists of a pass together."""
_HOUR = timedelta(hours=1)
_TABLES = TableNames(events="events", accounts="accounts", ledger="ledger")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one pass over a list."""

    accounts: int
    list: str
    objects: int
    requests: int
    read_units: int
    write_units: int
    messages: int
    seconds: int
    runs: int
    """Invocations of the function that it takes."""


def costs(accounts: int) -> Iterator[Cost]:
    """A pass over each list of a shop of this size."""
    shop = Shop(accounts)
    return (_counted(shop, name) for name in EVERY)


def _counted(shop: Shop, name: str) -> Cost:
    meter = Meter()
    dynamo = cast("Any", Tables(meter, shop))
    log, metrics, origin = QuietLog(), QuietMetrics(), Origin(livemode=False)
    walks, events = DynamoWalks(dynamo, _TABLES), DynamoEvents(dynamo, _TABLES)
    walking = WalkDeps(walks, events, Mailbox(meter), origin, meter, log, metrics)
    read = _events(meter, shop, walks, walking) if name == "events" else _objects(meter, shop, name, dynamo, walking)
    objects = runs = 0
    more = True
    while more:
        done = read(meter.now() + A_RUN)
        objects, runs, more = objects + done.read, runs + 1, done.more
    return Cost(
        accounts=shop.accounts,
        list=name,
        objects=objects,
        requests=meter.requests,
        read_units=meter.read_units,
        write_units=meter.write_units,
        messages=meter.messages,
        seconds=round(meter.seconds),
        runs=runs,
    )


def _objects(meter: Meter, shop: Shop, name: str, dynamo: Any, walking: WalkDeps) -> Callable[[datetime], Walked]:
    lists = object_lists(cast("Any", Lists(meter, shop.lists())))
    ours = DynamoParked(dynamo, _TABLES), DynamoRenewals(dynamo, _TABLES)
    every = looks(LookDeps(lists, *ours, DynamoKnown(dynamo, _TABLES), FakeStripe(), trial_credits=False))
    (look,) = (each for each in every if each.name == name)
    return lambda deadline: look_at_objects([look], deadline, "run-00001", walking)


def _events(meter: Meter, shop: Shop, walks: DynamoWalks, walking: WalkDeps) -> Callable[[datetime], Walked]:
    """An hour after the pass before. Each of the two lists is of other types, and of the length that these make up."""
    for number in range(len(LISTS)):
        walks.save(Walk(f"events:{number}", seen=NOW - _HOUR, since=NOW - _HOUR))
    meter.write_units, meter.seconds = 0, 0.0

    class Both:
        def page(self, types: Any, walk: Walk, *, undelivered: bool) -> Any:
            length: Length = shop.events(tuple(types), _HOUR + OVERLAP)
            client = cast("Any", Lists(meter, {"events": length}))
            return StripeEvents(client).page(types, walk, undelivered=undelivered)

    return lambda deadline: catch_up(deadline, "run-00001", CatchUpDeps(Both(), walking))
