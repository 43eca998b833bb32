"""Whole reads of Stripe as they go over the wire: each request by its words, and all that is made of the answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from billing.adapters.stripe_api.reader import StripeReads
from billing.domain.ids import CustomerId, InvoiceId, PaymentIntentId, SessionId, SubscriptionId
from billing.domain.notice import Hints, ObjectRef
from billing.domain.snapshot import Card, Dispute, LineItem, Payment, Refund
from billing.errors import MalformedObject, StripeRefused
from billing.ports.stripe import History, ListedSession, Touched
from tests.fakes.snapshots import CUSTOMER, NOW
from tests.unit.billing.adapters.stripe_wire import refusal
from tests.unit.billing.adapters.test_stripe_adapter import PRICE
from tests.unit.billing.adapters.test_stripe_rest_of_lists import Wire, rows
from tests.unit.billing.adapters.test_stripe_shapes import CHARGE, INVOICE, ITEM, LINE, SESSION, SUBSCRIPTION, T

LEVELS = ("FREE", "PRO")
INTENT = PaymentIntentId("pi_1")
TAKEN: dict[str, Any] = {"id": "re_1", "object": "refund", "amount": 200, "status": "succeeded", "created": T}
HELD: dict[str, Any] = {"id": "du_1", "object": "dispute", "amount": 300, "status": "lost", "currency": "usd"}
PAID: dict[str, Any] = CHARGE | {"id": "ch_1", "object": "charge", "refunds": rows(), "disputed": False}
PAYMENT = Payment(INTENT, 500, "usd", NOW)
EXPANDED = (
    "expand[0]=line_items.data.price.product&expand[1]=payment_intent.latest_charge.refunds&expand[2]=subscription"
)
PRODUCT = {"id": "prod_1", "object": "product", "active": True, "name": "Pro", "description": None, "metadata": {}}


def of(wire: Wire, ask: Any) -> Any:
    return wire.ask(lambda api: ask(StripeReads(api, LEVELS, livemode=False)))


def intent(**charge: Any) -> dict[str, Any]:
    return {"id": "pi_1", "object": "payment_intent", "status": "succeeded", "latest_charge": PAID | charge}


# ------------------------------------------------------------------------------------------------------- payments


@pytest.mark.parametrize(
    ("charge", "more", "payment"),
    [
        ({}, [], PAYMENT),
        ({"refunds": None}, [], PAYMENT),
        ({"refunds": rows(TAKEN)}, [], replace(PAYMENT, refunds=(Refund("re_1", 200, "succeeded", NOW),))),
        (
            {"refunds": rows(TAKEN) | {"has_more": True}},
            ["/v1/refunds?charge=ch_1&limit=100"],
            replace(PAYMENT, refunds=tuple(Refund(name, 200, "succeeded", NOW) for name in ("re_1", "re_2"))),
        ),
        (
            {"disputed": True},
            ["/v1/disputes?charge=ch_1&limit=100"],
            replace(PAYMENT, disputes=(Dispute("du_1", 300, "usd", "lost", NOW),)),
        ),
    ],
    ids=["paid", "no list", "refunded", "refunded often", "disputed"],
)
def test_a_payment_with_all_that_was_taken_back(charge: dict[str, Any], more: list[str], payment: Payment) -> None:
    """Money rule 18."""
    wire = Wire(
        payment_intents__pi_1=intent(**charge),
        refunds=rows(TAKEN, TAKEN | {"id": "re_2"}),
        disputes=rows(HELD | {"created": T}),
    )
    assert of(wire, lambda reads: reads.payments([INTENT])) == {INTENT: payment}
    assert wire.asked == ["/v1/payment_intents/pi_1?expand[0]=latest_charge.refunds", *more]


def test_an_intent_without_a_charge_has_no_payment() -> None:
    other = intent() | {"id": "pi_2", "latest_charge": None}
    wire = Wire(payment_intents__pi_1=intent(), payment_intents__pi_2=other)
    assert of(wire, lambda reads: reads.payments({PaymentIntentId("pi_2"), INTENT})) == {INTENT: PAYMENT}
    assert [path.partition("?")[0][-4:] for path in wire.asked] == ["pi_1", "pi_2"]


def test_a_payment_that_can_not_be_read_is_named() -> None:
    wire = Wire(payment_intents__pi_1=intent() | {"latest_charge": "ch_1"})
    with pytest.raises(MalformedObject, match="a payment intent of Stripe can't be read") as refused:
        of(wire, lambda reads: reads.payments([INTENT]))
    assert refused.value.ids["id"] == "pi_1"


@pytest.mark.parametrize(
    ("listed", "found"), [([{"id": "cs_1"}, {"id": "cs_2"}], "cs_1"), ([], None), ([{"id": "no session"}], None)]
)
def test_the_session_of_a_payment_is_found(listed: list[Any], found: str | None) -> None:
    wire = Wire(checkout__sessions=rows(*listed))
    assert of(wire, lambda reads: reads.session_of_payment(INTENT)) == found
    assert wire.asked == ["/v1/checkout/sessions?payment_intent=pi_1&limit=1"]


def test_a_list_that_can_not_be_read_is_named() -> None:
    with pytest.raises(MalformedObject, match="a list of Stripe can't be read"):
        of(
            Wire(checkout__sessions=rows({"object": "checkout.session"})),
            lambda reads: reads.session_of_payment(INTENT),
        )


# ------------------------------------------------------------------------------------------- hints and the history


def test_what_an_object_says_of_itself() -> None:
    told = {"id": "ch_1", "object": "charge", "customer": "cus_1", "payment_intent": "pi_1", "metadata": {}}
    hints = Hints(CustomerId("cus_1"), {"charge": "ch_1", "payment_intent": "pi_1"}, None)
    wire = Wire(charges__ch_1=told)
    assert of(wire, lambda reads: reads.hints(ObjectRef("charge", "ch_1"))) == hints
    assert wire.asked == ["/v1/charges/ch_1"]


@pytest.mark.parametrize("ref", [ObjectRef("charge", None), ObjectRef("payout", "po_1")], ids=["no id", "no kind"])
def test_what_is_not_read_is_asked_of_nobody(ref: ObjectRef) -> None:
    wire = Wire()
    assert of(wire, lambda reads: reads.hints(ref)) is None
    assert wire.asked == []


def bought(number: int, **given: Any) -> dict[str, Any]:
    return SESSION | {"id": f"cs_{number}", "status": "expired", "client_reference_id": f"ord_{number}"} | given


OF_PLAN = {"parent": {"subscription_details": {"subscription": "sub_1"}}}


@pytest.mark.parametrize(("most", "whole"), [(1, False), (2, False), (3, True), (101, True)])
def test_the_history_of_a_customer_is_the_newest_and_says_whether_it_is_whole(most: int, whole: bool) -> None:
    """The newest, and whether that is all; an invoice of no subscription grants nothing."""
    invoices = [INVOICE | OF_PLAN, INVOICE | {"id": "in_2"}, INVOICE | OF_PLAN | {"id": "in_3"}]
    sessions = [bought(1), bought(2, client_reference_id=None, metadata={"order_id": "ord_2"})]
    wire = Wire(checkout__sessions=rows(*sessions), invoices=rows(*invoices))
    names = (("cs_1", "ord_1"), ("cs_2", "ord_2"))
    assert (
        of(wire, lambda reads: reads.history(CUSTOMER, most))
        == History(
            sessions=tuple(ListedSession(SessionId(name), "expired", order) for name, order in names[:most]),  # type: ignore[arg-type]
            invoices=tuple(InvoiceId(name) for name in ("in_1", "in_2", "in_3")[:most] if name != "in_2"),
            whole=whole,
        )
    )
    limit = min(most, 100)
    assert wire.asked == [
        f"/v1/checkout/sessions?customer={CUSTOMER}&limit={limit}",
        f"/v1/invoices?customer={CUSTOMER}&status=paid&limit={limit}",
    ]


def test_no_more_of_a_long_history_is_read_than_tells_that_there_is_more() -> None:
    """Each page is a request, and a customer of years has hundreds."""
    wire = Wire(checkout__sessions=rows(*map(bought, range(1, 4))) | {"has_more": True}, invoices=rows())
    assert not of(wire, lambda reads: reads.history(CUSTOMER, 2)).whole
    assert len(wire.asked) == 2


def test_a_session_that_names_no_order_is_in_the_history_without_one() -> None:
    wire = Wire(checkout__sessions=rows(bought(1, client_reference_id="theirs")), invoices=rows())
    [session] = of(wire, lambda reads: reads.history(CUSTOMER, 9)).sessions
    assert session == ListedSession(SessionId("cs_1"), "expired", None)


@pytest.mark.parametrize(
    ("sessions", "invoices", "kind", "told"),
    [
        ([bought(1, id="cs 1")], [], "checkout session", {"reason": "UnfitError('id')"}),
        ([{"id": "cs_1", "client_reference_id": "ord_1"}], [], "checkout session", {"id": "cs_1"}),
        ([], [INVOICE | OF_PLAN | {"id": "in 1"}], "invoice", {"reason": "UnfitError('id')"}),
        ([], [INVOICE | {"parent": 5}], "invoice", {"id": "in_1"}),
    ],
)
def test_a_history_that_can_not_be_read_is_not_guessed(
    sessions: list[Any], invoices: list[Any], kind: str, told: dict[str, str]
) -> None:
    wire = Wire(checkout__sessions=rows(*sessions), invoices=rows(*invoices))
    with pytest.raises(MalformedObject, match=f"a {kind} of Stripe can't be read") as refused:
        of(wire, lambda reads: reads.history(CUSTOMER, 9))
    assert refused.value.ids.items() >= told.items()


# --------------------------------------------------------------------------------------------------- the snapshot


def touched(**given: Any) -> Any:
    return lambda reads: reads.snapshot([], Touched(**{name: frozenset(ids) for name, ids in given.items()}))


def test_a_session_with_its_payment_and_the_price_that_it_sold() -> None:
    """Its line brings the price with its product: of that nothing more is asked."""
    line = ITEM | {"price": PRICE | {"product": PRODUCT | {"metadata": {"plan": "pro"}}, "metadata": {}}}
    card = {"payment_method_details": {"card": {"brand": "visa", "last4": "4242"}}}
    paid = intent(refunds=rows(TAKEN) | {"has_more": True}, **card)
    told = SESSION | {"payment_status": "paid", "payment_intent": paid, "line_items": rows(line)}
    wire = Wire(checkout__sessions__cs_1=told, refunds=rows(TAKEN))
    found = of(wire, touched(sessions=["cs_1"]))
    [session] = found.sessions
    assert session.items == (LineItem("price_1", 2),)  # type: ignore[arg-type]
    refunded = Refund("re_1", 200, "succeeded", NOW)
    assert session.payment == replace(PAYMENT, card=Card("visa", "4242"), refunds=(refunded,))
    assert (found.prices["price_1"].gives.plan, found.prices["price_1"].product_name) == ("pro", "Pro")
    assert wire.asked == [f"/v1/checkout/sessions/cs_1?{EXPANDED}", "/v1/refunds?charge=ch_1&limit=100"]


def test_the_lines_of_a_session_that_it_does_not_show() -> None:
    lines = [
        ITEM | {"object": "item", "price": PRICE | {"id": name, "product": PRODUCT}} for name in ("price_1", "price_2")
    ]
    part = SESSION | {"line_items": rows(lines[0]) | {"has_more": True}}
    wire = Wire(checkout__sessions__cs_1=part, checkout__sessions__cs_1__line_items=rows(*lines))
    found = of(wire, touched(sessions=["cs_1"]))
    assert [item.price_id for item in found.sessions[0].items] == ["price_1", "price_2"]
    assert wire.asked[1:] == ["/v1/checkout/sessions/cs_1/line_items?limit=100&expand[0]=data.price.product"]


def test_a_session_that_can_not_be_read_is_named() -> None:
    wire = Wire(checkout__sessions__cs_1={name: value for name, value in SESSION.items() if name != "payment_intent"})
    with pytest.raises(MalformedObject, match="a checkout session of Stripe") as refused:
        of(wire, touched(sessions=["cs_1"]))
    assert refused.value.ids == {"id": "cs_1", "reason": "KeyError('payment_intent')"}


@pytest.mark.parametrize("speaks", [True, False])
def test_a_price_is_read_with_its_product_only_where_it_says_nothing_itself(speaks: bool) -> None:
    metadata = {"plan": "pro", "entitlement_level": "PRO"}
    price = PRICE | {"metadata": metadata if speaks else {"note": "x"}}
    subscription = SUBSCRIPTION | {"items": rows(ITEM | {"price": price})}
    wire = Wire(subscriptions=rows(subscription), prices__price_1=price | {"product": PRODUCT | {"metadata": metadata}})
    found = of(wire, lambda reads: reads.snapshot([CUSTOMER], Touched()))
    assert (found.prices["price_1"].gives.level, found.prices["price_1"].problem) == ("PRO", None)
    assert found.prices["price_1"].product_name == ("price_1" if speaks else "Pro")
    expand = (
        "expand[0]=data.latest_invoice&expand[1]=data.latest_invoice.payments&expand[2]=data.default_payment_method"
    )
    assert wire.asked == [
        f"/v1/subscriptions?customer={CUSTOMER}&status=all&limit=100&{expand}",
        *([] if speaks else ["/v1/prices/price_1?expand[0]=product"]),
    ]


def paid_invoice(number: int, **line: Any) -> dict[str, Any]:
    about = {"parent": {"subscription_item_details": {"proration": True}}, "pricing": None}
    made = {"id": f"in_{number}", "object": "invoice", "created": T - number}
    return INVOICE | OF_PLAN | made | {"lines": rows(LINE | about | line)}


RENEWAL = {"parent": {"subscription_item_details": {"proration": False}}}


@pytest.mark.parametrize(("renewal", "read"), [(1, 5), (5, 5), (7, 7), (None, 8)])
def test_the_last_paid_invoices_of_a_plan_that_is_past_due(renewal: int | None, read: int) -> None:
    """F55. A few, and back to one that covers a period; those of plan changes cover none."""
    invoices = [paid_invoice(number, **(RENEWAL if number == renewal else {})) for number in range(1, 9)]
    late = SUBSCRIPTION | {
        "status": "past_due",
        "latest_invoice": paid_invoice(9),
        "items": rows(ITEM | {"price": PRICE}),
    }
    wire = Wire(subscriptions=rows(late), invoices=rows(*invoices))
    found = of(wire, lambda reads: reads.snapshot([CUSTOMER], Touched()))
    assert [invoice.id for invoice in found.invoices] == ["in_9", *(f"in_{n}" for n in range(1, read + 1))]
    assert wire.asked[1:] == ["/v1/invoices?subscription=sub_1&status=paid&limit=5&expand[0]=data.payments"]


@pytest.mark.parametrize(("added", "read"), [(T - 9, 8), (T - 6, 7), (T - 5, 6), (T, 5)])
def test_the_last_paid_invoices_reach_back_to_what_each_item_was_billed_for_or_added(added: int, read: int) -> None:
    """F55. Whoever is adopted while storage by the month is not paid keeps the plan that is paid for a year."""
    of_item = {"subscription_item_details": {"proration": False, "subscription_item": "si_1"}}
    invoices = [paid_invoice(n, **({"parent": of_item} if n == 8 else RENEWAL)) for n in range(1, 10)]
    late = SUBSCRIPTION | {"status": "past_due", "items": rows(ITEM | {"price": PRICE, "created": added})}
    wire = Wire(subscriptions=rows(late), invoices=rows(*invoices))
    assert len(of(wire, lambda reads: reads.snapshot([CUSTOMER], Touched())).invoices) == read


def test_a_touched_invoice_is_read_once_with_its_payments_and_all_of_its_lines() -> None:
    part = paid_invoice(2) | {"lines": rows(LINE) | {"has_more": True}}
    whole = rows(*({**LINE, "id": f"il_{number}", "object": "line_item"} for number in (1, 2)))
    subscription = SUBSCRIPTION | {"latest_invoice": paid_invoice(1), "items": rows(ITEM | {"price": PRICE})}
    wire = Wire(subscriptions=rows(subscription), invoices__in_2=part, invoices__in_2__lines=whole)
    told = Touched(invoices=frozenset({InvoiceId("in_1")}), registers=frozenset({InvoiceId("in_2")}))
    found = of(wire, lambda reads: reads.snapshot([CUSTOMER], told))
    assert [(invoice.id, len(invoice.lines)) for invoice in found.invoices] == [("in_1", 1), ("in_2", 2)]
    assert found.subscriptions[0].id == SubscriptionId("sub_1")
    assert wire.asked[1:] == ["/v1/invoices/in_2?expand[0]=payments", "/v1/invoices/in_2/lines?limit=100"]


def test_an_invoice_without_lines_is_named() -> None:
    wire = Wire(invoices__in_1=INVOICE | {"lines": None})
    with pytest.raises(MalformedObject, match="a invoice of Stripe") as refused:
        of(wire, touched(invoices=["in_1"]))
    assert refused.value.ids["id"] == "in_1"


def test_a_snapshot_that_can_not_be_read_says_so() -> None:
    """A price that tells nothing of itself, not even that it has no metadata."""
    wire = Wire(subscriptions=rows(SUBSCRIPTION | {"items": rows(ITEM)}))
    with pytest.raises(MalformedObject, match="a snapshot of Stripe can't be read"):
        of(wire, lambda reads: reads.snapshot([CUSTOMER], Touched()))


NONE_LISTED = refusal(code="resource_missing", param="customer")
GONE = {"id": CUSTOMER, "object": "customer", "deleted": True}


@pytest.mark.parametrize(
    ("listing", "left", "deleted"),
    [
        (NONE_LISTED, GONE, True),
        (NONE_LISTED, GONE | {"deleted": False}, False),
        (NONE_LISTED, refusal(code="resource_missing", param="id"), False),
        (refusal(code="resource_missing", param="status"), GONE, False),
        (refusal(code="parameter_invalid", param="customer"), GONE, False),
    ],
    ids=["deleted", "there", "not there at all", "another parameter", "another refusal"],
)
def test_only_a_customer_that_was_deleted_has_no_subscriptions_where_none_are_listed(
    listing: Any, left: Any, deleted: bool
) -> None:
    """Any other refusal must not cost a buyer what the subscriptions give."""
    wire = Wire(**{"subscriptions": listing, f"customers__{CUSTOMER}": left})
    if deleted:
        found = of(wire, lambda reads: reads.snapshot([CUSTOMER], Touched()))
        assert (found.deleted_customers, found.subscriptions) == ({CUSTOMER}, ())
        assert wire.asked[1:] == [f"/v1/customers/{CUSTOMER}"]
    else:
        with pytest.raises(StripeRefused):
            of(wire, lambda reads: reads.snapshot([CUSTOMER], Touched()))


@pytest.mark.parametrize("deleted", [True, False])
def test_a_customer_that_an_event_says_was_deleted_is_looked_at(deleted: bool) -> None:
    wire = Wire(**{"subscriptions": rows(), f"customers__{CUSTOMER}": GONE | {"deleted": deleted}})
    told = Touched(customers=frozenset({CUSTOMER}))
    assert of(wire, lambda reads: reads.snapshot([CUSTOMER], told)).deleted_customers == (
        {CUSTOMER} if deleted else set()
    )
    assert len(wire.asked) == (1 if deleted else 2)


def test_a_live_customer_that_is_not_there_is_refused_by_its_code() -> None:
    wire = Wire(**{f"customers__{CUSTOMER}": refusal(code="resource_missing", param="id")})
    with pytest.raises(StripeRefused) as refused:
        wire.ask(
            lambda api: StripeReads(api, LEVELS, livemode=True).snapshot([], Touched(customers=frozenset({CUSTOMER})))
        )
    assert refused.value.stripe_code == "resource_missing"
