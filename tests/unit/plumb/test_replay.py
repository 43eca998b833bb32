"""`plumb replay`: an event that is fetched from Stripe is queued as the webhook would have queued it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from billing.domain.ids import EventId
from billing.domain.records import EventRecord, Outcome
from plumb.commands.replay import command
from plumb.invocation import Invocation, Options
from tests.fakes.core import Core
from tests.fakes.snapshots import NOW
from tests.fakes.webhook_edge import PAYLOAD
from tests.unit.billing.adapters.http_servers import answer, bad_server
from tests.unit.plumb.test_world import a_world

OURS, ANOTHER = "acct_1Connected", "acct_1Another"


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


def replayed(core: Core, event: dict[str, Any], account: str = "") -> Any:
    """The message that is queued of an event as Stripe still has it."""
    with bad_server(answer(json.dumps(event))) as server:
        world = a_world(STRIPE_API_BASE=server.url, STRIPE_ACCOUNT=account)
        vars(world).update(events=core.events, queue=core.queue, clock=core.clock)
        invocation = Invocation(Options(as_json=True))
        vars(invocation).update(world=world, site=world.site)
        assert command.main([event["id"]], obj=invocation, standalone_mode=False) == 0
    [message] = core.queue.messages
    return message


@pytest.mark.parametrize(
    ("account", "of", "quarantined"),
    [("", None, False), (OURS, OURS, False), ("", OURS, True), (OURS, ANOTHER, True)],
)
def test_a_fetched_event_is_for_us_if_it_is_of_our_account(account: str, of: str | None, quarantined: bool) -> None:
    """F30, F49: with Connect every event has an account; taken for another's, what was lost would stay lost."""
    message = replayed(Core(), PAYLOAD | {"account": of}, account)
    assert (message["id"], message["account"]) == (PAYLOAD["id"], of)
    assert (message["quarantine"] is not None) is quarantined


def test_an_event_that_was_recorded_without_its_message_is_fetched() -> None:
    """F49: by an older release. What is recorded says what became of it, and not what it was."""
    core, name = Core(), EventId(PAYLOAD["id"])
    core.tables.events[name] = EventRecord(name, PAYLOAD["type"], NOW, Outcome.QUARANTINED, "a bug", NOW)
    assert replayed(core, PAYLOAD)["id"] == name
