"""Put events that were parked or quarantined back onto the queue, after what was wrong was put right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from billing.domain.ids import EventId
from billing.domain.records import EventRecord
from billing.ports.store import EventStore
from billing.ports.world import Log, Queue


class Replay(StrEnum):
    """What became of a wish to replay an event."""

    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    """No such event is recorded: Stripe can send it again, for 15 days from its dashboard
    (https://docs.stripe.com/webhooks#resend-events)."""
    SETTLED = "SETTLED"
    """It was applied, or changed nothing, or was not ours: there is nothing left to do."""
    NO_MESSAGE = "NO_MESSAGE"
    """Recorded by a release that kept no message: have Stripe send it again."""


def replay_events(events: Sequence[EventId], store: EventStore, queue: Queue, log: Log) -> Mapping[EventId, Replay]:
    """Queue the stored message of each event again. The guard of the record moves it, once (money rule 8).

    Raises what the ports raise; what was sent before stays sent, and sending twice changes nothing.
    """
    records = store.records(set(events))
    outcomes: dict[EventId, Replay] = {}
    for event in dict.fromkeys(events):
        outcomes[event] = _replayed(records.get(event), queue)
        log.info("replay asked for", event_id=event, outcome=outcomes[event])
    return outcomes


def _replayed(record: EventRecord | None, queue: Queue) -> Replay:
    if record is None:
        return Replay.UNKNOWN
    if record.outcome.terminal:
        return Replay.SETTLED
    if record.message is None:
        return Replay.NO_MESSAGE
    queue.send(record.message)
    return Replay.SENT
