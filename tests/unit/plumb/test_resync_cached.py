"""What `plumb resync USER` leaves in the cache."""

from __future__ import annotations

from types import SimpleNamespace

from billing.services.adjust_credits import adjust_credits
from plumb.commands.resync import command
from plumb.invocation import Invocation, Options
from plumb.site import Site
from tests.fakes.core import Core
from tests.fakes.slow_cache import PREFIX, SlowCache
from tests.fakes.snapshots import ALICE


def test_a_wrong_value_of_a_later_version_gives_way_to_the_right_one() -> None:
    """S24: `plumb check` sends here whoever is cached wrongly. After it the cache has the truth, and not nothing."""
    core = Core()
    adjust_credits(ALICE, 30, "welcome", "ada", "grant", None, core.use)
    slow = SlowCache(core)
    slow.redis.set(f"{PREFIX}credits:{ALICE}", f'999 {{"version":9,"user":"{ALICE}"}}')
    invocation = Invocation(Options(actor="jo"))
    vars(invocation)["site"] = Site(stage="local", functions={}, api_url="http://127.0.0.1:9", local=True)
    vars(invocation)["world"] = SimpleNamespace(
        clock=core.clock,
        converge=core.converge,
        shared_cache=slow.cache,
        redis=slow.redis,
        account_of=core.account,
        settings=SimpleNamespace(redis=SimpleNamespace(prefix=PREFIX)),
    )
    assert command.main([str(ALICE)], obj=invocation, standalone_mode=False) == 0
    assert slow.credits() == {ALICE: "30"}
