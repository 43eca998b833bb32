"""`/_control`: what a dashboard does, and faults. Ours, not Stripe's: JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.stripe.engine import scheduler
from local.stripe.engine.errors import ApiError
from local.stripe.engine.notices import webhook_endpoints
from local.stripe.engine.world import snapshot
from local.stripe.web import control_account, control_money, dashboard
from local.stripe.web.given import BadRequest, Given, need, only, read
from local.stripe.web.shell import Shell, shell_of


async def clock(request: Request) -> Response:
    """GET /_control/clock: how far this account's time is ahead of real time."""
    world = shell_of(request).engine.world
    return JSONResponse({"offsetSeconds": world.offset, "now": world.now()})


async def state(request: Request) -> Response:
    """GET /_control/state: every object, newest first."""
    shell = shell_of(request)
    world = shell.engine.world
    return JSONResponse({"offsetSeconds": world.offset, "objects": {kind: world.all(kind) for kind in world.kinds()}})


async def deliveries(request: Request) -> Response:
    """GET /_control/deliveries: every delivery with its attempts, oldest first; with `?state=` those of one state."""
    state = request.query_params.get("state")
    records = shell_of(request).deliveries.records
    return JSONResponse({"deliveries": [each.shown() for each in records if state in (None, each.state)]})


async def resend(request: Request) -> Response:
    """POST /_control/deliveries/{event}/resend."""
    shell = shell_of(request)
    try:
        begun = shell.deliveries.resend(request.path_params["event"])
    except KeyError:
        return JSONResponse({"error": {"message": f"no event {request.path_params['event']}"}}, status_code=404)
    return JSONResponse({"deliveries": [each.shown() for each in begun]})


async def act(request: Request) -> Response:
    """POST /_control/{deed}."""
    shell = shell_of(request)
    deed = DEEDS.get(request.path_params["deed"])
    if deed is None:
        known = ", ".join(sorted(DEEDS))
        return JSONResponse({"error": {"message": f"unknown; known: {known}"}}, status_code=404)
    try:
        shell.flush()
        answer = deed(shell, read(await request.body()))
    except dashboard.Refused as passed_on:
        return JSONResponse(passed_on.body, status_code=passed_on.status)
    except ApiError as refusal:
        return JSONResponse(refusal.body("", shell.engine.world.now()), status_code=refusal.status)
    except ValueError as wrong:
        return JSONResponse({"error": {"message": str(wrong)}}, status_code=400)
    shell.flush()
    return JSONResponse(answer)


def async_payment(shell: Shell, given: Given) -> Given:
    """Settle a pending SEPA debit now: `outcome` succeeded or failed."""
    only(given, "charge", "payment_intent", "session", "invoice", "outcome")
    charge = control_money.charge_of(shell.engine.world, given)
    if given.get("outcome") not in ("succeeded", "failed"):
        raise BadRequest("outcome is one of succeeded, failed")
    if charge["status"] != "pending":
        raise BadRequest(f"charge {charge['id']} is {charge['status']}, not pending")
    scheduler.settle(shell.engine.world, charge, succeed=given["outcome"] == "succeeded")
    return snapshot(charge)


def faults(shell: Shell, given: Given) -> Given:
    """Set faults; what is not named stays."""
    shell.faults.change(given)
    world = shell.engine.world
    world.duplicate_next = given.get("duplicate_events", world.duplicate_next)
    world.lose_next = given.get("lose_events", world.lose_next)
    world.hides_deleted = shell.faults.hide_deleted
    return asdict(shell.faults) | {"duplicate_events": world.duplicate_next, "lose_events": world.lose_next}


def roll_secret(shell: Shell, given: Given) -> Given:
    """Roll an endpoint's secret; with `keep_old` both sign from now on."""
    only(given, "endpoint", "secret", "keep_old")
    world = shell.engine.world
    chosen = given.get("endpoint") or world.all("webhook_endpoint")[-1]["id"]
    endpoint = need(world, "webhook_endpoint", chosen)
    secret = webhook_endpoints.roll(world, endpoint, given.get("secret"), bool(given.get("keep_old", True)))
    return {
        "endpoint": endpoint["id"],
        "secret": secret,
        "active": len(webhook_endpoints.secrets(world, endpoint["id"])),
    }


DEEDS: dict[str, Callable[[Shell, Given], Given]] = dashboard.DEEDS | {
    "async_payment": async_payment,
    "faults": faults,
    "roll_secret": roll_secret,
    **control_account.DEEDS,
    **control_money.DEEDS,
}
