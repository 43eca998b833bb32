"""Reading events back: 30 days of them. https://docs.stripe.com/api/events/list"""

from __future__ import annotations

from local.stripe.engine.errors import invalid_request
from local.stripe.engine.paging import created_within, page
from local.stripe.engine.routes import Call, Route
from local.stripe.engine.world import Obj

KEPT = 30 * 86_400
MAX_TYPES = 20


def retrieve(call: Call) -> Obj:
    """GET /v1/events/{id}."""
    return call.target("event")


def listed(call: Call) -> Obj:
    """GET /v1/events: by type (with * as a tail), up to 20 types, time, and whether every delivery succeeded."""
    world, params = call.world, call.params
    if "type" in params and "types" in params:
        raise invalid_request("You may only specify one of these parameters: type, types.")
    if len(params.get("types", [])) > MAX_TYPES:
        raise invalid_request(f"You may only specify up to {MAX_TYPES} event types.", param="types")
    patterns = params.get("types") or ([params["type"]] if "type" in params else ["*"])
    exact = frozenset(patterns)
    beginnings = tuple(pattern[:-1] for pattern in patterns if pattern.endswith("*"))
    found = [
        event
        for event in created_within(world.all("event"), params.get("created"))
        if event["type"] in exact or event["type"].startswith(beginnings)
    ]
    found = [event for event in found if event["created"] > world.now() - KEPT]
    if "delivery_success" in params:
        found = [event for event in found if (event["pending_webhooks"] == 0) == params["delivery_success"]]
    return page(found, params, call.url, "event")


ROUTES = [
    Route("GET", "/v1/events", "_event_list_params:EventListParams", listed),
    Route("GET", "/v1/events/{id}", "_event_retrieve_params:EventRetrieveParams", retrieve),
]
