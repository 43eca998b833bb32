"""Event destinations, and reading thin events. https://docs.stripe.com/api/v2/core/event-destinations

Of the kinds of destinations there is the webhook endpoint; it gets snapshot events or thin ones. Version 2 of the API
takes JSON, and pages by `next_page_url`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from local.stripe.engine.errors import ApiError, invalid_request, not_offered
from local.stripe.engine.notices import thin_events
from local.stripe.engine.notices.thin_events import DESTINATION, KIND, iso
from local.stripe.engine.notices.webhook_endpoints import checked_url
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import API_VERSION, Obj, Outgoing, World, merge_metadata, snapshot

URL = "/url"
"""Kept hidden under the destination's id with this ending: shown only to those who ask by `include`."""
MOST_TYPES = 20
KEPT = 30 * 86_400


def make(world: World, url: str, events: list[str], payload: str, secret: str | None = None, **values: Any) -> Obj:
    """Keep a destination with its first secret."""
    now = iso(world.now())
    made = world.add(
        {
            "id": world.id("ed_test_61", 40),
            "object": DESTINATION,
            "amazon_eventbridge": None,
            "azure_event_grid": None,
            "created": now,
            "description": "",
            "enabled_events": events,
            "event_payload": payload,
            "events_from": ["@self"],
            "livemode": False,
            "metadata": {},
            "name": "",
            "snapshot_api_version": API_VERSION if payload == "snapshot" else None,
            "status": "enabled",
            "status_details": None,
            "type": "webhook_endpoint",
            "updated": now,
            "webhook_endpoint": {"signing_secret": None, "url": None},
            **values,
        }
    )
    world.hidden[made["id"]] = [secret or "whsec_" + world.token(32)]
    world.hidden[made["id"] + URL] = url
    return made


def create(call: Call) -> Obj:
    """POST /v2/core/event_destinations."""
    given = dict(call.params)
    include = given.pop("include", [])
    if given.pop("type") != "webhook_endpoint":
        raise not_offered("event destinations other than webhook endpoints")
    if given.get("events_from", ["@self"]) != ["@self"]:
        raise not_offered("events from other accounts")
    if "webhook_endpoint" not in given:
        raise invalid_request(
            "Missing required param: webhook_endpoint.", param="webhook_endpoint", code="parameter_missing"
        )
    url = checked_url(given.pop("webhook_endpoint")["url"])
    version = given.get("snapshot_api_version")
    thin = given["event_payload"] == "thin"
    if version is not None and (thin or version != API_VERSION):
        raise invalid_request(
            "snapshot_api_version is this version, and for snapshots only.", param="snapshot_api_version"
        )
    _check_types(given["enabled_events"], thin)
    payload = given.pop("event_payload")
    made = make(call.world, url, given.pop("enabled_events"), payload, **given)
    return shown(call.world, made, include)


def _check_types(types: list[str], thin: bool) -> None:
    for name in types:
        if name != "*" and thin != name.startswith(("v1.", "v2.")):
            raise invalid_request(
                f"The event type {name} does not fit the payload: thin ones begin with v1. or v2.",
                param="enabled_events",
            )


def shown(world: World, destination: Obj, include: Sequence[str]) -> Obj:
    """A destination as it is answered: address and secret only when they are asked for."""
    found = snapshot(destination)
    if "webhook_endpoint.url" in include:
        found["webhook_endpoint"]["url"] = world.hidden[destination["id"] + URL]
    if "webhook_endpoint.signing_secret" in include:
        found["webhook_endpoint"]["signing_secret"] = world.hidden[destination["id"]][0]
    return found


def _target(call: Call, kind: str = DESTINATION) -> Obj:
    found = call.world.get(kind, call.path["id"])
    if found is None:
        raise ApiError(f"No such {kind}: '{call.path['id']}'", status=404, code="not_found")
    return found


def retrieve(call: Call) -> Obj:
    """GET /v2/core/event_destinations/{id}."""
    return shown(call.world, _target(call), call.params.get("include", []))


def update(call: Call) -> Obj:
    """POST /v2/core/event_destinations/{id}."""
    world, destination, given = call.world, _target(call), dict(call.params)
    include = given.pop("include", [])
    if "enabled_events" in given:
        _check_types(given["enabled_events"], destination["event_payload"] == "thin")
    if "webhook_endpoint" in given:
        world.hidden[destination["id"] + URL] = checked_url(given.pop("webhook_endpoint")["url"])
    destination["metadata"] = merge_metadata(destination["metadata"], given.pop("metadata", None))
    destination |= {**given, "updated": iso(world.now())}
    return shown(world, destination, include)


