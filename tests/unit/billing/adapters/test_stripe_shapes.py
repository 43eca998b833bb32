"""Objects of Stripe with a field of another type: refused before anything is made of them (S27, F31)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import pytest

from billing.adapters.stripe_api.parse import found_customer, invoice_of, payment_of, session_of, subscription_of
from billing.adapters.stripe_api.prices import price_of
from billing.adapters.stripe_api.reader import StripeReads
from billing.adapters.stripe_api.subscriptions import live_of
from billing.domain.ids import STRIPE_ID, SessionId, fits
from billing.errors import MalformedObject
from billing.ports.stripe import Touched
from tests.fakes.snapshots import NOW
from tests.unit.billing.adapters.http_servers import answer
from tests.unit.billing.adapters.stripe_wire import exchanged
from tests.unit.billing.adapters.test_stripe_adapter import PRICE, client

T = int(NOW.timestamp())
LEVELS = ("FREE", "PRO")
REFUND: dict[str, Any] = {"id": "re_1", "amount": 200, "status": "succeeded", "created": T}
CHARGE: dict[str, Any] = {"status": "succeeded", "amount_captured": 500, "currency": "usd", "created": T}
PAYMENT: dict[str, Any] = {
    "id": "pi_1",
    "latest_charge": CHARGE,
    "refunds": [REFUND],
    "disputes": [{**REFUND, "id": "du_1", "currency": "usd"}],
}
ITEM: dict[str, Any] = {
    "id": "si_1",
    "price": {"id": "price_1"},
    "quantity": 2,
    "current_period_end": T,
    "current_period_start": T,
    "created": T,
}
SESSION: dict[str, Any] = {
    "id": "cs_1",
    "object": "checkout.session",
    "mode": "payment",
    "status": "complete",
    "payment_status": "unpaid",
    "customer": "cus_1",
    "currency": "usd",
    "amount_total": 500,
    "client_reference_id": "ord_1",
    "metadata": {},
    "payment_intent": None,
    "created": T,
    "line_items": {"data": [ITEM], "has_more": False},
}
SUBSCRIPTION: dict[str, Any] = {
    "id": "sub_1",
    "customer": "cus_1",
    "status": "active",
    "currency": "usd",
    "created": T,
    "items": {"data": [ITEM]},
    "cancel_at_period_end": False,
    "cancel_at": None,
    "trial_end": None,
    "latest_invoice": None,
    "metadata": {},
    "default_payment_method": None,
}
LIVE: dict[str, Any] = SUBSCRIPTION | {
    "items": {"data": [ITEM | {"price": PRICE | {"product": {"id": "prod_1", "active": True, "name": "Pro"}}}]},
    "pause_collection": None,
    "collection_method": "charge_automatically",
    "schedule": None,
    "pending_update": {"expires_at": T, "subscription_items": [{"price": "price_1", "quantity": 1}]},
}
LINE: dict[str, Any] = {
    "id": "il_1",
    "parent": None,
    "pricing": None,
    "quantity": 1,
    "amount": -5,
    "period": {"start": T, "end": T},
}
INVOICE: dict[str, Any] = {
    "id": "in_1",
    "customer": "cus_1",
    "status": "paid",
    "billing_reason": "subscription_cycle",
    "currency": "usd",
    "parent": None,
    "status_transitions": {"paid_at": T},
    "lines": {"data": [LINE]},
}
OF_PLAN: dict[str, Any] = INVOICE | {
    "parent": {"subscription_details": {"subscription": "sub_1"}},
    "payments": {"data": [{"status": "paid", "payment": {"payment_intent": "pi_1"}}]},
    "lines": {"data": [LINE | {"pricing": {"price_details": {"price": "price_1"}}}]},
}
PRODUCT: dict[str, Any] = {"active": True, "name": "Pro", "description": None}

READ: dict[str, tuple[dict[str, Any], Callable[[Any], Any]]] = {
    "payment": (PAYMENT, lambda obj: payment_of(obj, obj["refunds"], obj["disputes"])),
    "session": (SESSION, lambda obj: session_of(obj, obj["line_items"]["data"], None)),
    "subscription": (SUBSCRIPTION, subscription_of),
    "live": (LIVE, lambda obj: live_of(obj, LEVELS)),
    "invoice": (OF_PLAN, lambda obj: invoice_of(obj, obj["lines"]["data"])),
    "price": ({**PRICE, "of": PRODUCT}, lambda obj: price_of(obj, obj["of"], LEVELS)),
}
KINDS = {"payment": "payment intent", "session": "checkout session", "live": "subscription"}
WORD: tuple[object, ...] = (5, True, [], "", "a word", "\ud800", "x" * 65)
NUMBER: tuple[object, ...] = ("5", 1.0, True, [], 10**15, -(10**15))
AMOUNT: tuple[object, ...] = (*NUMBER, -1)
FLAG: tuple[object, ...] = ("false", 0, 1, [])
TEXT: tuple[object, ...] = (5, True, [])
TIME: tuple[object, ...] = (None, "soon", 1.5, True, 0)
OTHER_ID: tuple[object, ...] = (None, 5, True, [], "a b", "xx_1")
OTHER_CUSTOMER = OTHER_ID[:-1]
OTHER_CHOSEN: tuple[object, ...] = (None, 5, True, [], "a\nb")
FIELDS: list[tuple[str, str, Sequence[object]]] = [
    ("payment", "id", OTHER_ID),
    ("payment", "latest_charge.created", TIME),
    *(("payment", f"{name}.0.created", TIME) for name in ("refunds", "disputes")),
    ("payment", "latest_charge.amount_captured", (None, *AMOUNT)),
    ("payment", "latest_charge.currency", (None, *WORD, "USD", "usdt")),
    *(("payment", f"{name}.0.id", (None, *WORD)) for name in ("refunds", "disputes")),
    *(("payment", f"{name}.0.amount", (None, *AMOUNT)) for name in ("refunds", "disputes")),
    ("payment", "refunds.0.status", WORD),
    ("payment", "disputes.0.status", (None, *WORD)),
    ("payment", "disputes.0.currency", (None, *WORD, "USD")),
    ("session", "id", OTHER_ID),
    ("session", "customer", OTHER_CUSTOMER[1:]),
    ("session", "created", TIME),
    ("session", "mode", (None, *WORD)),
    ("session", "status", WORD),
    ("session", "payment_status", (None, *WORD)),
    ("session", "currency", (*WORD, "USD")),
    ("session", "amount_total", AMOUNT),
    ("session", "line_items.data.0.quantity", AMOUNT),
    ("session", "line_items.data.0.price.id", (None, 5, True, [], "", "\ud800", "a\nb", "x" * 256)),
    *((name, "status", (None, *WORD)) for name in ("subscription", "live")),
    *((name, "currency", (None, *WORD)) for name in ("subscription", "live")),
    *((name, "cancel_at_period_end", (None, *FLAG)) for name in ("subscription", "live")),
    *((name, "items.data.0.quantity", AMOUNT) for name in ("subscription", "live")),
    *((name, "items.data.0.price.id", (None, 5, [], "")) for name in ("subscription", "live")),
    *((name, "id", OTHER_ID) for name in ("subscription", "live", "invoice")),
    *((name, "customer", OTHER_CUSTOMER) for name in ("subscription", "live", "invoice")),
    *(("subscription", f"{name} as time", TIME[1:]) for name in ("cancel_at", "trial_end")),
    ("subscription", "items.data.0.id as items.id", OTHER_ID[:-1]),
    *(("subscription", name, TIME) for name in ("created", "items.data.0.created")),
    *(("subscription", f"items.data.0.current_period_{name}", TIME) for name in ("start", "end")),
    *((name, "latest_invoice", (5, True, "in 1")) for name in ("subscription", "live")),
    ("live", "latest_invoice", ("ch_1",)),
    ("live", "cancel_at", TIME[1:]),
    ("live", "items.data.0.current_period_start", ("soon", 0)),
    ("live", "items.data.0.id as items.id", OTHER_ID),
    ("live", "pending_update.expires_at as pending_update.expires_at", TIME),
    ("live", "pending_update.subscription_items.0.price", OTHER_CHOSEN),
    ("invoice", "parent.subscription_details.subscription", (5, True, "sub 1")),
    ("invoice", "status_transitions.paid_at as time", TIME[1:]),
    ("invoice", "payments.data.0.payment.payment_intent", (5, True, "pi 1", "ch_1")),
    ("invoice", "payments.has_more as payments", (True,)),
    ("invoice", "lines.data.0.id", OTHER_ID[:-1]),
    ("invoice", "lines.data.0.pricing.price_details.price", (5, True, "a\nb")),
    *(("invoice", f"lines.data.0.period.{name} as period.{name}", TIME) for name in ("start", "end")),
    ("subscription", "items.has_more as items", (True,)),
    ("invoice", "status", WORD),
    ("invoice", "billing_reason", WORD),
    ("invoice", "currency", (None, *WORD)),
    ("invoice", "lines.data.0.amount", (None, *NUMBER)),
    ("invoice", "lines.data.0.quantity", AMOUNT),
    ("price", "id", OTHER_CHOSEN),
    ("price", "product", OTHER_CHOSEN),
    ("price", "active", (None, *FLAG)),
    ("price", "currency", (None, *WORD)),
    ("price", "unit_amount", AMOUNT),
    ("price", "lookup_key", TEXT),
    ("price", "nickname", TEXT),
    ("price", "recurring.interval", (None, *WORD)),
    ("price", "recurring.interval_count", (None, *AMOUNT)),
    ("price", "of.active", (None, *FLAG)),
    ("price", "of.name", TEXT),
    ("price", "of.description", TEXT),
]


def with_value(name: str, path: str, value: object) -> Any:
    obj = deepcopy(READ[name][0])
    *steps, last = path.partition(" as ")[0].split(".")
    target: Any = obj
    for step in steps:
        target = target[int(step) if step.isdigit() else step]
    target[last] = value
    return obj


@pytest.mark.parametrize("name", READ)
def test_a_whole_object_is_read(name: str) -> None:
    """Each of the broken ones below is one of these but for one field."""
    obj, read = READ[name]
    assert read(obj) is not None


@pytest.mark.parametrize(("name", "path", "values"), FIELDS, ids=[f"{name}: {path}" for name, path, _ in FIELDS])
def test_a_field_of_another_type_is_refused_by_its_name(name: str, path: str, values: Sequence[object]) -> None:
    """S27: else it would be stored, and who reads the account again would refuse all of it."""
    for value in values:
        obj = with_value(name, path, value)
        with pytest.raises(MalformedObject) as refused:
            READ[name][1](obj)
        told = path.partition(" as ")[2] or path.rpartition(".")[2]
        assert str(refused.value) == f"a {KINDS.get(name, name)} of Stripe can't be read"
        known = {"id": obj["id"]} if fits(obj["id"], STRIPE_ID) else {}
        assert refused.value.ids == {**known, "reason": f"UnfitError('{told}')"}, value


@pytest.mark.parametrize("name", READ)
def test_nothing_of_a_person_is_told_of_an_object_that_can_not_be_read(name: str) -> None:
    """S16: what is told of it is logged."""
    obj, read = READ[name]
    with pytest.raises(MalformedObject) as refused:
        read(obj | {"id": "ada@example.com", "customer_email": "ada@example.com", "currency": 5})
    assert "ada@" not in f"{refused.value} {refused.value.ids}"


@pytest.mark.parametrize("chosen", ["gold", "pro-monthly", "Team.2019", "Gold Plan #1", "Été"])
def test_who_made_a_product_or_a_plan_may_have_chosen_its_id(chosen: str) -> None:
    """A price that was made as a plan has the plan's id. One of them must not make a whole catalog, or whatever else a
    subscriber buys, unreadable.
    """
    price = READ["price"][1](with_value("price", "id", chosen) | {"product": chosen})
    assert (price.id, price.product_id) == (chosen, chosen)
    of_plan = with_value("invoice", "lines.data.0.pricing", {"price_details": {"price": chosen}})
    assert READ["invoice"][1](of_plan).lines[0].price_id == chosen
    update = {"subscription_items": [{"price": chosen, "quantity": 1}], "expires_at": T}
    assert READ["live"][1](with_value("live", "pending_update", update)).pending.items == ((chosen, 1),)


@pytest.mark.parametrize("name", ["session", "subscription", "live", "invoice"])
def test_who_made_a_customer_may_have_chosen_its_id(name: str) -> None:
    assert READ[name][1](with_value(name, "customer", "Jenny-77")).customer == "Jenny-77"


@pytest.mark.parametrize(("name", "path"), [("subscription", "items.data.0"), ("live", "items.data.0")])
def test_what_has_no_quantity_counts_once(name: str, path: str) -> None:
    """Metered usage; stripe-python 16.1.0 says that an item may have none."""
    [item] = READ[name][1](with_value(name, f"{path}.quantity", None)).items
    assert item.quantity == 1


def test_sessions_and_customers_may_have_no_metadata() -> None:
    """stripe-python 16.1.0 says so. One of another app must not stop the checkout of who adopts it."""
    bare = SESSION | {"metadata": None, "client_reference_id": None}
    assert READ["session"][1](bare).order is None
    customer = {"id": "cus_1", "created": T, "metadata": None, "subscriptions": {"data": []}}
    assert found_customer(customer).user_hint is None


def test_a_paid_session_without_an_amount_is_not_taken_for_a_free_one() -> None:
    paid = with_value("session", "payment_status", "paid")
    with pytest.raises(MalformedObject):
        READ["session"][1](paid | {"amount_total": None})


def test_another_apps_session_that_only_saves_a_card_is_read() -> None:
    """F65: it has neither lines nor amount nor currency. Refused, it would be quarantined and raise an alarm."""
    saving = SESSION | {"mode": "setup", "currency": None, "amount_total": None, "line_items": None}
    touched = Touched(sessions=frozenset({SessionId("cs_1")}))
    read, _ = exchanged(
        answer(json.dumps(saving | {"payment_status": "no_payment_required"})),
        lambda url: StripeReads(client(url), LEVELS, livemode=False).snapshot([], touched),
    )
    [session] = read.sessions
    assert (session.items, session.settled) == ((), False)
