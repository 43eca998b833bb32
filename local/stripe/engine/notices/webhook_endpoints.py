"""Webhook endpoints. https://docs.stripe.com/api/webhook_endpoints"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.errors import invalid_request
from local.stripe.engine.paging import page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import API_VERSION, Obj, World, merge_metadata, snapshot

VERSIONS = (API_VERSION, "2024-06-20", "2020-08-27")
"""In which an endpoint may get its events: this one, and those that old_shapes.py knows."""


def make(world: World, url: str, events: list[str], secret: str | None = None, **values: Any) -> Obj:
    """Keep an endpoint with its first secret."""
    endpoint = world.add(
        {
            "id": world.id("we_1"),
            "object": "webhook_endpoint",
            "api_version": API_VERSION,
            "application": None,
            "created": world.now(),
            "description": None,
            "enabled_events": events,
            "livemode": False,
            "metadata": {},
            "status": "enabled",
            "url": url,
            **values,
        }
    )
    world.hidden[endpoint["id"]] = [secret or "whsec_" + world.token(32)]
    return endpoint


def secrets(world: World, endpoint: str) -> list[str]:
    """The secrets that sign, newest first."""
    found: list[str] = world.hidden[endpoint]
    return found


def roll(world: World, endpoint: Obj, secret: str | None, keep_old: bool) -> str:
    """Give an endpoint a new secret; the old one may stay active for up to a day, both then sign.

    https://docs.stripe.com/webhooks#roll-endpoint-secrets
    """
    fresh = secret or "whsec_" + world.token(32)
    world.hidden[endpoint["id"]] = [fresh, *(secrets(world, endpoint["id"])[:1] if keep_old else [])]
    return fresh


def create(call: Call) -> Obj:
    """POST /v1/webhook_endpoints: the only answer that carries the secret."""
    given = {key: value for key, value in call.params.items() if key != "expand"}
    if given.pop("connect", False):
        raise invalid_request("Connect endpoints are not available on this account.", param="connect")
    if given.get("api_version", API_VERSION) not in VERSIONS:
        raise invalid_request(
            f"The stand-in sends events of the API versions {', '.join(VERSIONS)} only.", param="api_version"
        )
    endpoint = make(call.world, checked_url(given.pop("url")), given.pop("enabled_events"), **given)
    return snapshot(endpoint) | {"secret": secrets(call.world, endpoint["id"])[0]}


def checked_url(url: str) -> str:
    """Refuse an address without a scheme."""
    if not url.startswith(("http://", "https://")):
        raise invalid_request(
            "Invalid URL: An explicit scheme (such as https) must be provided.", param="url", code="url_invalid"
        )
    return url


def retrieve(call: Call) -> Obj:
    """GET /v1/webhook_endpoints/{id}."""
    return call.target("webhook_endpoint", "webhook endpoint", "webhook_endpoint")


def update(call: Call) -> Obj:
    """POST /v1/webhook_endpoints/{id}."""
    endpoint = call.target("webhook_endpoint", "webhook endpoint", "webhook_endpoint")
    given = {key: value for key, value in call.params.items() if key != "expand"}
    if "url" in given:
        endpoint["url"] = checked_url(given["url"])
    if "disabled" in given:
        endpoint["status"] = "disabled" if given["disabled"] else "enabled"
    endpoint["enabled_events"] = given.get("enabled_events", endpoint["enabled_events"])
    endpoint["description"] = given.get("description", endpoint["description"]) or None
    endpoint["metadata"] = merge_metadata(endpoint["metadata"], given.get("metadata"))
    return endpoint


def delete(call: Call) -> Obj:
    """DELETE /v1/webhook_endpoints/{id}."""
    return call.world.remove(call.target("webhook_endpoint", "webhook endpoint", "webhook_endpoint"))


def listed(call: Call) -> Obj:
    """GET /v1/webhook_endpoints."""
    return page(call.world.all("webhook_endpoint"), call.params, call.url, "webhook endpoint")


_WE = "_webhook_endpoint_"
ROUTES = [
    Route(
        "POST",
        "/v1/webhook_endpoints",
        _WE + "create_params:WebhookEndpointCreateParams",
        create,
        names("api_version connect description enabled_events metadata url"),
    ),
    Route("GET", "/v1/webhook_endpoints", _WE + "list_params:WebhookEndpointListParams", listed),
    Route("GET", "/v1/webhook_endpoints/{id}", _WE + "retrieve_params:WebhookEndpointRetrieveParams", retrieve),
    Route("POST", "/v1/webhook_endpoints/{id}", _WE + "update_params:WebhookEndpointUpdateParams", update),
    Route("DELETE", "/v1/webhook_endpoints/{id}", _WE + "delete_params:WebhookEndpointDeleteParams", delete),
]
