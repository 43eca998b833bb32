"""The workers of one function, at its end: whatever was under way or waiting, nobody is left."""

import asyncio
from pathlib import Path

from local.lambda_service.pool import Pool
from local.lambda_service.worker import Outcome
from local.stack import Stack
from local.template import Function
from tests.integration.local.conftest import copy_toy

SLOW = {"requestContext": {}, "queryStringParameters": {"wish": "slow", "seconds": "20"}}


QUICK: dict[str, object] = {"requestContext": {}, "queryStringParameters": {}}


def real_time() -> float:
    return 0.0


async def ended(stack: Stack, *, once_busy: bool) -> tuple[list[Outcome], list[int]]:
    """Close a pool with more invocations than it has workers: in the middle of the first ones, or of their starts."""
    lines: list[str] = []
    function = stack.config.model().functions["EchoFunction"]

    def log(_: Function, line: str) -> None:
        lines.append(line)

    pool = Pool(function, stack.config, real_time, log)
    if once_busy:
        await pool.warm()
    more = stack.config.workers_per_function + 3
    running = [asyncio.create_task(pool.invoke(SLOW, f"request-{number}")) for number in range(more)]
    await asyncio.sleep(0)
    await pool.close()
    async with asyncio.timeout(1):  # far below the function's timeout, which would end whatever is left
        outcomes = await asyncio.gather(*running)
    return outcomes, pool.pids()


def test_an_end_with_invocations_under_way_and_waiting(tmp_path: Path) -> None:
    stack = Stack(template=copy_toy(tmp_path / "system"), stripe=False, state_dir=tmp_path / "state")
    for once_busy in (True, False):
        outcomes, left = asyncio.run(ended(stack, once_busy=once_busy))
        assert left == []
        assert {outcome.error for outcome in outcomes} == {"Unhandled"}


async def never_asked_then_asked(stack: Stack) -> list[tuple[bool, int]]:
    """Whether the pool is cold, and how many workers it has: before its first invocation, after it, and killed."""
    pool = Pool(stack.config.model().functions["EchoFunction"], stack.config, real_time, lambda function, line: None)
    seen = [(pool.cold, len(pool.pids()))]
    assert (await pool.invoke(QUICK, "request")).error is None
    seen.append((pool.cold, len(pool.pids())))
    for worker in pool._idle:
        await worker.kill()
    seen.append((pool.cold, len(pool.pids())))
    await pool.close()
    return seen


def test_a_function_is_warm_from_the_start_or_once_it_was_asked(tmp_path: Path) -> None:
    template = copy_toy(tmp_path / "system")
    for warm, before in ((None, True), (["EchoFunction"], True), (["TickFunction"], False), ([], False)):
        stack = Stack(template=template, stripe=False, state_dir=tmp_path / "state", warm=warm)
        assert asyncio.run(never_asked_then_asked(stack)) == [(before, 0), (False, 1), (True, 0)]
