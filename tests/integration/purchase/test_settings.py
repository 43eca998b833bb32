"""A deployment that sells with everything on: trials, promotion codes, receipts, a language, and adopted customers.

The settings come from the template's parameters, through every function, to what Stripe is told and the books say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.stack import Stack
from tests.integration.purchase.books import Books
from tests.integration.purchase.shop import PAYS, Checkout, Shop, opened
from tests.integration.purchase.test_orders import order, refused, session_of

PARAMETERS = {
    "PromotionCodes": "true",
    "TrialDays": "14",
    "TrialWithoutCard": "true",
    "Receipts": "true",
    "Invoices": "true",
    "CheckoutLocale": "fr",
    "AdoptCustomers": "true",
    "AutomaticTax": "true",
    "BillingAddress": "required",
}
ADDRESS = {"country": "DE", "line1": "Unter den Linden 1", "city": "Berlin", "postal_code": "10117"}
CARD = {"payment_method": "card", "card_number": PAYS, "expiry": "12 / 34", "cvc": "123"}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(parameters=PARAMETERS, warm=()) as running:
        yield running


def confirm(shop: Shop, checkout: Checkout, **typed: str) -> None:
    """Press the button of a page that asks for the address, and for no card where nothing is due."""
    buyer = {"email": f"{checkout.user}@example.com", "name": "Ada Buyer", **ADDRESS}
    answer = shop.http.post(checkout.url, data=buyer | typed)
    assert answer.status_code == 303, answer.text


def test_each_plan_group_gives_one_trial(shop: Shop, books: Books, user: str) -> None:
    """Access at once, no credits for nothing (money rule 12); after it no second one, but one for another group."""
    checkout = opened(user, order(shop, user, lookupKey="pro_monthly"))
    assert session_of(shop, checkout)["payment_method_collection"] == "if_required"
    confirm(shop, checkout)
    answer = shop.success(checkout).json()
    assert (answer["status"], answer["entitlements"]["level"], answer["credits"]["balance"]) == ("paid", "PRO", 0)
    assert answer["entitlements"]["expiresAt"] is not None
    shop.settle(books)
    (state,) = (books.account(user) or {})["subscriptions"]
    assert state["status"] == "trialing"
    shop.stripe("DELETE", f"subscriptions/{state['id']}")
    shop.settle(books)
    assert shop.get("/account", user).json()["entitlements"]["level"] == "FREE"
    again = session_of(shop, opened(user, order(shop, user, lookupKey="pro_monthly")))
    assert (again["amount_subtotal"], again["payment_method_collection"]) == (1200, "always")
    other = session_of(shop, opened(user, order(shop, user, plan="extra")))
    assert (other["amount_total"], other["payment_method_collection"]) == (0, "if_required")
    books.check(user, balance=0, kinds=["ACCESS", "ACCESS"])


def test_a_code_for_the_whole_price_gives_what_was_ordered(shop: Shop, books: Books, user: str) -> None:
    """F46: nothing is due, and what was ordered is given."""
    coupon = shop.stripe("POST", "coupons", percent_off=100, duration="once")["id"]
    code = {"promotion[type]": "coupon", "promotion[coupon]": coupon, "code": "ALLOFIT"}
    shop.stripe("POST", "promotion_codes", **code)
    checkout = opened(user, order(shop, user, lookupKey="credits_500"))
    redeemed = shop.http.post(f"{checkout.url}/promotion", data={"promotion_code": "ALLOFIT"}, follow_redirects=True)
    assert redeemed.status_code == 200, redeemed.text
    confirm(shop, checkout)
    answer = shop.success(checkout).json()
    assert (answer["purchase"]["amountTotal"], answer["credits"]["balance"]) == (0, 500)
    shop.settle(books)
    books.check(user, balance=500, kinds=["PURCHASE"])


def test_tax_comes_on_top_and_changes_nothing_of_what_is_given(shop: Shop, books: Books, user: str) -> None:
    """F46: amounts may differ from the order. The address that the tax follows is asked for, and kept."""
    checkout = opened(user, order(shop, user, lookupKey="credits_500"))
    without = shop.http.post(checkout.url, data={"email": f"{user}@example.com", "name": "Ada Buyer", **CARD})
    assert without.status_code == 422
    confirm(shop, checkout, **CARD)
    answer = shop.success(checkout).json()
    assert (answer["purchase"]["amountTotal"], answer["credits"]["balance"]) == (595, 500)
    customer = shop.stripe("GET", f"customers/{session_of(shop, checkout)['customer']}")
    assert customer["address"]["country"] == "DE"
    shop.settle(books)
    books.check(user, balance=500, kinds=["PURCHASE"])


def test_a_receipt_is_sent_in_the_language_of_the_shop(shop: Shop, books: Books, user: str) -> None:
    checkout = opened(user, order(shop, user, lookupKey="credits_500"))
    assert session_of(shop, checkout)["locale"] == "fr"
    assert session_of(shop, opened(user, order(shop, user, lookupKey="credits_500", locale="es")))["locale"] == "es"
    checkout = opened(user, order(shop, user, lookupKey="credits_500"))
    confirm(shop, checkout, **CARD)
    intent = shop.stripe("GET", f"payment_intents/{session_of(shop, checkout)['payment_intent']}")
    assert intent["receipt_email"] == f"{user}@example.com"
    shop.settle(books)


def test_a_payment_with_an_invoice_is_granted_once_and_taken_back_once(shop: Shop, books: Books, user: str) -> None:
    """F54, money rule 12: the session grants, its paid invoice does not."""
    checkout = opened(user, order(shop, user, lookupKey="credits_500", quantity=2))
    confirm(shop, checkout, **CARD)
    assert shop.success(checkout).json()["credits"]["balance"] == 1000
    shop.settle(books)
    session = session_of(shop, checkout)
    invoice = shop.stripe("GET", f"invoices/{session['invoice']}")
    assert (invoice["status"], invoice["metadata"]["user_id"]) == ("paid", user)
    books.check(user, balance=1000, kinds=["PURCHASE"])
    shop.stripe("POST", "refunds", payment_intent=session["payment_intent"], amount=595)
    shop.settle(books)
    books.check(user, balance=500, kinds=["PURCHASE", "REFUND"])


def subscribed(shop: Shop, email: str, **given: Any) -> tuple[str, str]:
    """A customer with a live subscription who was there before us."""
    customer = shop.stripe("POST", "customers", email=email, **given)["id"]
    (price,) = shop.stripe("GET", "prices", **{"lookup_keys[0]": "team_yearly"})["data"]
    told = {"customer": customer, "items[0][price]": price["id"], "trial_period_days": 30}
    return customer, shop.stripe("POST", "subscriptions", **told)["id"]


def test_a_customer_who_was_there_before_us(shop: Shop, books: Books, user: str) -> None:
    """Its events were parked; its subscription shows at the first checkout, and no second one is sold (rules 9, 22)."""
    customer, subscription = subscribed(shop, f"{user}@example.com")
    shop.settle(books)
    assert books.account(user) is None
    assert refused(order(shop, user, lookupKey="pro_monthly")) == (409, "subscription_exists")
    account = books.account(user) or {}
    assert (account["customers"], [state["id"] for state in account["subscriptions"]]) == ([customer], [subscription])
    assert shop.get("/account", user).json()["entitlements"]["level"] == "TEAM"
    pack = opened(user, order(shop, user, lookupKey="credits_500"))
    assert session_of(shop, pack)["customer"] == customer


def test_a_customer_who_is_somebody_elses_by_its_metadata(shop: Shop, books: Books, user: str) -> None:
    customer, _ = subscribed(shop, f"{user}@example.com", **{"metadata[user_id]": "somebody-else"})
    checkout = opened(user, order(shop, user, lookupKey="pro_monthly"))
    assert session_of(shop, checkout)["customer"] != customer
    shop.settle(books)
