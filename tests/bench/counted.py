"""Count what purchases ask of every service, from the checkout to the last of their events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from local.dashboard.figures import samples_of
from tests.bench.invocations import request
from tests.bench.meter import Request
from tests.bench.world import Left, World, together
from tests.integration.purchase.shop import Checkout

PACK, PLAN = "credits_500", "pro_monthly"
NOTHING_NEW = "its events in one batch, nothing new"
IN_A_BATCH = "its events in one batch, the buyer has not returned"
ONE_BY_ONE = "its events one by one, the buyer has not returned"
_users = count(1)


_TRIES = 5


class Disturbed(Exception):
    """A busy machine kept Redis waiting, and the functions did without it, each time that this was counted."""


@dataclass(frozen=True)
class Step:
    """What one kind of invocation asked: how often it ran, of how many events in all, and every request."""

    name: str
    function: str
    invocations: int
    events: int
    http: dict[str, int]
    """HTTP requests by service."""
    commands: int
    """Of Redis."""
    read_units: float
    write_units: int
    told: int
    """Writes that a pipe tells of (docs/events.md)."""
    largest: int = field(compare=False)
    """Bytes of the largest item that was written. DynamoDB drops zeros at a number's end, so times make it differ."""
    logged: int = field(compare=False)
    """Bytes that the function wrote into its log, metrics among them: times in it are as long as they took."""
    metrics: tuple[str, ...] = field(compare=False)
    """Metrics that it told, with their dimensions: each is billed by the month, however often it is told."""
    stripe: tuple[str, ...] = field(default=(), compare=False)
    """Stripe's routes, as they came: some are asked side by side."""


def step(name: str, function: str, invocations: int, events: int, left: Left) -> Step:
    asked = left.requests
    http: dict[str, int] = {}
    for each in asked:
        http[each.service] = http.get(each.service, 0) + 1
    return Step(
        name=name,
        function=function,
        invocations=invocations,
        events=events,
        http=dict(sorted(http.items())),
        commands=sum(each.commands for each in asked),
        read_units=sum(each.read_units for each in asked),
        write_units=sum(each.write_units for each in asked),
        told=sum(each.told for each in asked),
        largest=max((each.largest for each in asked), default=0),
        logged=len(left.log.encode()),
        metrics=tuple(sorted(_named(*each) for each in samples_of(left.log.splitlines()))),
        stripe=tuple(_route(each) for each in asked if each.service == "Stripe"),
    )


def _named(metric: str, dimensions: frozenset[tuple[str, str]]) -> str:
    return " ".join([metric, *(f"{name}={value}" for name, value in sorted(dimensions))])


def _route(asked: Request) -> str:
    """Without the object's id."""
    parts = asked.operation.split("/")
    return "/".join("{id}" if "_" in part and any(map(str.isdigit, part)) else part for part in parts)


def warmed(world: World) -> list[Step]:
    """The first requests of each process, which read secrets; what is counted afterwards is without them."""
    user, last = _user(), world.last_event()
    bought, asked = _bought(world, user, PACK)
    found = [
        step("checkout", "create_checkout", 1, 0, asked),
        step("sync", "success_sync", 1, 0, world.sync(user, bought.session_id)),
    ]
    events = world.events_since(last)
    found += [step("webhook", "webhook", 1, 1, world.deliver(events[0]))]
    found += [step("consumer", "event_consumer", 1, 1, world.consume(world.received(1)))]
    found += [step("spend", "credits", 1, 0, _spend(world, user))]
    return [*found, step("account", "account", 1, 0, _read(world, user))]


def counted(world: World) -> list[Step]:
    """Each step of a purchase, of a pack and of a plan. Raise Disturbed when Redis is left out again and again."""
    found: list[Step] = []
    for key, name in ((PACK, "pack"), (PLAN, "plan")):
        for played in (_with_return, _in_a_batch, _one_by_one):
            found += _in_peace(world, partial(played, world, key, name))
    return found + _in_peace(world, partial(_used, world))


def _in_peace(world: World, played: Callable[[], Iterable[Step]]) -> list[Step]:
    """Play it again when a function could not use Redis in time: it then asks more of others, or tries again."""
    for _ in range(_TRIES):
        found = [*played()]
        if not world.disturbed():
            return found
        world.renew()
        warmed(world)
    raise Disturbed


def _used(world: World) -> Iterator[Step]:
    """What services and pages ask of an account with credits."""
    user = _user()
    bought, _ = _bought(world, user, PACK)
    world.sync(user, bought.session_id)
    yield step("spend", "credits", 1, 0, _spend(world, user))
    yield step("account, read", "account", 1, 0, _read(world, user))


def _with_return(world: World, key: str, name: str) -> Iterator[Step]:
    """The buyer comes back before any event: whatever the events bring is known."""
    user, last = _user(), world.last_event()
    bought, asked = _bought(world, user, key)
    yield step(f"{name}: checkout", "create_checkout", 1, 0, asked)
    yield step(f"{name}: the buyer returns", "success_sync", 1, 0, world.sync(user, bought.session_id))
    events = world.events_since(last)
    delivered = together(world.deliver(event) for event in events)
    yield step(f"{name}: webhooks", "webhook", len(events), len(events), delivered)
    asked = world.consume(world.received(len(events)))
    yield step(f"{name}: {NOTHING_NEW}", "event_consumer", 1, len(events), asked)


def _in_a_batch(world: World, key: str, name: str) -> Iterator[Step]:
    records = _queued(world, key)
    yield step(f"{name}: {IN_A_BATCH}", "event_consumer", 1, len(records), world.consume(records))


def _one_by_one(world: World, key: str, name: str) -> Iterator[Step]:
    records = _queued(world, key)
    asked = together(world.consume([record]) for record in records)
    yield step(f"{name}: {ONE_BY_ONE}", "event_consumer", len(records), len(records), asked)


def _queued(world: World, key: str) -> list[dict[str, Any]]:
    """The messages of a purchase whose buyer has not returned."""
    user, last = _user(), world.last_event()
    _bought(world, user, key)
    events = world.events_since(last)
    for event in events:
        world.deliver(event)
    return world.received(len(events))


def _bought(world: World, user: str, key: str) -> tuple[Checkout, Left]:
    made, asked = world.checkout(user, key)
    bought = Checkout(user, made["sessionId"], made["url"])
    world.shop.pay(bought)
    return bought, asked


def _spend(world: World, user: str) -> Left:
    body = {"userId": user, "amount": 1, "reason": "1 picture", "reference": "job-0001"}
    answer, asked = world.invoke("credits", request("credits/spend", body=body, idempotency_key=f"spend-{user}"))
    assert answer["statusCode"] == 200, answer
    return asked


def _read(world: World, user: str) -> Left:
    answer, asked = world.invoke("account", request("account/account", user))
    assert json.loads(answer["body"])["userId"] == user, answer
    return asked


def _user() -> str:
    """Of the same length each time: names are parts of items."""
    return f"buyer-{next(_users):04}"
