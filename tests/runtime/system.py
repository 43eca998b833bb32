"""The built functions, each in Lambda's own runtime, over the local tables, queue, Redis and Stripe.

One environment for a function takes all of its events, as on Lambda, and ends when another function is asked: two run
at most. Nothing comes by itself: no webhook is delivered, and what the webhook queues nobody reads but the tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from artefacts.build import built, layers
from local.lambda_service.environment import worker_environment
from local.poller.record import record
from local.stack import Stack
from tests.bench.emulator import Emulated, arch
from tests.integration.purchase.books import Books
from tests.integration.purchase.shop import Shop

EVENTS = Path(__file__).parents[2] / "events"
_QUEUE = "read-by-tests"
_AT_ONCE = 2


class Functions:
    """Invokes functions by the names of their folders."""

    def __init__(self, stack: Stack, shop: Shop, books: Books) -> None:
        self.stack, self.shop, self.books = stack, shop, books
        self._model = stack.config.model()
        self._functions = {each.label: each for each in self._model.functions.values()}
        self._artefacts = built(arch())
        self._sqs = stack.sqs()
        self.queue: str = self._sqs.create_queue(QueueName=_QUEUE)["QueueUrl"]
        self._running: dict[str, Emulated] = {}

    def invoke(self, label: str, event: Any) -> Any:
        """Return what the function answers; raises AssertionError when it ends with an error."""
        running = self._running.pop(label, None) or self._started(label)
        self._running[label] = running  # the last asked is the last to end
        return running.invoke(event)[0]

    def request(self, label: str, event: Any) -> tuple[int, Any]:
        """Return the status and the body of a function behind the gateway."""
        answer = self.invoke(label, event)
        body = answer.get("body")
        return answer["statusCode"], json.loads(body) if body else answer["headers"].get("location")

    def received(self, queue: str | None = None) -> list[dict[str, Any]]:
        """What is in the queue, as the consumer gets it; it is taken off."""
        url = queue or self.queue
        messages = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get(
            "Messages", []
        )
        for message in messages:
            self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [record(message, self._model.queues["EventsQueue"]) for message in messages]

    def environment(self, label: str) -> dict[str, str]:
        """What the function finds: the local system's, but for the queue."""
        function = self._functions[label]
        # by which the emulator says how much time is left
        environment = worker_environment(function, self.stack.config) | {
            "AWS_LAMBDA_FUNCTION_TIMEOUT": f"{function.timeout:.0f}"
        }
        return environment | ({"EVENTS_QUEUE_URL": self.queue} if "EVENTS_QUEUE_URL" in environment else {})

    def start(self, label: str, environment: Mapping[str, str]) -> Emulated:
        """Start a function that finds another environment; whoever asks for it ends it."""
        code = self._artefacts / self._functions[label].logical_id
        return Emulated(environment, code, [each / "python" for each in layers(self._artefacts)])

    def close(self) -> None:
        for each in self._running.values():
            each.__exit__(None, None, None)
        self._sqs.close()

    def _started(self, label: str) -> Emulated:
        while len(self._running) >= _AT_ONCE:
            self._running.pop(next(iter(self._running))).__exit__(None, None, None)
        return self.start(label, self.environment(label))


@contextmanager
def functions() -> Iterator[Functions]:
    """Start the local system, and end it with every function."""
    with Stack(warm=(), without=("timer", "poller")) as stack:
        shop, books = Shop(stack), Books(stack)
        shop.control("faults", drop=1_000_000)
        running = Functions(stack, shop, books)
        try:
            yield running
        finally:
            running.close()
            shop.close()
            books.close()


def sample(name: str) -> Any:
    """One of the files, by its path below `events/` without its ending."""
    return json.loads((EVENTS / f"{name}.json").read_text())
