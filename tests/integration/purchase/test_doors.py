"""Every door of events: snapshots of today and of years ago, thin events, and what EventBridge puts onto the queue.

F31: whichever way Stripe tells of the same life, the account ends the same. Stripe's stand-in gives each shape as the
endpoint asks for it, signed; the functions run as deployed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from billing.domain.events import HANDLED
from local.pipes.bus import Buses
from tests.integration.purchase.books import Books
from tests.integration.purchase.conftest import PARTNER_BUS
from tests.integration.purchase.shop import Checkout, Shop
from tests.integration.purchase.wait import until

PLAN = "pro_monthly"
TODAY = "2026-10-28.endive"


class Door:
    """How Stripe's events get in."""

    def __init__(self, shop: Shop, books: Books) -> None:
        self.shop = shop
        self.books = books

    def hear(self) -> None:
        """Wait until all that has happened is through."""
        self.shop.settle(self.books)


class PartnerBus(Door):
    """Nothing comes over HTTP; the template's rule of the partner event bus queues each event, unhandled ones too."""

    def __init__(self, shop: Shop, books: Books) -> None:
        super().__init__(shop, books)
        self._heard = {event["id"] for event in self._events()}
        self._buses = Buses(shop.stack.state_dir, shop.stack.config.model, shop.stack.sqs())

    def hear(self) -> None:
        self.shop.settle(self.books)
        for event in reversed(self._events()):
            if event["id"] not in self._heard:
                self._heard.add(event["id"])
                self._buses.put(PARTNER_BUS, self.shop.control("eventbridge", event=event["id"]))
        self.books.wait_until_drained()

    def _events(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.shop.stripe("GET", "events", limit=100)["data"]
        return found


@contextmanager
def opened(name: str, shop: Shop, books: Books) -> Iterator[Door]:
    """Let events in by this door only, and by the usual one afterwards."""
    shop.settle(books)
    if name == "partner event bus":
        shop.control("faults", drop=100_000)
    elif name == "thin":
        shop.control("endpoint", payload="thin")
    else:
        shop.control("endpoint", api_version=name)
    try:
        yield PartnerBus(shop, books) if name == "partner event bus" else Door(shop, books)
        shop.settle(books)
    finally:
        shop.control("faults", drop=0)
        shop.control("endpoint", api_version=TODAY, payload="snapshot")


def bought(shop: Shop, door: Door, user: str, key: str) -> Checkout:
    checkout = shop.buy(user, key)
    door.hear()
    return checkout


@pytest.mark.parametrize("name", [TODAY, "2024-06-20", "2020-08-27", "thin", "partner event bus"])
def test_each_door_leads_to_the_same_books(shop: Shop, books: Books, user: str, name: str) -> None:
    """A pack that is refunded in part and disputed, beside a plan whose first invoice is refunded and that ends."""
    with opened(name, shop, books) as door:
        pack = bought(shop, door, user, "credits_500")
        assert shop.get("/credits", user).json()["balance"] == 500
        intent = shop.stripe("GET", f"checkout/sessions/{pack.session_id}")["payment_intent"]
        shop.control("refund", payment_intent=intent, amount=200)
        door.hear()
        shop.control("dispute", payment_intent=intent, amount=100)
        door.hear()
        assert shop.get("/credits", user).json()["balance"] == 200
        plan = bought(shop, door, user, PLAN)
        session = shop.stripe("GET", f"checkout/sessions/{plan.session_id}")
        assert shop.get("/entitlements", user).json()["level"] == "PRO"
        shop.control("refund", invoice=session["invoice"], amount=600)
        door.hear()
        shop.control("cancel_subscription", subscription=session["subscription"])
        door.hear()
    kinds = ["PURCHASE", "REFUND", "DISPUTE", "PURCHASE", "ACCESS", "REFUND", "ACCESS"]
    books.check(user, balance=250, kinds=kinds)
    assert shop.get("/entitlements", user).json()["level"] == "FREE"
    assert {entry["actor"] for entry in books.ledger(user)} == {"event_consumer"}


def test_a_thin_event_is_recorded_with_its_own_name(shop: Shop, books: Books, user: str) -> None:
    with opened("thin", shop, books) as door:
        checkout = bought(shop, door, user, "credits_500")
        listed = shop.thin_events(checkout.session_id)
    [event] = [event for event in listed if event["type"] == "v1.checkout.session.completed"]
    record = until("it is recorded", lambda: books.event(event["id"]))
    assert record["type"] == "v1.checkout.session.completed"
    assert record["outcome"] in ("APPLIED", "NOOP")  # its payment's event may have come first


def test_an_envelope_of_an_event_that_is_not_handled_leaves_no_trace(shop: Shop, books: Books, user: str) -> None:
    with opened("partner event bus", shop, books) as door:
        bought(shop, door, user, "credits_500")
        made = shop.stripe("GET", "events", type="charge.succeeded", limit=1)["data"][0]
    assert "charge.succeeded" not in HANDLED
    assert books.event(made["id"]) is None
