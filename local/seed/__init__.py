"""The sample catalog, put into Stripe (the stand-in or a real test account) through the official SDK."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.errors import StartError

if TYPE_CHECKING:
    import stripe

CATALOG = Path(__file__).with_name("catalog.json")
WEBHOOK_EVENTS = Path(__file__).with_name("webhook_events.json")

PROMOTION_CODE, PERCENT_OFF = "PLUMB20", 20


def webhook_events() -> list[str]:
    """The event types that a webhook endpoint of this system is set up for: those that its webhook handles."""
    names: list[str] = json.loads(WEBHOOK_EVENTS.read_text())
    return names


def fill_catalog(stripe_url: str, key: str) -> list[str]:
    """Create the prices whose lookup key is not there yet; return the lookup keys that were created.

    Raise StartError, in one sentence, when Stripe can't be reached or refuses, as it does with a wrong key.
    """
    import stripe  # a third of a second: only who fills a catalog pays it

    client = stripe_client(stripe_url, key)
    try:
        return _fill(client)
    except stripe.APIConnectionError as error:
        raise StartError(f"Stripe cannot be reached at {stripe_url}, so the sample catalog is missing.") from error
    except stripe.StripeError as error:  # its own words name the cause, and of a key the last characters only
        raise StartError(f"Stripe refused the sample catalog: {error.user_message or error}") from error


def add_promotion_code(stripe_url: str, key: str) -> None:
    """Give a fresh stand-in one code for its checkout page, for the first payment."""
    client = stripe_client(stripe_url, key)
    coupon = client.v1.coupons.create({"name": f"{PERCENT_OFF}% off", "percent_off": PERCENT_OFF, "duration": "once"})
    client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": PROMOTION_CODE})


def stripe_client(stripe_url: str, key: str) -> "stripe.StripeClient":
    """The official SDK, turned to this Stripe."""
    import stripe

    stripe.enable_telemetry = False  # nothing of a run is left in the home directory
    return stripe.StripeClient(
        key,
        base_addresses={"api": stripe_url},
        max_network_retries=2,
        http_client=stripe.RequestsClient(timeout=20),
    )


def _fill(client: "stripe.StripeClient") -> list[str]:
    """Idempotent, also when it was interrupted: a product without its price is found by its name and used."""
    wanted: list[dict[str, Any]] = json.loads(CATALOG.read_text())
    keys = [entry["lookup_key"] for entry in wanted]
    prices = client.v1.prices.list({"lookup_keys": keys, "active": True, "limit": 100})
    present = {price.lookup_key for price in prices.data}
    missing = [entry for entry in wanted if entry["lookup_key"] not in present]
    products = {}
    if missing:
        listed = client.v1.products.list({"active": True, "limit": 100})
        products = {product.name: product.id for product in listed.auto_paging_iter()}
    for entry in missing:
        product = entry["product"]
        product_id = products.get(product["name"]) or client.v1.products.create(product).id
        price: Any = {**entry["price"], "product": product_id, "lookup_key": entry["lookup_key"]}
        client.v1.prices.create(price)
    return [entry["lookup_key"] for entry in missing]
