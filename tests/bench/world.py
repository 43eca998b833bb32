"""The local system with a meter before each service, and functions in processes of their own that see the meter only.

Nothing comes by itself: no webhook is delivered, no queue is polled, no schedule strikes. So what is counted is what
was asked for here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.dashboard.figures import samples_of
from local.lambda_service.environment import worker_environment
from local.poller.record import record
from local.stack import Stack
from local.supervisor.plan import UPSTASH_SECRET
from local.template import Function
from tests.bench.invocations import delivery, request
from tests.bench.meter import Meter, Request, measured
from tests.bench.process import Process
from tests.bench.tables import Units
from tests.integration.purchase.shop import Shop

_QUEUE = "counted-events"
"""Another than the template's, which the system's own consumer reads."""

_WITHOUT_REDIS = ("cache failed", "cache paused", "publish tried again")


@dataclass(frozen=True)
class Left:
    """What invocations have left behind: every request, and what they wrote into the log."""

    requests: list[Request]
    log: str


def together(each: Iterable[Left]) -> Left:
    """All of them as one."""
    found = [*each]
    return Left([asked for left in found for asked in left.requests], "".join(left.log for left in found))


class World:
    """A shop whose functions are invoked by hand."""

    def __init__(self, stack: Stack, shop: Shop, meter: Meter, seen: Mapping[str, str]) -> None:
        self.stack = stack
        self.shop = shop
        self.meter = meter
        self._seen = seen
        self._functions = {each.label: each for each in stack.config.model().functions.values()}
        self._running: dict[str, Process] = {}

    # Functions

    def labels(self) -> list[str]:
        return sorted(self._functions)

    def function(self, label: str) -> Function:
        return self._functions[label]

    def environment(self, label: str) -> dict[str, str]:
        """A function's environment, but for where the services are."""
        function = self._functions[label]
        found = {**worker_environment(function, self.stack.config), **self._seen}
        return found if "STRIPE_API_BASE" in function.environment else found | {"STRIPE_API_BASE": ""}

    def invoke(self, label: str, event: Any) -> tuple[Any, Left]:
        """Return a function's answer, and what it asked. Its process stays, as an execution environment does."""
        if label not in self._running:
            log = self._log(label).open("w")
            self._running[label] = Process(self.environment(label), self._functions[label].code_dir, log)
            log.close()
        mark, written = self.meter.mark(), self._log(label).stat().st_size
        answer = self._running[label].invoke(event)
        return answer, Left(self.meter.since(mark), self._log(label).read_bytes()[written:].decode())

    def disturbed(self) -> bool:
        """Whether any function could not use Redis in time."""
        said = [self._log(label).read_text() for label in self._running]
        return any(f'"message":"{line}"' in text for text in said for line in _WITHOUT_REDIS)

    def told(self, metric: str) -> float:
        """What the functions that run have counted so far under this name."""
        lines = (line for label in self._running for line in self._log(label).read_text().splitlines())
        return sum(sum(values) for (name, _), values in samples_of(lines).items() if name == metric)

    def renew(self) -> None:
        """End every process: a new one makes no pause for Redis."""
        self.close()
        self._running.clear()

    def _log(self, label: str) -> Path:
        return self.stack.state_dir / f"{label}.counted.log"

    def close(self) -> None:
        for process in self._running.values():
            process.end()

    # What happens in between

    def checkout(self, user: str, key: str) -> tuple[dict[str, Any], Left]:
        answer, asked = self.invoke("create_checkout", request("create_checkout/lookup_key", user, {"lookupKey": key}))
        assert answer["statusCode"] == 201, answer
        return json.loads(answer["body"]), asked

    def sync(self, user: str, session: str) -> Left:
        answer, asked = self.invoke("success_sync", request("success_sync/sync", user, {"sessionId": session}))
        assert answer["statusCode"] == 200, answer
        return asked

    def deliver(self, event: Any) -> Left:
        answer, asked = self.invoke("webhook", delivery(json.dumps(event).encode(), self.stack.webhook_secret))
        assert answer["statusCode"] == 200, answer
        return asked

    def consume(self, records: list[dict[str, Any]]) -> Left:
        answer, asked = self.invoke("event_consumer", {"Records": records})
        assert answer == {"batchItemFailures": []}, answer
        return asked

    def received(self, count: int) -> list[dict[str, Any]]:
        """So many messages of the queue, as its poller hands them on; they are taken off."""
        queue = self.stack.config.model().queues["EventsQueue"]
        url, sqs = self._seen["EVENTS_QUEUE_URL"], self.stack.sqs()
        records: list[dict[str, Any]] = []
        while len(records) < count:
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
            assert "Messages" in found, f"only {len(records)} of {count} messages are there"
            for message in found["Messages"]:
                records.append(record(message, queue))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        sqs.close()
        return records

    def events_since(self, last: str | None) -> list[dict[str, Any]]:
        """What Stripe would have delivered since then, the oldest first."""
        endpoint = self.shop.stripe("GET", "webhook_endpoints")["data"][0]
        listed = self.shop.stripe("GET", "events", limit=100, **({"ending_before": last} if last else {}))["data"]
        return [event for event in reversed(listed) if event["type"] in endpoint["enabled_events"]]

    def last_event(self) -> str | None:
        listed = self.shop.stripe("GET", "events", limit=1)["data"]
        return listed[0]["id"] if listed else None


@contextmanager
def world(*, metered: bool = True) -> Iterator[World]:
    """Start it, and end it. Without the meter, functions ask the services themselves."""
    with ExitStack() as open_, Stack(warm=()) as stack:
        stack.kill("timer", restart=False)
        shop = Shop(stack)
        open_.callback(shop.close)
        shop.control("faults", drop=1_000_000)
        meter = Meter()
        seen = {"EVENTS_QUEUE_URL": _queue_made(stack), **(_metered(stack, meter, open_) if metered else {})}
        running = World(stack, shop, meter, seen)
        open_.callback(running.close)
        yield running


def _metered(stack: Stack, meter: Meter, open_: ExitStack) -> dict[str, str]:
    """Put a meter before each service; return the variables that lead functions there."""
    config, dynamodb = stack.config, stack.dynamodb()
    open_.callback(dynamodb.close)
    units = Units(dynamodb, config.model().tables)
    _redis_is_at(stack, open_.enter_context(measured(meter, "Redis", stack.upstash_url)))
    secrets = open_.enter_context(measured(meter, "Secrets Manager", config.sqs_url))
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": open_.enter_context(measured(meter, "DynamoDB", config.dynamodb_url, units)),
        "AWS_ENDPOINT_URL_SQS": open_.enter_context(measured(meter, "SQS", config.sqs_url)),
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": secrets,
        "STRIPE_API_BASE": open_.enter_context(measured(meter, "Stripe", config.stripe_url)),
    }


def _redis_is_at(stack: Stack, address: str) -> None:
    client = stack.secrets()
    try:
        value = json.dumps({"url": address, "token": stack.upstash_token})
        client.put_secret_value(SecretId=UPSTASH_SECRET, SecretString=value)
    finally:
        client.close()


def _queue_made(stack: Stack) -> str:
    sqs = stack.sqs()
    try:
        return sqs.create_queue(QueueName=_QUEUE)["QueueUrl"]
    finally:
        sqs.close()
