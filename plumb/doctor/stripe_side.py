"""Stripe: the key and its mode, the API version, the catalog; the webhook endpoint, against what is handled."""

import time
from collections.abc import Iterator

import stripe

from plumb.doctor.finding import Finding, fail, ok, warn
from plumb.webhook_endpoint import PINNED, Difference, our_endpoint
from plumb.world import World


def api(world: World) -> Iterator[Finding]:
    """Stripe answers this key, in the mode and API version that the functions rely on."""
    client = world.stripe  # raises Misconfigured for a key of the other mode (failure-modes S28)
    mode = "live" if world.settings.stripe.livemode else "test"
    start = time.perf_counter()
    page = client.v1.prices.list({"limit": 1})
    took = (time.perf_counter() - start) * 1000
    headers = page.last_response.headers if page.last_response else {}
    version = {name.lower(): value for name, value in headers.items()}.get("stripe-version")
    yield ok("stripe", f"Answers at {world.settings.stripe.api_base} in {took:.0f} ms, with a key of {mode} mode.")
    if version is not None and version != PINNED:
        yield fail(
            "stripe",
            f"Answers in API version {version}, and this release reads {PINNED}.",
            "Install the locked stripe package: layers/dependencies/requirements.txt.",
        )
    else:
        yield ok("stripe", f"API version {version or PINNED}, which stripe-python {stripe.VERSION} pins.")


def catalog(world: World) -> Iterator[Finding]:
    """Something is for sale, and no price's metadata is broken."""
    prices = world.catalog.active_prices()
    broken = [price for price in prices if price.problem]
    if not prices:
        yield warn("catalog", "No price is active: nothing can be bought.", "plumb catalog apply FILE")
    elif broken:
        named = ", ".join(price.lookup_key or price.id for price in broken[:5])
        yield warn(
            "catalog", f"{len(broken)} of {len(prices)} prices are broken and can't be sold: {named}.", "plumb catalog"
        )
    else:
        yield ok("catalog", f"{len(prices)} active prices, none broken.")


def webhook(world: World) -> Iterator[Finding]:
    """The endpoint exists, is switched on, and gets exactly the events that the webhook handles."""
    if world.site.local and world.site.real_stripe:
        yield ok("webhook", "Real Stripe reaches this machine through `stripe listen` only: there is no endpoint.")
        return
    setup = "plumb webhook setup --yes"
    found, others = our_endpoint(world.platform, world.site.webhook_urls)
    if found is None:
        yield fail("webhook", f"No endpoint points to {world.site.webhook_urls[0]}.", setup)
        for url in others:
            yield warn("webhook", f"Another endpoint points to {url}.", "Delete it in the dashboard if it was ours.")
        return
    differences = list(found.differences())
    for difference in differences:
        report = fail if difference in (Difference.DISABLED, Difference.MISSING_EVENTS) else warn
        yield report("webhook", f"{found.id}: {found.describe(difference)}", setup)
    if not differences:
        version = found.api_version or "the account's default version"
        yield ok("webhook", f"{found.id} is enabled, with the {len(found.events)} handled events, in {version}.")
    if found.twins:
        yield warn(
            "webhook",
            f"{len(found.twins) + 1} endpoints point here: every event comes as often.",
            f"Delete all but one: {', '.join(found.twins)}.",
        )
