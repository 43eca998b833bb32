"""`plumb replay`: events back onto the queue."""

from collections.abc import Sequence

import click

from billing.domain.events import Origin, parse_event
from billing.domain.ids import NOTICE_ID, EventId
from billing.errors import MalformedEvent
from billing.services.replay_events import Replay, replay_events
from plumb.cli import FAILED, OK, operator_command
from plumb.errors import PlumbError
from plumb.invocation import Invocation
from plumb.world import World

_OUTCOME_TEXT = {
    "SENT": "put back onto the queue",
    "FETCHED": "fetched from Stripe and put onto the queue",
    "SETTLED": "it was settled before: there is nothing left to do",
    "UNKNOWN": "neither recorded here nor known to Stripe any more, which keeps events for 30 days",
}


@operator_command("replay")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
def command(invocation: Invocation, ids: tuple[str, ...]) -> int:
    """Put events back onto the queue, after what was wrong was put right: parked, quarantined, or never arrived.

    The stored message of each is sent again; one that is not recorded is fetched from Stripe. An event that was settled
    is left alone, and one that is sent twice changes nothing. Exits 1 when one is unknown.

    \b
    Examples:
      plumb replay evt_1QX2
      plumb replay evt_1QX2 evt_1QX3 --stage prod --yes --json
    """
    wrong = [text for text in ids if NOTICE_ID.fullmatch(text) is None]
    if wrong:
        raise click.UsageError(f"{wrong[0]} is no event id: they begin with evt_.")
    invocation.must_confirm(f"Replay {len(ids)} events?")
    world, events = invocation.world, [EventId(text) for text in dict.fromkeys(ids)]
    replayed = replay_events(events, world.events, world.queue, world.log)
    lost = [event for event, outcome in replayed.items() if outcome in (Replay.UNKNOWN, Replay.NO_MESSAGE)]
    outcomes = {**{str(event): str(outcome) for event, outcome in replayed.items()}, **_fetched(world, lost)}
    for event, outcome in outcomes.items():
        invocation.out.say(f"{event}: {_OUTCOME_TEXT[outcome]}.")
    invocation.out.document({"events": [{"id": event, "outcome": outcome} for event, outcome in outcomes.items()]})
    return FAILED if "UNKNOWN" in outcomes.values() else OK


def _fetched(world: World, events: Sequence[EventId]) -> dict[str, str]:
    """Queue events as the webhook would have, from Stripe's Events API."""
    origin = Origin(world.settings.stage.livemode, world.settings.stripe.account)
    found: dict[str, str] = {}
    for event in events:
        payload = world.event_at_stripe(event)
        if payload is None:
            found[event] = "UNKNOWN"
            continue
        try:
            notice = parse_event(payload, origin, received_at=world.clock.now(), correlation_id=f"replay:{event}")
        except MalformedEvent as exc:
            raise PlumbError(f"{event} can't be read as an event of ours ({exc.reason}).") from exc
        world.queue.send(notice.to_text())
        found[event] = "FETCHED"
    return found
