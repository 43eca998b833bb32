"""`/_control`: what an account sets, and how its events look."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from local.stripe.engine.errors import missing
from local.stripe.engine.notices import event_destinations, thin_events, webhook_endpoints
from local.stripe.engine.world import Obj, World, snapshot
from local.stripe.web.given import BadRequest, Given, need, only
from local.stripe.web.shell import Shell


def search(shell: Shell, given: Given) -> Given:
    """Set how many seconds search is behind; 0 finds everything at once, which Stripe never promises."""
    only(given, "lag_seconds")
    lag = given.get("lag_seconds")
    if not isinstance(lag, int) or isinstance(lag, bool) or lag < 0:
        raise BadRequest("lag_seconds is a whole number of seconds")
    shell.engine.world.search_lag = lag
    return {"lag_seconds": lag}


def endpoint(shell: Shell, given: Given) -> Given:
    """Say in which API version an endpoint gets its events, and as what: snapshots, thin notifications, or both."""
    only(given, "endpoint", "api_version", "payload")
    world = shell.engine.world
    hook = need(world, "webhook_endpoint", given.get("endpoint") or world.all("webhook_endpoint")[-1]["id"])
    version, payload = given.get("api_version", hook["api_version"]), given.get("payload")
    if version not in webhook_endpoints.VERSIONS:
        raise BadRequest(f"api_version is one of {', '.join(webhook_endpoints.VERSIONS)}")
    if payload not in (None, "snapshot", "thin", "both"):
        raise BadRequest("payload is one of snapshot, thin, both")
    hook["api_version"] = version
    if payload is not None:
        hook["status"] = "disabled" if payload == "thin" else "enabled"
        _thin_beside(world, hook, wanted=payload != "snapshot")
    beside = [each["id"] for each in _beside(world, hook)]
    return {"endpoint": hook["id"], "api_version": version, "status": hook["status"], "thin_destinations": beside}


def _beside(world: World, hook: Obj) -> list[Obj]:
    """The destinations of thin events that the control API made for an endpoint."""
    return [each for each in world.all(thin_events.DESTINATION) if each["metadata"].get("beside") == hook["id"]]


def _thin_beside(world: World, hook: Obj, *, wanted: bool) -> None:
    """Have one thin destination at the endpoint's address, with its secret, or none."""
    known = _beside(world, hook)
    if wanted and not known:
        secret = webhook_endpoints.secrets(world, hook["id"])[0]
        event_destinations.make(world, hook["url"], ["*"], "thin", secret, metadata={"beside": hook["id"]})
    elif not wanted:
        for each in known:
            world.remove(each)


def eventbridge(shell: Shell, given: Given) -> Given:
    """Show an event as Stripe puts it on the partner event bus of Amazon EventBridge.

    https://docs.stripe.com/event-destinations/eventbridge; the envelope is AWS's, and Stripe's event its `detail`:
    https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
    """
    only(given, "event", "destination", "account", "region")
    world = shell.engine.world
    event = world.find(str(given.get("event")))
    if event is None or event["object"] not in ("event", thin_events.KIND):
        raise missing("event", str(given.get("event")), param="event", in_path=True)
    thin = event["object"] == thin_events.KIND
    created = event["created"] if thin else thin_events.iso(event["created"])
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": event["type"],
        "source": f"aws.partner/stripe.com/{given.get('destination', 'ed_test_61PlumblineStandIn')}",
        "account": given.get("account", "123456789012"),
        "time": created.replace(".000Z", "Z"),
        "region": given.get("region", "us-east-1"),
        "resources": [],
        "detail": thin_events.notification(event) if thin else snapshot(event),
    }


DEEDS: dict[str, Callable[[Shell, Given], Given]] = {
    "endpoint": endpoint,
    "eventbridge": eventbridge,
    "search": search,
}
