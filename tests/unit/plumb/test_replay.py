"""`plumb replay`: an event that is fetched from Stripe is queued as the webhook would have queued it."""

from __future__ import annotations

import json

import pytest

from plumb.commands.replay import command
from plumb.invocation import Invocation, Options
from tests.fakes.core import Core
from tests.fakes.webhook_edge import PAYLOAD
from tests.unit.billing.adapters.http_servers import answer, bad_server
from tests.unit.plumb.test_world import a_world

OURS, ANOTHER = "acct_1Connected", "acct_1Another"


@pytest.mark.parametrize(
    ("account", "of", "quarantined"),
    [("", None, False), (OURS, OURS, False), ("", OURS, True), (OURS, ANOTHER, True)],
)
def test_a_fetched_event_is_for_us_if_it_is_of_our_account(
    monkeypatch: pytest.MonkeyPatch, account: str, of: str | None, quarantined: bool
) -> None:
    """F30, F49: with Connect every event has an account; taken for another's, what was lost would stay lost."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    core, event = Core(), PAYLOAD | {"account": of}
    with bad_server(answer(json.dumps(event))) as server:
        world = a_world(STRIPE_API_BASE=server.url, STRIPE_ACCOUNT=account)
        vars(world).update(events=core.events, queue=core.queue, clock=core.clock)
        invocation = Invocation(Options(as_json=True))
        vars(invocation).update(world=world, site=world.site)
        assert command.main([event["id"]], obj=invocation, standalone_mode=False) == 0
    [message] = core.queue.messages
    assert (message["id"], message["account"]) == (event["id"], of)
    assert (message["quarantine"] is not None) is quarantined
