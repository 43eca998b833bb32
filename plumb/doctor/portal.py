"""The customer portal: its settings are saved, and let nobody get credits for what is paid back (docs/deploying.md)."""

from collections.abc import Iterator, Mapping
from typing import Any

import stripe

from billing.adapters.secrets_manager import secret_text
from billing.adapters.stripe_api.client import stripe_client
from plumb.doctor.finding import Finding, ok, warn
from plumb.world import World

_SET_UP = "docs/deploying.md, step 7: save the portal's settings in the dashboard, or deploy with PortalConfiguration."
_PAUSE = "Turn pausing off in the portal's settings, unless no plan grants credits."
_CANCEL = "Let cancellations take effect at the end of the billing period, or without proration."


def portal(world: World) -> Iterator[Finding]:
    """The configuration that the portal's sessions are opened with."""
    named = world.site.environment.get("PORTAL_CONFIGURATION")
    api = _as_the_function(world).v1.billing_portal.configurations
    try:
        found = [api.retrieve(named)] if named else api.list({"is_default": True, "limit": 1}).data
    except stripe.PermissionError:
        yield warn("portal", "The key may not read the portal's settings.", "Allow it to read the Customer portal.")
        return
    if not found:
        yield warn("portal", "Its settings were never saved: nobody can open it.", _SET_UP)
    for each in found:
        yield from findings(each.to_dict())


def _as_the_function(world: World) -> stripe.StripeClient:
    """A client with the key of the function that opens the portal, which may be one of its own."""
    access, environment = world.settings.stripe, world.site.functions.get("SubscriptionsFunction", {})
    return stripe_client(
        access, secret_text(world.secrets, environment.get("STRIPE_API_KEY_SECRET", access.key_secret), "key")
    )


def findings(configuration: Mapping[str, Any]) -> Iterator[Finding]:
    """What a configuration lets customers do that pays back a period whose credits they keep, once or again and again.

    https://docs.stripe.com/api/customer_portal/configurations/object
    """
    name, features = configuration["id"], configuration["features"]
    if not configuration["active"]:
        yield warn("portal", f"{name} is not active: nobody can open the portal.", _SET_UP)
    pause, cancel = features.get("subscription_pause") or {}, features["subscription_cancel"]
    pays_back = cancel["mode"] == "immediately" and cancel["proration_behavior"] != "none"
    if pause.get("enabled"):
        yield warn(
            "portal", f"{name} lets customers pause: a period that is paid back has granted its credits.", _PAUSE
        )
    if cancel["enabled"] and pays_back:
        yield warn("portal", f"{name} pays back what is left when a plan is canceled, and its credits stay.", _CANCEL)
    if configuration["active"] and not pause.get("enabled") and not (cancel["enabled"] and pays_back):
        yield ok("portal", f"{name} is active, and pays nothing back that has granted credits.")
