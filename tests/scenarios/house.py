"""The running system in which rows are played, and everything that a story needs of it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import stripe
from stripe.events._event_classes import get_v2_event_notification_class
from stripe.v2.core._event import UnknownEventNotification

from billing.domain.events import HANDLED
from local.stack import Stack
from plumb.cli import main
from tests.integration.purchase.books import Books
from tests.integration.purchase.shop import Shop
from tests.integration.purchase.wait import MEASURED, until
from tests.scenarios.canaries import Canaries
from tests.scenarios.clock import SharedClock
from tests.scenarios.feed import Event, Feed
from tests.scenarios.manner import Manner
from tests.scenarios.sink import Sink
from tests.scenarios.table import PARTNER_BUS, THIN, TODAY

AT_A_TIME = 2 if MEASURED else 6
"""Stories that are told at the same time; more would only wait for each other, until a function's time is over."""


@dataclass(frozen=True)
class Letter:
    """An event as it is sent: to the webhook, or onto the queue by the partner event bus."""

    id: str
    body: bytes | None
    envelope: Event | None


class House:
    """One system whose own webhook endpoint is switched off: what arrives, arrives from here."""

    def __init__(self, stack: Stack, *, shapes: bool) -> None:
        """`shapes`: have Stripe send every event in the old shapes and as a thin one, too, which takes its time."""
        self.stack = stack
        self.shop = Shop(stack)
        self.books = Books(stack)
        self.canaries = Canaries(stack)
        self.shop.http.event_hooks["response"].append(self.canaries.look)
        self.feed = Feed(self.shop)
        self.clock = SharedClock(self.shop, self.feed.read)
        self.turn = threading.BoundedSemaphore(AT_A_TIME)
        self.stripe = stripe.StripeClient(stack.stripe_key, base_addresses={"api": stack.stripe_url})
        self._operator = threading.Lock()
        (endpoint,) = self.shop.stripe("GET", "webhook_endpoints")["data"]
        self.shop.stripe("POST", f"webhook_endpoints/{endpoint['id']}", disabled="true")
        self._sink = Sink(self.shop) if shapes else None

    def close(self) -> None:
        if self._sink is not None:
            self._sink.close()
        self.books.close()
        self.shop.close()

    def letters(self, events: list[Event], door: str) -> list[Letter]:
        """How these events come through a door; those that our endpoint does not ask for are left out."""
        wanted = [event for event in events if event["type"] in HANDLED and (door != THIN or _has_thin(event["type"]))]
        return [self._letter(event, door) for event in wanted]

    def _letter(self, event: Event, door: str) -> Letter:
        if door == PARTNER_BUS:
            return Letter(event["id"], None, self.shop.control("eventbridge", event=event["id"]))
        if door == TODAY:
            return Letter(event["id"], json.dumps(event, indent=2).encode(), None)
        assert self._sink is not None, "this system sends no other shapes"
        body = self._sink.letter(door, event["id"])
        return Letter(json.loads(body)["id"], body, None)

    def deliver(self, letters: list[Letter], manner: Manner) -> None:
        """Bring them in the order of the manner; each must be answered 2xx."""
        for letter in manner.order(letters):
            if letter.body is None:
                self.books.send(letter.envelope)
            else:
                answer = self.shop.deliver_bytes(letter.body, self.clock.offset)
                assert answer.status_code == 200, answer.text

    def wait_for(self, letters: list[Letter]) -> None:
        """Wait until each is recorded with what became of it."""
        ids = {letter.id for letter in letters}
        if ids:
            until(f"{', '.join(sorted(ids))} are recorded", lambda: len(self.books.outcomes(ids)) == len(ids))

    def plumb(self, *arguments: str) -> str:
        """Run the operator's command, one at a time, for it turns this process's environment to its system."""
        with self._operator, _environment(), contextlib.redirect_stdout(io.StringIO()) as said:
            code = main(["--run-file", str(self.stack.state_dir / "system.json"), *arguments])
        assert code == 0, (arguments, said.getvalue())
        return said.getvalue()


def _has_thin(kind: str) -> bool:
    return get_v2_event_notification_class(f"v1.{kind}") is not UnknownEventNotification


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
