"""Test clocks: time that a test moves. https://docs.stripe.com/billing/testing/test-clocks"""

from __future__ import annotations

from local.stripe.engine.catalog.prices import SECONDS
from local.stripe.engine.errors import ApiError, invalid_request
from local.stripe.engine.paging import page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, World

KIND = "test_helpers.test_clock"
MAX_INTERVALS = 2
"""A clock goes at most two of its shortest subscription interval ahead at a time (page above)."""


FURTHEST = 50 * 366 * 86_400
"""Ours: no test needs more than fifty years."""


def _follow(world: World, frozen_time: int) -> None:
    """Let the account's time follow the furthest clock, so that webhooks and workers live in the same time."""
    world.offset = max(world.offset, frozen_time - int(world.clock()))


def _sane(call: Call) -> int:
    frozen: int = call.params["frozen_time"]
    if not 0 < frozen < call.world.clock() + FURTHEST:
        raise invalid_request("Invalid timestamp.", param="frozen_time")
    return frozen


def create(call: Call) -> Obj:
    """POST /v1/test_helpers/test_clocks."""
    world, frozen = call.world, _sane(call)
    _follow(world, frozen)
    clock = world.add(
        {
            "id": world.id("clock_1"),
            "object": KIND,
            "created": int(world.clock()),
            "deletes_after": int(world.clock()) + 30 * 86_400,
            "frozen_time": frozen,
            "livemode": False,
            "name": call.params.get("name"),
            "status": "ready",
            "status_details": {},
        }
    )
    world.emit("test_helpers.test_clock.created", clock)
    return clock


def retrieve(call: Call) -> Obj:
    """GET /v1/test_helpers/test_clocks/{id}."""
    return call.target(KIND, "test clock", "test_clock")


def advance(call: Call) -> Obj:
    """POST /v1/test_helpers/test_clocks/{id}/advance.

    As at Stripe the answer says `advancing`; everything due is played before the next request is answered.
    """
    clock, target = call.target(KIND, "test clock", "test_clock"), _sane(call)
    if target <= clock["frozen_time"]:
        raise invalid_request("Test clocks can only be advanced forward in time.", param="frozen_time")
    shortest = min((_interval(each) for each in _live(call.world, clock)), default=None)
    if shortest is not None and target - clock["frozen_time"] > MAX_INTERVALS * shortest + 86_400 * MAX_INTERVALS:
        raise ApiError(
            "You cannot advance this clock more than two intervals of its shortest subscription at once.",
            param="frozen_time",
            code="test_clock_advance_too_far",
        )
    clock |= {
        "frozen_time": target,
        "status": "advancing",
        "status_details": {"advancing": {"target_frozen_time": target}},
    }
    _follow(call.world, target)
    call.world.emit("test_helpers.test_clock.advancing", clock)
    return clock


def _live(world: World, clock: Obj) -> list[Obj]:
    return [each for each in world.all("subscription") if each["test_clock"] == clock["id"] and not each["ended_at"]]


def _interval(subscription: Obj) -> int:
    plans = [item["price"]["recurring"] for item in subscription["items"]["data"]]
    return min(SECONDS[plan["interval"]] * int(plan["interval_count"]) for plan in plans)


def delete(call: Call) -> Obj:
    """DELETE /v1/test_helpers/test_clocks/{id}: its customers go with it."""
    clock = call.target(KIND, "test clock", "test_clock")
    for customer in [each for each in call.world.all("customer") if each.get("test_clock") == clock["id"]]:
        for subscription in _live(call.world, clock):
            subscription |= {"status": "canceled", "ended_at": clock["frozen_time"]}
        call.world.add(call.world.remove(customer))
    call.world.emit("test_helpers.test_clock.deleted", clock)
    return call.world.remove(clock)


def listed(call: Call) -> Obj:
    """GET /v1/test_helpers/test_clocks."""
    return page(call.world.all(KIND), call.params, call.url, "test clock")


_BASE, _T = "/v1/test_helpers/test_clocks", "test_helpers._test_clock_"
ROUTES = [
    Route("POST", _BASE, _T + "create_params:TestClockCreateParams", create, names("frozen_time name")),
    Route("GET", _BASE, _T + "list_params:TestClockListParams", listed),
    Route("GET", _BASE + "/{id}", _T + "retrieve_params:TestClockRetrieveParams", retrieve),
    Route("POST", _BASE + "/{id}/advance", _T + "advance_params:TestClockAdvanceParams", advance),
    Route("DELETE", _BASE + "/{id}", _T + "delete_params:TestClockDeleteParams", delete),
]
