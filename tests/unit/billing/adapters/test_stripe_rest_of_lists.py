"""What a list within an object of Stripe does not show: how the rest is asked for, and what is made of it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from billing.adapters.stripe_api.lists import object_lists
from billing.adapters.stripe_api.reader import StripeReads
from billing.adapters.stripe_api.subscriptions import StripePlanChanges, live_of
from billing.domain.ids import InvoiceId, SubscriptionId
from billing.domain.walk import Walk
from billing.ports.stripe import Touched
from tests.fakes.snapshots import CUSTOMER, NOW
from tests.unit.billing.adapters.http_servers import answer, bad_server
from tests.unit.billing.adapters.test_stripe_adapter import client
from tests.unit.billing.adapters.test_stripe_plan_changes import CHANGE, ITEM, LEVELS
from tests.unit.billing.adapters.test_stripe_plan_changes import SUBSCRIPTION as LIVE
from tests.unit.billing.adapters.test_stripe_shapes import INVOICE, SESSION, SUBSCRIPTION

PART = {"object": "list", "data": [ITEM], "has_more": True, "url": "/v1/subscription_items?subscription=sub_1"}
ITEMS = [ITEM, ITEM | {"id": "si_2"}]


def rows(*found: dict[str, Any]) -> dict[str, Any]:
    return {"object": "list", "data": [*found], "has_more": False, "url": "/"}


class Wire:
    """Answers by path, with JSON or as a server does; `asked` is what came, as it was asked."""

    def __init__(self, **answers: dict[str, Any] | Callable[[socket.socket], None]) -> None:
        self.answers = {f"/v1/{name.replace('__', '/')}": reply for name, reply in answers.items()}
        self.asked: list[str] = []

    def ask(self, call: Any) -> Any:
        def play(connection: socket.socket) -> None:
            asked = unquote(server.received[-1].split(b" ")[1].decode())
            self.asked.append(asked)
            reply = self.answers[asked.partition("?")[0]]
            (reply if callable(reply) else answer(json.dumps(reply)))(connection)

        with bad_server(play) as server:
            return call(client(server.url))


def test_the_items_of_a_subscription_that_is_compared() -> None:
    wire = Wire(subscriptions=rows(SUBSCRIPTION | {"items": PART}), subscription_items=rows(*ITEMS))
    found = wire.ask(lambda api: StripeReads(api, LEVELS, livemode=False).snapshot([CUSTOMER], Touched()))
    assert len(found.subscriptions[0].items) == 2
    assert wire.asked[1] == "/v1/subscription_items?subscription=sub_1&limit=100"


def test_the_items_of_a_subscription_that_is_to_be_changed_come_with_their_products() -> None:
    wire = Wire(subscriptions__sub_1=LIVE | {"items": PART}, subscription_items=rows(*ITEMS))
    rest = "/v1/subscription_items?subscription=sub_1&limit=100&expand[0]=data.price.product"
    live = wire.ask(lambda api: StripePlanChanges(api, LEVELS).live(SubscriptionId("sub_1")))
    assert ([item.id for item in live.items], wire.asked[1]) == (["si_1", "si_2"], rest)
    made = wire.ask(lambda api: StripePlanChanges(api, LEVELS).change(CHANGE, "k1"))
    assert ([item.id for item in made.items], wire.asked[3]) == (["si_1", "si_2"], rest)


@pytest.mark.parametrize(("told", "quantity"), [(None, 1), (0, 0), (3, 3)], ids=["metered", "none", "some"])
def test_how_many_there_are_of_what_is_to_be_changed(told: int | None, quantity: int) -> None:
    """Of none at all one is not to be billed."""
    live = live_of(LIVE | {"items": rows(ITEM | {"quantity": told})}, LEVELS)
    assert [item.quantity for item in live.items] == [quantity]


LINES: dict[str, Any] = rows({"id": "il_1"}) | {"has_more": True}
ALL_LINES = [{"id": "il_1", "object": "line_item"}, {"id": "il_2", "object": "line_item"}]


@pytest.mark.parametrize(
    ("told", "asks"), [({}, 2), ({"lines": rows({"id": "il_1"})}, 1), ({"lines": None}, 1), ({"lines": [5]}, 1)]
)
def test_a_listed_invoice_gets_the_rest_of_its_lines(told: dict[str, Any], asks: int) -> None:
    """Those of periods come behind the prorations."""
    wire = Wire(invoices=rows(INVOICE | {"lines": LINES} | told), invoices__in_1__lines=rows(*ALL_LINES))
    (found,) = wire.ask(lambda api: object_lists(api).invoices.page(Walk("invoices", NOW, NOW))).objects
    assert "status=paid" in wire.asked[0]
    assert wire.asked[1:] == ["/v1/invoices/in_1/lines?limit=100"][: asks - 1]
    assert found["lines"] == ({"data": ALL_LINES} if asks == 2 else told["lines"])


PAID: dict[str, Any] = INVOICE | {"lines": LINES, "status": "paid"}
OPEN: dict[str, Any] = PAID | {"status": "open"}


@pytest.mark.parametrize(
    ("latest", "shown", "asks"),
    [(PAID, PAID | {"lines": {"data": ALL_LINES}}, 2), (OPEN, OPEN, 1), ("in_1", "in_1", 1)],
    ids=["paid", "open", "not expanded"],
)
def test_so_does_the_paid_latest_invoice_of_a_listed_subscription(latest: object, shown: object, asks: int) -> None:
    wire = Wire(subscriptions=rows(SUBSCRIPTION | {"latest_invoice": latest}), invoices__in_1__lines=rows(*ALL_LINES))
    (found,) = wire.ask(lambda api: object_lists(api).subscriptions.page(Walk("subscriptions", NOW, NOW))).objects
    assert (found["latest_invoice"], len(wire.asked)) == (shown, asks)


@pytest.mark.parametrize(
    ("told", "asks"),
    [({}, 2), ({"status": "canceled"}, 1), ({"items": rows(ITEM)}, 1), ({"items": None}, 1), ({"items": [5]}, 1)],
    ids=["more", "ended", "whole", "none", "odd"],
)
def test_a_listed_subscription_gets_the_rest_of_its_items(told: dict[str, Any], asks: int) -> None:
    """Listed objects are held against what is stored with lenience: one that can't be read ends no pass."""
    wire = Wire(subscriptions=rows(SUBSCRIPTION | {"items": PART} | told), subscription_items=rows(*ITEMS))
    walk = Walk("subscriptions", NOW, NOW)
    (found,) = wire.ask(lambda api: object_lists(api).subscriptions.page(walk)).objects
    assert len(wire.asked) == asks
    assert found["items"] == (told.get("items", PART) if asks == 1 else {"data": ITEMS})


