"""Every list of Stripe is read to its last page: what stands there counts like the rest."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

from billing.adapters.stripe_api.catalog import StripeCatalog
from billing.adapters.stripe_api.reader import StripeReads
from billing.domain.ids import CustomerId, InvoiceId, PaymentIntentId, SessionId
from billing.ports.stripe import Touched
from tests.fakes.snapshots import CUSTOMER
from tests.unit.billing.adapters.http_servers import answer
from tests.unit.billing.adapters.test_stripe_adapter import PRICE
from tests.unit.billing.adapters.test_stripe_plan_changes import ITEM, LEVELS
from tests.unit.billing.adapters.test_stripe_reads import RENEWAL, paid_invoice
from tests.unit.billing.adapters.test_stripe_rest_of_lists import ITEMS, PART, Wire, rows
from tests.unit.billing.adapters.test_stripe_shapes import CHARGE, INVOICE, LINE, SESSION, SUBSCRIPTION, T


def paged(path: str, *found: dict[str, Any]) -> Callable[[socket.socket], None]:
    """A list that shows one object on each page."""
    left = list(found)

    def play(connection: socket.socket) -> None:
        shown = left.pop(0)
        answer(json.dumps(rows(shown) | {"has_more": bool(left), "url": f"/v1/{path}"}))(connection)

    return play


def snapshot(touched: Touched, *customers: CustomerId) -> Callable[[Any], Any]:
    return lambda api: StripeReads(api, LEVELS, livemode=False).snapshot(customers, touched)


CHARGED: dict[str, Any] = CHARGE | {"id": "ch_1", "object": "charge", "disputed": True}
PAYMENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "status": "succeeded",
    "latest_charge": CHARGED | {"refunds": rows() | {"has_more": True}},
}
REFUND = {"id": "re_1", "object": "refund", "amount": 1, "status": "succeeded", "created": T}
DISPUTE = {"id": "du_1", "object": "dispute", "amount": 1, "status": "lost", "currency": "usd", "created": T}


def test_all_that_was_taken_back_is_read() -> None:
    """Money rule 18: what is on the second page would not be taken from the buyer."""
    wire = Wire(
        payment_intents__pi_1=PAYMENT,
        refunds=paged("refunds", REFUND, REFUND | {"id": "re_2"}),
        disputes=paged("disputes", DISPUTE, DISPUTE | {"id": "du_2"}),
    )
    intent = PaymentIntentId("pi_1")
    found = wire.ask(lambda api: StripeReads(api, LEVELS, livemode=False).payments([intent]))[intent]
    assert [each.id for each in found.refunds] == ["re_1", "re_2"]
    assert [each.id for each in found.disputes] == ["du_1", "du_2"]


def test_all_subscriptions_with_all_items_are_read() -> None:
    """Money rule 4: one on the second page would be taken for ended, and sold again."""
    more = SUBSCRIPTION | {"id": "sub_2", "items": PART}
    wire = Wire(
        subscriptions=paged("subscriptions", SUBSCRIPTION | {"items": rows(ITEM)}, more),
        subscription_items=paged("subscription_items", *ITEMS),
        prices__price_1=PRICE,
    )
    found = wire.ask(snapshot(Touched(), CUSTOMER)).subscriptions
    assert [(each.id, len(each.items)) for each in found] == [("sub_1", 1), ("sub_2", 2)]


def test_all_lines_and_all_payments_of_an_invoice_are_read() -> None:
    def paid(intent: str) -> dict[str, Any]:
        return {"id": f"inpay_{intent}", "status": "paid", "payment": {"payment_intent": intent}}

    lines = [LINE | {"id": "il_1"}, LINE | {"id": "il_2"}]
    told = INVOICE | {"lines": rows(lines[0]) | {"has_more": True}, "payments": rows() | {"has_more": True}}
    wire = Wire(
        invoices__in_1=told | {"object": "invoice"},
        invoices__in_1__lines=paged("invoices/in_1/lines", *lines),
        invoice_payments=paged("invoice_payments", paid("pi_1"), paid("pi_2")),
        prices__price_1=PRICE,
    )
    (found,) = wire.ask(snapshot(Touched(invoices=frozenset({InvoiceId("in_1")})))).invoices
    assert (len(found.lines), found.intents) == (2, ("pi_1", "pi_2"))


def test_all_prices_are_listed() -> None:
    wire = Wire(prices=paged("prices", PRICE, PRICE | {"id": "price_2"}))
    found = wire.ask(lambda api: StripeCatalog(api, LEVELS).active_prices())
    assert [price.id for price in found] == ["price_1", "price_2"]


def test_all_line_items_of_a_session_are_read() -> None:
    """What is on the second page was paid for, too."""
    items = [
        {"id": f"li_{n}", "object": "item", "quantity": 1, "price": PRICE, "amount_total": 500, "currency": "usd"}
        for n in (1, 2)
    ]
    shown = SESSION | {"line_items": rows(items[0]) | {"has_more": True}}
    wire = Wire(
        checkout__sessions__cs_1=shown,
        checkout__sessions__cs_1__line_items=paged("checkout/sessions/cs_1/line_items", *items),
    )
    (found,) = wire.ask(snapshot(Touched(sessions=frozenset({SessionId("cs_1")})))).sessions
    assert len(found.items) == 2


def test_a_history_goes_back_over_as_many_pages_as_it_takes() -> None:
    """Money rule 29: a resync brings back what all of them tell."""
    sessions = [SESSION | {"id": f"cs_{n}"} for n in (1, 2, 3)]
    paid = [INVOICE | {"id": f"in_{n}", "object": "invoice"} for n in (1, 2, 3)]
    wire = Wire(checkout__sessions=paged("checkout/sessions", *sessions), invoices=paged("invoices", *paid))
    found = wire.ask(lambda api: StripeReads(api, LEVELS, livemode=False).history(CUSTOMER, 2))
    assert ([each.id for each in found.sessions], found.whole) == (["cs_1", "cs_2"], False)


def test_the_paid_invoices_of_one_that_is_past_due_are_read_back_to_one_that_covers_a_period() -> None:
    """Changes of the plan lie between it and the renewal that failed, and each covers none."""
    paid = [paid_invoice(n, **(RENEWAL if n == 7 else {})) for n in range(1, 9)]
    late = SUBSCRIPTION | {"status": "past_due", "items": rows(ITEM | {"price": PRICE})}
    wire = Wire(subscriptions=rows(late), invoices=paged("invoices", *paid))
    found = wire.ask(snapshot(Touched(), CUSTOMER)).invoices
    assert [each.id for each in found] == [f"in_{n}" for n in range(1, 8)]
