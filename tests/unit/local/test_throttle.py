"""The gateway's throttles: off unless asked for, and then as the template says, with API Gateway's own answer (S22)."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest

from local.gateway.app import build_app
from local.gateway.throttle import Buckets
from local.stack import Stack
from local.template import Throttle


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def taken(buckets: Buckets, times: int, route: str = "GET /") -> int:
    return sum(buckets.take(route, Throttle(rate=20, burst=40)) for _ in range(times))


def test_a_bucket_is_full_at_first_and_fills_by_its_rate() -> None:
    clock = Hand()
    buckets = Buckets(clock)
    assert taken(buckets, 50) == 40
    clock.time += 0.5
    assert taken(buckets, 50) == 10
    clock.time += 3600
    assert taken(buckets, 50) == 40


def test_each_route_has_its_own() -> None:
    buckets = Buckets(Hand())
    assert taken(buckets, 50) == 40
    assert taken(buckets, 50, "POST /") == 40


def asked(stack: Stack, times: int, path: str) -> Counter[int]:
    """Statuses of so many requests at one moment. No function runs here: whatever is let through is answered 503."""

    async def all_of_them() -> Counter[int]:
        transport = httpx.ASGITransport(build_app(stack.config, Hand()))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answers = [await client.get(path) for _ in range(times)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert all(answer.json() == {"message": "Too Many Requests"} for answer in refused)
        return Counter(answer.status_code for answer in answers)

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(("throttled", "wanted"), [(True, {503: 40, 429: 3}), (False, {503: 43})])
def test_the_success_page_is_throttled_where_that_is_asked_for(
    tmp_path: Path, throttled: bool, wanted: dict[int, int]
) -> None:
    stack = Stack(throttled=throttled, state_dir=tmp_path)
    assert asked(stack, 43, "/checkout/success?session_id=cs_1") == wanted


def test_every_route_of_the_template_has_its_throttle(tmp_path: Path) -> None:
    api = Stack(state_dir=tmp_path).config.model().api
    assert api is not None
    found = {route.key: route.throttle for route in api.routes}
    tight = {
        **dict.fromkeys(
            ("POST /checkout/sessions", "GET /checkout/success", "POST /checkout/success"), Throttle(20, 40)
        ),
        **dict.fromkeys(
            ("POST /portal/sessions", "POST /subscriptions/change", "POST /subscriptions/change/preview"),
            Throttle(10, 20),
        ),
    }
    assert found == dict.fromkeys(found, Throttle(500, 1000)) | tight
