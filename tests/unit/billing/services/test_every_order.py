"""Nothing depends on event order, on `created`, or on a single event being delivered (F03, F04, F36 to F43, F55).

Each life of a purchase is told by at most six events. They come in every order after all has happened; any of them is
lost, each as often as it may be; and each is heard at its own time, or late. Where an event that covers each payment is
heard after its last change, the account is the same; where none is, a resync makes it the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain, combinations, permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.notice import Notice
from billing.domain.subscription import Span
from billing.services.resync import resync
from tests.fakes.core import Core
from tests.fakes.lifecycles import LIVES, Step, begin
from tests.fakes.snapshots import ALICE, DAY, NOW, POLICY

AT_END = NOW + 12 * timedelta(hours=1)


def a_core(life: str) -> tuple[Core, Sequence[Step]]:
    prices, steps = LIVES[life]
    core = Core()
    begin(core, *prices)
    return core, steps


def heard(core: Core, notices: Iterable[Notice]) -> None:
    for notice in notices:
        assert core.deliver(notice, deadline=AT_END + DAY) == frozenset()


def resynced(core: Core) -> None:
    resync(ALICE, core.converge, core.cache, AT_END + DAY)
    core.tables.check()


def end_of(core: Core) -> dict[str, Any]:
    """What must be the same: all but the counters, and how the ledger came to its sum."""
    account = core.account()
    access = account.access or Span(POLICY.levels[0], None)  # None: it never was anything else
    return {
        "account": replace(account, version=0, stripe_version=0, access=access),
        "purchases": {key: replace(item, version=0) for key, item in core.tables.purchases.items()},
        "access": [account.access_at(POLICY, NOW + days * DAY) for days in range(0, 400, 10)],
        "ledger": sum(entry.amount for entry in core.tables.entries(ALICE)),
    }


def expected(life: str) -> dict[str, Any]:
    """The end when every event is heard at its time."""
    core, steps = a_core(life)
    for at, step in enumerate(steps):
        core.clock.time = NOW + (at + 1) * step.after
        step.happens(core, core.clock.time)
        heard(core, [step.told])
    core.clock.time = AT_END
    end = end_of(core)
    assert end["ledger"] == end["account"].balance
    return end


def happened(life: str) -> tuple[Core, Sequence[Step]]:
    """All has happened, and nothing was heard of it."""
    core, steps = a_core(life)
    for at, step in enumerate(steps):
        step.happens(core, NOW + (at + 1) * step.after)
    core.clock.time = AT_END
    return core, steps


@pytest.mark.parametrize("life", LIVES)
def test_events_in_every_order_come_to_the_same_end(life: str) -> None:
    wanted = expected(life)
    for order in permutations(LIVES[life][1]):
        core, _ = happened(life)
        heard(core, [step.told for step in order])
        assert end_of(core) == wanted, [step.told.id for step in order]


@pytest.mark.parametrize("life", LIVES)
def test_every_subset_each_at_its_time(life: str) -> None:
    wanted = expected(life)
    steps = LIVES[life][1]
    everything = {name for step in steps for name in step.covers}
    for kept in subsets(len(steps)):
        core, _ = a_core(life)
        fresh: set[str] = set()
        for at, step in enumerate(steps):
            core.clock.time = NOW + (at + 1) * step.after
            step.happens(core, core.clock.time)
            fresh -= step.covers
            if at in kept:
                heard(core, [step.told])
                fresh |= step.covers
        core.clock.time = AT_END
        # a subscription itself is covered by any event of its customer, so its last change must be followed by one
        if fresh != everything or len(steps) - 1 not in kept:
            resynced(core)
        assert end_of(core) == wanted, kept


@pytest.mark.parametrize("life", LIVES)
def test_every_subset_after_all_has_happened(life: str) -> None:
    wanted = expected(life)
    steps = LIVES[life][1]
    everything = {name for step in steps for name in step.covers}
    for kept in subsets(len(steps)):
        core, _ = happened(life)
        heard(core, [steps[at].told for at in kept])
        if {name for at in kept for name in steps[at].covers} != everything:
            resynced(core)
        assert end_of(core) == wanted, kept


@pytest.mark.parametrize("life", LIVES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_event_late_doubled_or_lost(life: str, data: st.DataObject) -> None:
    """Each event is heard none, one or two times, each time some steps after its own; then all is resynced."""
    wanted = expected(life)
    core, steps = a_core(life)
    delays = [data.draw(st.lists(st.integers(0, len(steps)), max_size=2)) for _ in steps]
    for at, step in enumerate(steps):
        core.clock.time = NOW + (at + 1) * step.after
        step.happens(core, core.clock.time)
        heard(core, [steps[of].told for of in range(at + 1) for delay in delays[of] if of + delay == at])
    core.clock.time = AT_END
    resynced(core)
    assert end_of(core) == wanted
    entries = len(core.tables.ledger)
    resynced(core)
    assert len(core.tables.ledger) == entries


def subsets(count: int) -> Iterable[tuple[int, ...]]:
    return chain.from_iterable(combinations(range(count), size) for size in range(count + 1))
