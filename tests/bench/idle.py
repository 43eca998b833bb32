"""What the schedules ask of an installation in which nobody has bought anything."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.counted import Step, step
from tests.bench.invocations import sample
from tests.bench.world import World

_DAYS = 30
JOBS = {
    "settle_due": ("reconcile", 12 * 24 * _DAYS),
    "catch_up": ("catch_up", 24 * _DAYS),
    "catch_up_undelivered": ("catch_up", _DAYS),
    "look_at_objects": ("catch_up", 4 * 24 * _DAYS),
}
"""The function of each, and how often it runs in a month (template.yaml; held by a test)."""
NAMED = "schedule: "


def idled(world: World) -> Iterator[Step]:
    """Each job once, when the one before has found nothing: before any purchase, in a process that has begun."""
    for job, (function, _) in JOBS.items():
        event = sample(f"{function}/{job}")
        world.invoke(function, event)
        _, left = world.invoke(function, event)
        yield step(f"{NAMED}{job}", function, 1, 0, left)