def _switch(call: Call, status: str) -> Obj:
    destination = _target(call)
    reason = {"disabled": {"reason": "user"}} if status == "disabled" else None
    destination |= {"status": status, "status_details": reason, "updated": iso(call.world.now())}
    return destination


def disable(call: Call) -> Obj:
    """POST /v2/core/event_destinations/{id}/disable."""
    return _switch(call, "disabled")


def enable(call: Call) -> Obj:
    """POST /v2/core/event_destinations/{id}/enable."""
    return _switch(call, "enabled")


def ping(call: Call) -> Obj:
    """POST /v2/core/event_destinations/{id}/ping: a thin event about the destination itself, delivered to it."""
    world, destination = call.world, _target(call)
    about = {"id": destination["id"], "type": DESTINATION, "url": f"{_URL}/{destination['id']}"}
    made = thin_events.bare(world, "v2.core.event_destination.ping", iso(world.now())) | {"related_object": about}
    world.outbox.append(Outgoing(world.add(made)["id"], destination["id"]))
    return made


def delete(call: Call) -> Obj:
    """DELETE /v2/core/event_destinations/{id}."""
    gone = call.world.remove(_target(call))
    return {"id": gone["id"], "object": gone["object"]}


def listed(call: Call) -> Obj:
    """GET /v2/core/event_destinations."""
    include = call.params.get("include", [])
    return _page(call, [shown(call.world, each, include) for each in call.world.all(DESTINATION)])


def event(call: Call) -> Obj:
    """GET /v2/core/events/{id}."""
    return _target(call, KIND)


def events(call: Call) -> Obj:
    """GET /v2/core/events: 30 days back, by type and by what they are about."""
    types = call.params.get("types")
    if types is not None and len(types) > MOST_TYPES:
        raise invalid_request(f"You may only specify up to {MOST_TYPES} event types.", param="types")
    since = iso(call.world.now() - KEPT)
    found = [each for each in call.world.all(KIND) if each["created"] > since and (not types or each["type"] in types)]
    if "object_id" in call.params:
        found = [each for each in found if each.get("related_object", {}).get("id") == call.params["object_id"]]
    for name, bound in call.params.get("created", {}).items():
        found = [each for each in found if _within(each["created"], name, bound)]
    return _page(call, [snapshot(each) for each in found])


def _within(created: str, name: str, bound: str) -> bool:
    """Both are written alike, so that text is in the order of time."""
    return {"gt": created > bound, "gte": created >= bound, "lt": created < bound, "lte": created <= bound}[name]


def _page(call: Call, found: list[Obj]) -> Obj:
    limit, begin = call.params.get("limit", 20), call.params.get("page", "0")
    if not 1 <= limit <= 100:
        raise invalid_request("limit is from 1 to 100", param="limit")
    if not (begin.isascii() and begin.isdigit() and len(begin) < 10):
        raise invalid_request("Invalid page", param="page")
    end = int(begin) + limit
    more = f"{call.url}?{urlencode({'limit': limit, 'page': end})}" if end < len(found) else None
    return {"object": "list", "data": found[int(begin) : end], "next_page_url": more, "previous_page_url": None}


_D, _E, _URL = "v2.core._event_destination_", "v2.core._event_", "/v2/core/event_destinations"
_CREATE = names("description enabled_events event_payload events_from include metadata name snapshot_api_version type")
ROUTES = [
    Route("POST", _URL, _D + "create_params:EventDestinationCreateParams", create, _CREATE | {"webhook_endpoint"}),
    Route("GET", _URL, _D + "list_params:EventDestinationListParams", listed, beyond=names("page")),
    Route("GET", _URL + "/{id}", _D + "retrieve_params:EventDestinationRetrieveParams", retrieve),
    Route("POST", _URL + "/{id}", _D + "update_params:EventDestinationUpdateParams", update),
    Route("POST", _URL + "/{id}/disable", _D + "disable_params:EventDestinationDisableParams", disable),
    Route("POST", _URL + "/{id}/enable", _D + "enable_params:EventDestinationEnableParams", enable),
    Route("POST", _URL + "/{id}/ping", _D + "ping_params:EventDestinationPingParams", ping),
    Route("DELETE", _URL + "/{id}", _D + "delete_params:EventDestinationDeleteParams", delete),
    Route("GET", "/v2/core/events", _E + "list_params:EventListParams", events, beyond=names("page")),
    Route("GET", "/v2/core/events/{id}", _E + "retrieve_params:EventRetrieveParams", event),
]
