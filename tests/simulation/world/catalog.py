"""What the simulated shop sells, and a Stripe account that has it: made once, and copied for each run."""

from __future__ import annotations

from functools import cache
from typing import Any

from billing.domain.events import HANDLED
from local.stripe.engine.checkout import page_offers
from local.stripe.engine.notices import webhook_endpoints
from local.stripe.engine.schema import check, params_type
from local.stripe.engine.subscriptions import portal_configurations
from tests.simulation.world.scheduler import FIRST
from tests.simulation.world.stripe import SimulatedEngine, Tokens

LEVELS = ("FREE", "PRO", "TEAM")
SECRET = "whsec_simulated_0123456789abcdef"
PACKS = ("pack", "pack_expiring", "pass", "bundle")
PLANS = ("pro_monthly", "team_monthly", "pro_yearly")
ADDONS = ("seats_monthly", "storage_yearly")
"""What is subscribed to beside a plan, and gives no level."""
BESIDE = (*ADDONS, "team_yearly", "pro_monthly")
"""All that somebody may put beside a plan by hand, a second plan among it."""
CODES = ("ALLFREE", "HALFOFF")
"""Promotion codes: the first payment costs nothing; every payment costs half."""

_PRICES: tuple[tuple[str, int, str | None, dict[str, str]], ...] = (
    ("pack", 1000, None, {"credits_amount": "100"}),
    ("pack_expiring", 777, None, {"credits_amount": "90", "credits_expire_days": "3"}),
    ("pass", 2900, None, {"entitlement_level": "PRO", "entitlement_days": "30"}),
    (
        "bundle",
        3100,
        None,
        {"credits_amount": "70", "credits_expire_days": "40", "entitlement_level": "TEAM", "entitlement_days": "10"},
    ),
    ("pro_monthly", 1200, "month", {"plan": "pro", "entitlement_level": "PRO", "credits_amount": "50"}),
    (
        "team_monthly",
        4500,
        "month",
        {"plan": "team", "entitlement_level": "TEAM", "credits_amount": "200", "credits_expire_days": "31"},
    ),
    ("pro_yearly", 12000, "year", {"plan": "pro", "entitlement_level": "PRO", "credits_amount": "600"}),
    ("seats_monthly", 501, "month", {"credits_amount": "13"}),
    ("team_yearly", 43000, "year", {"plan": "team", "entitlement_level": "TEAM", "credits_amount": "2400"}),
    ("storage_yearly", 2399, "year", {"credits_amount": "37", "credits_expire_days": "50"}),
)
"""Lookup key, cents, interval, and what it gives: with amounts by which nothing divides evenly."""

_BESIDE = {"credits_amount": "31", "credits_expire_days": "6"}
"""What the page offers beside a pack: nobody orders it, and nobody edits it."""


@cache
def template() -> SimulatedEngine:
    """The account before anything has happened."""
    engine = SimulatedEngine(lambda: FIRST, Tokens(), "https://checkout.simulated")
    for key, amount, interval, metadata in _PRICES:
        product = engine.request("POST", "/v1/products", {"name": key}).body
        params: dict[str, Any] = {
            "product": product["id"],
            "currency": "eur",
            "unit_amount": amount,
            "lookup_key": key,
            "metadata": metadata,
        }
        if interval is not None:
            params["recurring"] = {"interval": interval}
        engine.request("POST", "/v1/prices", params)
    _cross_sell(engine)
    for code, worth in zip(
        CODES, ({"percent_off": 100, "duration": "once"}, {"percent_off": 50, "duration": "forever"}), strict=True
    ):
        coupon = engine.request("POST", "/v1/coupons", worth).body["id"]
        engine.request("POST", "/v1/promotion_codes", {"code": code, "promotion": {"type": "coupon", "coupon": coupon}})
    schema = params_type("billing_portal._configuration_create_params:ConfigurationCreateParams")
    portal_configurations.make(engine.world, check({"features": {}}, schema), default=True)
    webhook_endpoints.make(engine.world, "https://api.simulated/webhooks/stripe", [*HANDLED, "plan.created"], SECRET)
    return engine


def _cross_sell(engine: SimulatedEngine) -> None:
    beside = engine.request("POST", "/v1/products", {"name": "beside"}).body
    params = {"product": beside["id"], "currency": "eur", "unit_amount": 301, "metadata": _BESIDE}
    engine.request("POST", "/v1/prices", params)
    (pack,) = [each for each in engine.world.all("price") if each["lookup_key"] == PACKS[0]]
    need = engine.world.need
    page_offers.set_cross_sell(engine.world, need("product", pack["product"]), need("product", beside["id"]))
