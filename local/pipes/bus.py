"""The event buses: what was put onto them, as lines of a file, and the rules that lead on to queues."""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.eventbridge import event
from local.say import say
from local.template import Model
from local.template.event_pattern import matches

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def envelope(source: str, detail_type: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """The event that EventBridge makes of an entry of PutEvents."""
    return event(source, detail_type, dict(detail), datetime.now(UTC))


def events_file(state: Path) -> Path:
    """Where the events of a run stand, oldest first."""
    return state / "events.jsonl"


def events(state: Path) -> list[dict[str, Any]]:
    """Everything that was put onto a bus, oldest first."""
    path = events_file(state)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class Buses:
    def __init__(self, state: Path, model: Callable[[], Model], sqs: "SQSClient") -> None:
        self._file = events_file(state)
        self._model = model
        self._sqs = sqs
        self._lock = threading.Lock()

    def put(self, bus: str, event: Mapping[str, Any]) -> None:
        """Write the event down, and send it to the queue of each rule that it fits, as JSON."""
        with self._lock, self._file.open("a") as lines:
            lines.write(json.dumps(event) + "\n")
        for rule in self._model().bus_rules:
            if rule.bus == bus and matches(rule.pattern, event):
                self._sqs.send_message(QueueUrl=rule.queue.url, MessageBody=json.dumps(event))
        say(f"{event['detail-type']} {event['detail'].get('id', event['id'])}")
