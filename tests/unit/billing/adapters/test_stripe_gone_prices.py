"""Prices that were deleted as plans while somebody was subscribed (https://docs.stripe.com/api/plans/delete)."""

from __future__ import annotations

from typing import Any

import pytest

from billing.adapters.stripe_api.reader import StripeReads
from billing.domain.catalog import Gives
from billing.domain.ids import InvoiceId, SessionId
from billing.domain.subscription import state_of
from billing.errors import MalformedObject, StripeRefused
from billing.ports.stripe import Touched
from tests.fakes.snapshots import CUSTOMER, a_price, a_subscription
from tests.unit.billing.adapters.stripe_wire import refusal
from tests.unit.billing.adapters.test_stripe_adapter import PRICE
from tests.unit.billing.adapters.test_stripe_rest_of_lists import Wire, rows
from tests.unit.billing.adapters.test_stripe_shapes import INVOICE, ITEM, LEVELS, LINE, OF_PLAN, SESSION, SUBSCRIPTION

GONE = refusal(code="resource_missing", param="price")
SHOWN = SUBSCRIPTION | {"items": rows(ITEM | {"price": PRICE | {"metadata": {}}})}
STORAGE = a_price("storage", 300, "month", level="PRO", plan_group="storage")
PRODUCT: dict[str, Any] = {"id": "prod_1", "object": "product", "active": True, "name": "Pro"}
PRODUCT |= {"description": None, "metadata": {"entitlement_level": "PRO"}}


def read(touched: Touched | None = None, **answers: Any) -> Any:
    wire = Wire(**answers)
    return wire.ask(
        lambda api: StripeReads(api, LEVELS, livemode=True).snapshot([CUSTOMER], touched or Touched())
    ).prices


def test_what_it_gives_stands_with_its_product() -> None:
    found = read(subscriptions=rows(SHOWN), prices__price_1=GONE, products__prod_1=PRODUCT)
    assert (found["price_1"].gives, found["price_1"].problem) == (Gives(level="PRO"), None)


def of_product(product: Any) -> Any:
    return rows(SUBSCRIPTION | {"items": rows(ITEM | {"price": PRICE | {"metadata": {}, "product": product}})})


def test_its_product_may_have_an_id_that_somebody_has_chosen() -> None:
    found = read(subscriptions=of_product("Gold"), prices__price_1=GONE, products__Gold=PRODUCT | {"id": "Gold"})
    assert found["price_1"].gives == Gives(level="PRO")


def test_a_product_without_an_id_is_asked_for_by_none() -> None:
    """An empty name in an address would ask for the list of all products."""
    with pytest.raises(MalformedObject) as refused:
        read(subscriptions=of_product(""), prices__price_1=GONE)
    assert refused.value.ids["reason"] == "UnfitError('product')"


LEFT = {"id": "prod_1", "object": "product", "deleted": True}


@pytest.mark.parametrize("product", [GONE, LEFT], ids=["refused", "what is left of it"])
def test_without_its_product_nobody_can_say(product: Any) -> None:
    """That it gives nothing would be kept with the renewal for ever. Which answer comes is not documented."""
    assert read(subscriptions=rows(SHOWN), prices__price_1=GONE, products__prod_1=product) == {}
    known = state_of(a_subscription(STORAGE), None, [], {STORAGE.id: STORAGE}, LEVELS)
    assert state_of(a_subscription(STORAGE), known, [], {}, LEVELS) == known


def test_the_session_that_bought_it_says_no_more_of_it() -> None:
    """Its line shows what is left of the product (https://docs.stripe.com/api/products/delete), and no metadata."""
    bought = ITEM | {"price": PRICE | {"metadata": {}, "product": LEFT}}
    session = SESSION | {"mode": "subscription", "payment_status": "paid", "line_items": rows(bought)}
    answers = {"subscriptions": rows(SHOWN), "checkout__sessions__cs_1": session}
    touched = Touched(sessions=frozenset({SessionId("cs_1")}))
    assert read(touched, **answers, prices__price_1=GONE, products__prod_1=GONE) == {}


