"""What the command builds of an installation's settings: the same as its functions do, in either mode."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from billing.domain.entitlement import AccessPolicy
from billing.domain.events import Origin
from plumb.site import Site
from plumb.world import World
from tests.fakes.world import FakeSecrets
from tests.unit.billing.adapters.http_servers import answer, bad_server
from tests.unit.plumb.conftest import ENVIRONMENT, REGION

_QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/events"


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


def a_world(**changed: str) -> World:
    variables = {**ENVIRONMENT, "EVENTS_QUEUE_URL": _QUEUE, **changed}
    world = World(Site(variables["STAGE"], {"WebhookFunction": variables}, "https://api.example.com", local=False))
    keys: Any = {ENVIRONMENT["STRIPE_API_KEY_SECRET"]: {"key": f"rk_{variables['STRIPE_MODE']}_key"}}
    vars(world)["secrets"] = FakeSecrets(keys)
    return world


@pytest.mark.parametrize("account", ["", "acct_1Connected"])
@pytest.mark.parametrize(("stage", "mode"), [("staging", "test"), ("prod", "live")])
def test_what_is_read_of_stripes_lists_is_taken_for_what_it_is(stage: str, mode: str, account: str) -> None:
    """F30: else a reconcile by hand would record as another's what it was to bring back."""
    world = a_world(STAGE=stage, STRIPE_MODE=mode, STRIPE_ACCOUNT=account)
    assert world.walking.origin == Origin(livemode=mode == "live", account=account or None)
    assert world.site.live is (mode == "live")


def test_a_converge_by_hand_keeps_to_the_policy_of_the_functions() -> None:
    """Money rules 12 and 21."""
    world = a_world(LEVELS="NONE,GOLD", PAST_DUE_GRACE_DAYS="3", TRIAL_CREDITS="true")
    policy = AccessPolicy(("NONE", "GOLD"), timedelta(days=3), trial_credits=True)
    assert (world.converge.policy, world.credits.policy, world.look.trial_credits) == (policy, policy, True)


def test_endpoints_are_the_platforms_and_all_else_is_the_connected_accounts() -> None:
    """https://docs.stripe.com/connect/webhooks: the endpoint that takes a connected account's events is not its own."""
    page = answer('{"object": "list", "data": [], "has_more": false, "url": "/v1/things"}')
    with bad_server(page) as server:
        world = a_world(STRIPE_API_BASE=server.url, STRIPE_ACCOUNT="acct_1Connected")
        world.platform.v1.webhook_endpoints.list()
        world.stripe.v1.events.list()
    heads = [request.decode() for request in server.received]
    assert [re.findall(r"(?i)^stripe-account: (\S+)", head, re.MULTILINE) for head in heads] == [
        [],
        ["acct_1Connected"],
    ]
