"""The doctor's look at the customer portal: what its settings let customers get for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from plumb.doctor.finding import Status
from plumb.doctor.portal import findings
from tests.fakes.operator import Operator
from tests.unit.plumb.conftest import Deployed

AT_END = {"enabled": True, "mode": "at_period_end", "proration_behavior": "none"}


def configuration(active: bool = True, **features: Any) -> dict[str, Any]:
    return {"id": "bpc_1", "active": active, "features": {"subscription_cancel": AT_END, **features}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (configuration(), []),
        (configuration(subscription_pause={"enabled": False}), []),
        (configuration(subscription_pause=None), []),
        (configuration(active=False), ["is not active"]),
        (configuration(subscription_pause={"enabled": True}), ["lets customers pause"]),
        (configuration(subscription_cancel=AT_END | {"mode": "immediately"}), []),
        (
            configuration(subscription_cancel=AT_END | {"mode": "immediately", "proration_behavior": "always_invoice"}),
            ["pays back what is left"],
        ),
        (
            configuration(
                subscription_cancel={"enabled": False, "mode": "immediately", "proration_behavior": "create_prorations"}
            ),
            [],
        ),
    ],
)
def test_what_is_paid_back_is_named(given: dict[str, Any], said: list[str]) -> None:
    """What resumes after a pause, or is bought again, is paid for with what was paid back, and grants once more."""
    found = list(findings(given))
    assert [each.status for each in found] == ([Status.WARN] * len(said) or [Status.OK])
    for each, words in zip(found, said, strict=False):
        assert words in each.message


def test_it_asks_with_the_key_of_the_function_that_opens_the_portal(deployed: Deployed, plumb: Operator) -> None:
    deployed.deploy()
    deployed.store_secrets()
    deployed.set("SubscriptionsFunction", STRIPE_API_KEY_SECRET="plumbline/stripe-plans-key")
    told = plumb("doctor", "--stage", "staging", "--json").document["findings"]
    assert ["plumbline/stripe-plans-key" in each["message"] for each in told if each["check"] == "portal"] == [True]