def test_one_that_only_an_invoice_names_is_not_there() -> None:
    line = LINE | {"pricing": {"price_details": {"price": "price_1", "product": "prod_1"}}}
    told = INVOICE | {"object": "invoice", "lines": rows(line)}
    touched = Touched(invoices=frozenset({InvoiceId("in_1")}))
    assert read(touched, subscriptions=rows(), invoices__in_1=told, prices__price_1=GONE) == {}


PRICED = PRICE | {"metadata": {}, "product": PRODUCT}
AT_SESSION = SESSION | {"mode": "subscription", "payment_status": "paid", "line_items": rows(ITEM | {"price": PRICED})}
SESSION_AND_INVOICE = Touched(sessions=frozenset({SessionId("cs_1")}), invoices=frozenset({InvoiceId("in_1")}))


def of_a_period(*, proration: bool = False) -> dict[str, Any]:
    details = {"proration": proration, "subscription_item": "si_1"}
    line = LINE | {"pricing": {"price_details": {"price": "price_1"}}}
    parent = {"type": "subscription_item_details", "subscription_item_details": details}
    return OF_PLAN | {"lines": rows(line | {"parent": parent})}


def snapshot_of(invoice: dict[str, Any], price: Any, *subscriptions: Any) -> Any:
    answers = {"checkout__sessions__cs_1": AT_SESSION, "invoices__in_1": invoice, "prices__price_1": price}
    wire = Wire(**answers, subscriptions=rows(*subscriptions))
    return wire.ask(lambda api: StripeReads(api, LEVELS, livemode=True).snapshot([CUSTOMER], SESSION_AND_INVOICE))


def test_what_a_session_says_of_it_is_known_to_be_said_by_it_alone() -> None:
    """Else a look at the session would let an invoice grant what one without it has not (docs/decisions/0062)."""
    alone = snapshot_of(of_a_period(), GONE)
    assert (alone.prices["price_1"].gives.level, alone.deleted_prices) == ("PRO", {"price_1"})
    there = snapshot_of(of_a_period(), PRICED | {"metadata": {"credits_amount": "7"}})
    assert (there.prices["price_1"].gives.credits, there.deleted_prices) == (7, frozenset())


@pytest.mark.parametrize("status", ["active", "canceled"])
def test_what_a_subscription_shows_of_it_any_look_finds(status: str) -> None:
    shown = snapshot_of(of_a_period(), GONE, SHOWN | {"status": status})
    assert (shown.prices["price_1"].gives.level, shown.deleted_prices) == ("PRO", frozenset())


def test_a_line_that_grants_nothing_costs_no_read() -> None:
    proration = snapshot_of(of_a_period(proration=True), PRICED | {"metadata": {"credits_amount": "7"}})
    assert (proration.prices["price_1"].gives.credits, proration.deleted_prices) == (0, frozenset())


BROKEN = {"credits_amount": "many"}


def test_with_broken_metadata_it_says_nothing_any_more() -> None:
    """It can't be mended: what is said of it is the same before and after the subscription shows another one."""
    subscription = SUBSCRIPTION | {"items": rows(ITEM | {"price": PRICE | {"metadata": BROKEN}})}
    found = read(subscriptions=rows(subscription), prices__price_1=GONE, products__prod_1=PRODUCT)
    assert found == {}
    still = PRICED | {"metadata": BROKEN}
    assert read(subscriptions=rows(subscription), prices__price_1=still)["price_1"].broken_key == "credits_amount"


@pytest.mark.parametrize("of_product", [False, True])
def test_another_refusal_is_told(of_product: bool) -> None:
    """Else a key without the right to read prices would take every plan from its buyers."""
    refused = refusal(code="parameter_invalid")
    price, product = (GONE, refused) if of_product else (refused, PRODUCT)
    with pytest.raises(StripeRefused):
        read(subscriptions=rows(SHOWN), prices__price_1=price, products__prod_1=product)