def test_the_payments_of_an_invoice_that_was_paid_in_parts() -> None:
    """Money rule 18: a refund of one that is not read would take nothing back."""

    def paid(intent: str) -> dict[str, Any]:
        return {"id": f"inpay_{intent}", "status": "paid", "payment": {"payment_intent": intent}}

    part = rows(paid("pi_1")) | {"has_more": True}
    lines = rows(*INVOICE["lines"]["data"])
    told = INVOICE | {"object": "invoice", "lines": lines, "payments": part}
    wire = Wire(invoices__in_1=told, invoice_payments=rows(paid("pi_1"), paid("pi_2")))
    touched = Touched(invoices=frozenset({InvoiceId("in_1")}))
    (found,) = wire.ask(lambda api: StripeReads(api, LEVELS, livemode=False).snapshot([], touched)).invoices
    assert found.intents == ("pi_1", "pi_2")
    assert wire.asked[1] == "/v1/invoice_payments?invoice=in_1&status=paid&limit=100"


def test_a_session_without_metadata_stops_no_resync() -> None:
    """Another app's: stripe-python 16.1.0 says that a session may have none."""
    bare = SESSION | {"metadata": None, "client_reference_id": None}
    wire = Wire(checkout__sessions=rows(bare), invoices=rows())
    found = wire.ask(lambda api: StripeReads(api, LEVELS, livemode=False).history(CUSTOMER, 5))
    assert [session.order for session in found.sessions] == [None]
