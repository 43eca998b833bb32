"""A stand-in in its own process, and an endpoint that receives its webhooks."""

import itertools
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import requests
import stripe
from stripe import RequestsClient, StripeClient

from tests.stand_in import StripeProcess

SECRET = "whsec_test_secret"


class Received:
    """One webhook as it arrived."""

    def __init__(self, path: str, body: bytes, signature: str) -> None:
        self.path = path
        self.body = body
        self.signature = signature
        self.event: dict[str, Any] = json.loads(body)

    @property
    def about(self) -> tuple[str, str]:
        obj = self.event["data"]["object"] if "data" in self.event else self.event.get("related_object", {})
        return self.event["type"], obj.get("id", "")  # an upcoming invoice has none


class Inbox:
    """An HTTP endpoint; `answers` decides each answer's status, 200 when it is used up."""

    at_rest: Callable[[], bool]
    """Whether the stand-in has nothing more to deliver; it says so itself."""

    def __init__(self) -> None:
        self.received: queue.Queue[Received] = queue.Queue()
        self.raw: dict[tuple[str, str], Received] = {}
        self.answers: list[int] = []
        self.pause = 0.0
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                time.sleep(inbox.pause)
                status = inbox.answers.pop(0) if inbox.answers else 200
                received = Received(self.path, body, self.headers["stripe-signature"])
                inbox.raw[received.about] = received
                inbox.received.put(received)
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def next(self, timeout: float = 60) -> Received:
        return self.received.get(timeout=timeout)

    def next_about(self, event_type: str, object_id: str) -> Received:
        """Wait for the next delivery of one event, whatever else arrives before it."""
        while (received := self.next()).about != (event_type, object_id):
            pass
        return received

    def verified_until(self, event_type: str, object_id: str) -> list[stripe.Event]:
        """Verify with the official SDK all that arrives until one event has come, and nothing is under way any more."""
        seen: list[stripe.Event] = []
        there = False
        while True:
            over = there and self.at_rest()  # asked first: what has been answered by then is in the queue
            try:
                received = self.next(0 if over else 0.05 if there else 60)
            except queue.Empty:
                assert there, f"{event_type} did not come; {[event.type for event in seen]} did"
                if over:
                    return seen
                continue
            # The stand-in's clock may be ahead of ours: the tolerance is not what is tested here.
            seen.append(stripe.Webhook.construct_event(received.body, received.signature, SECRET, tolerance=10**9))
            there = there or received.about == (event_type, object_id)

    def verified_all(self, wanted: set[tuple[str, str]]) -> None:
        """Wait until each wanted (type, object id) has come, in whatever order; verify each with the SDK."""
        missing = set(wanted)
        while missing:
            try:
                received = self.next()
            except queue.Empty:
                raise AssertionError(f"no webhook came about {sorted(missing)}") from None
            stripe.Webhook.construct_event(received.body, received.signature, SECRET, tolerance=10**9)
            missing.discard(received.about)

    def settle(self, stand_in: "StandIn") -> None:
        """Let everything under way arrive, so that the next answers meet the next event."""
        stand_in.until(self.at_rest)
        self.clear()

    def clear(self) -> None:
        while not self.received.empty():
            self.received.get_nowait()
        self.answers.clear()
        self.pause = 0.0

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class StandIn(StripeProcess):
    """The process, with clients for its three faces."""

    def __init__(self, inbox: Inbox) -> None:
        super().__init__(
            *("--webhook-url", inbox.url, "--webhook-secret", SECRET),
            *("--retry-pauses", "0.05,0.1,0.2", "--delivery-timeout", "2"),
        )
        self.sdk = StripeClient(
            "sk_test_plumbline",
            base_addresses={"api": self.url},
            max_network_retries=0,
            http_client=RequestsClient(session=requests.Session()),
        )
        self.v1 = self.sdk.v1
        inbox.at_rest = self.at_rest

    def at_rest(self) -> bool:
        return not self.http.get("/_control/deliveries?state=pending").json()["deliveries"]

    def until[T](self, look: Callable[[], T | None], timeout: float = 60) -> T:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError("it did not happen in time")


@pytest.fixture(scope="session")
def inbox_process() -> Iterator[Inbox]:
    inbox = Inbox()
    yield inbox
    inbox.close()


@pytest.fixture(scope="session")
def stand_in_process(inbox_process: Inbox) -> Iterator[StandIn]:
    stand_in = StandIn(inbox_process)
    yield stand_in
    stand_in.stop()


@pytest.fixture
def inbox(inbox_process: Inbox) -> Inbox:
    inbox_process.clear()
    return inbox_process


@pytest.fixture
def stand_in(stand_in_process: StandIn, inbox: Inbox) -> Iterator[StandIn]:
    inbox.settle(stand_in_process)  # what the test before has set off
    yield stand_in_process
    stand_in_process.control(
        "faults",
        duplicate=0,
        duplicate_events=0,
        drop=0,
        delay_seconds=0,
        reorder=False,
        fail=0,
        status=500,
        fail_late=False,
        hold=0,
        lose_events=0,
    )


@pytest.fixture
def shop(stand_in: StandIn) -> "Shop":
    return Shop(stand_in)


class Shop:
    """A merchant with a product, who sends buyers to the hosted page."""

    numbers = itertools.count(1)

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.v1 = stand_in.v1
        self.product = self.v1.products.create({"name": "500 credits", "metadata": {"credits_amount": "500"}})

    def price(self, amount: int = 500, currency: str = "usd", interval: str | None = None):
        given: Any = {"product": self.product.id, "unit_amount": amount, "currency": currency}
        if interval:
            given["recurring"] = {"interval": interval}
        return self.v1.prices.create(given)

    def customer(self, **given: Any):
        wanted: Any = {"email": f"buyer{next(self.numbers)}@example.com", **given}
        return self.v1.customers.create(wanted)

    def session(self, price=None, mode: str = "payment", **given: Any):
        customer = given.pop("customer", None) or self.customer().id
        wanted: Any = {
            "mode": mode,
            "customer": customer,
            "line_items": [{"price": (price or self.price()).id, "quantity": 1}],
            "success_url": "http://127.0.0.1:1/thanks?session_id={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://127.0.0.1:1/canceled",
        }
        return self.v1.checkout.sessions.create(wanted | given)

    def pay(self, session, number: str = "4242424242424242", **typed) -> httpx.Response:
        form = {
            "email": "buyer@example.com",
            "payment_method": "card",
            "card_number": number,
            "expiry": "12/34",
            "cvc": "123",
            "name": "Ada Buyer",
            **typed,
        }
        return self.stand_in.http.post(f"/c/pay/{session.id}", data=form)
