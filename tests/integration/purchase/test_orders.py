"""What can be ordered, over HTTP and up to the books: several lines, plans, currencies, plan groups, embedded pages.

S12, S13. The settings of a deployment have a system of their own in test_settings.py.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.integration.purchase.books import Books
from tests.integration.purchase.shop import Checkout, Shop, opened

_names = itertools.count()


def order(shop: Shop, user: str, **body: Any) -> httpx.Response:
    return shop.post("/checkout/sessions", user, body)


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def session_of(shop: Shop, checkout: Checkout) -> dict[str, Any]:
    return shop.stripe("GET", f"checkout/sessions/{checkout.session_id}")


def priced(shop: Shop, metadata: dict[str, str], **price: Any) -> str:
    """A price of a product of its own; the price's id."""
    told = {f"metadata[{key}]": value for key, value in metadata.items()}
    product = shop.stripe("POST", "products", name=f"Made {next(_names)}", **told)["id"]
    given = {"currency": "usd", "unit_amount": 700, "product": product, **price}
    made: str = shop.stripe("POST", "prices", **given)["id"]
    return made


def test_several_lines_are_paid_at_once_and_granted_once(shop: Shop, books: Books, user: str) -> None:
    items = [
        {"lookupKey": "credits_500", "quantity": 2},
        {"lookupKey": "credits_2000_90d"},
        {"entitlementLevel": "PRO", "interval": "one_time"},
    ]
    checkout = opened(user, order(shop, user, items=items))
    shop.pay(checkout)
    answer = shop.success(checkout).json()
    assert (answer["purchase"]["creditsGranted"], answer["purchase"]["amountTotal"]) == (3000, 1000 + 1500 + 900)
    assert [line["credits"] for line in answer["purchase"]["lines"]] == [1000, 2000, 0]
    assert answer["entitlements"]["level"] == "PRO"
    shop.settle(books)
    books.check(user, balance=3000, kinds=["PURCHASE", "ACCESS"])


def test_two_clicks_that_meet_at_stripe_get_one_session(shop: Shop, user: str) -> None:
    """F45: the second one's requests find the keys of customer and session in use, and the SDK's one retry as well."""
    shop.control("faults", hold=2, hold_seconds=1.2)
    try:
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(lambda _: order(shop, user, lookupKey="credits_500"), range(2)))
        assert shop.control("faults")["hold"] == 0
    finally:
        shop.control("faults", hold=0)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["sessionId"] for answer in answers}) == 1


def test_a_plan_that_has_several_prices_is_a_choice(shop: Shop, user: str) -> None:
    answer = order(shop, user, plan="pro")
    assert refused(answer) == (409, "ambiguous_price")
    candidates = answer.json()["error"]["candidates"]
    assert {item["lookupKey"]: (item["interval"], item["unitAmount"], item["currency"]) for item in candidates} == {
        "pro_monthly": ("month", 1200, "usd"),
        "pro_yearly": ("year", 12000, "usd"),
    }
    assert order(shop, user, priceId=candidates[0]["priceId"]).status_code == 201
    by_interval = opened(user, order(shop, user, plan="pro", interval="year"))
    assert session_of(shop, by_interval)["amount_total"] == 12000
    assert refused(order(shop, user, plan="nothing-like-it")) == (404, "unknown_price")


def test_a_price_can_be_paid_in_another_of_its_currencies(shop: Shop, books: Books, user: str) -> None:
    """It narrows a plan, too, of which one price has euros. What is paid is compared with what was ordered (F46)."""
    checkout = opened(user, order(shop, user, lookupKey="credits_500", currency="eur"))
    session = session_of(shop, checkout)
    assert (session["currency"], session["amount_total"]) == ("eur", 450)
    shop.pay(checkout)
    assert shop.success(checkout).json()["status"] == "paid"
    shop.settle(books)
    books.check(user, balance=500, kinds=["PURCHASE"])
    assert session_of(shop, opened(user, order(shop, user, plan="pro", currency="eur")))["amount_total"] == 1100
    assert refused(order(shop, user, plan="pro", currency="jpy")) == (422, "currency_unavailable")


def test_a_plan_by_the_seat_is_paid_for_each_seat(shop: Shop, books: Books, user: str) -> None:
    checkout = opened(user, order(shop, user, lookupKey="team_seat_monthly", quantity=5))
    assert session_of(shop, checkout)["amount_total"] == 4000
    shop.pay(checkout)
    assert shop.success(checkout).json()["entitlements"]["level"] == "TEAM"
    shop.settle(books)


def test_each_plan_group_may_have_one_subscription(shop: Shop, books: Books, user: str) -> None:
    """Money rule 22."""
    plan = opened(user, order(shop, user, lookupKey="pro_monthly"))
    extra = opened(user, order(shop, user, plan="extra"))
    for checkout in (plan, extra):
        shop.pay(checkout)
        assert shop.success(checkout).json()["status"] == "paid"
    answer = order(shop, user, plan="team", interval="year")
    assert refused(answer) == (409, "subscription_exists")
    assert answer.json()["error"]["portal"] == "/portal/sessions"
    assert refused(order(shop, user, plan="extra")) == (409, "subscription_exists")
    shop.settle(books)
    found = shop.get("/account", user).json()["subscriptions"]
    assert {item["plan"] for item in found} == {"pro", "extra"}
    books.check(user, balance=500, kinds=[entry["kind"] for entry in books.ledger(user)])


def test_what_recurs_and_what_is_bought_once_are_ordered_apart(shop: Shop, books: Books, user: str) -> None:
    """Money rule 12: a one-time line on a subscription's first invoice would grant nothing."""
    items = [{"lookupKey": "pro_monthly"}, {"lookupKey": "credits_500"}]
    assert refused(order(shop, user, items=items)) == (422, "incompatible_lines")
    twice = [{"lookupKey": "credits_500"}, {"lookupKey": "credits_500", "quantity": 3}]
    assert refused(order(shop, user, items=twice)) == (422, "incompatible_lines")
    assert books.account(user) is None


@pytest.mark.parametrize(
    ("metadata", "price", "code", "words"),
    [
        ({"credits_amount": "-7"}, {}, "price_misconfigured", "credits_amount"),
        ({"entitlement_level": "CANARYLEVEL"}, {}, "price_misconfigured", "entitlement_level"),
        ({"credits_amount": "5", "plan_group": "NOT ONE"}, {}, "price_misconfigured", "plan_group"),
        ({}, {}, "price_unavailable", "not for sale"),
        ({"credits_amount": "5"}, {"active": "false"}, "price_unavailable", "not for sale"),
    ],
    ids=["credits", "level", "group", "nothing", "archived"],
)
def test_what_is_not_set_up_for_sale(
    metadata: dict[str, str], price: dict[str, str], code: str, words: str, shop: Shop, user: str
) -> None:
    answer = order(shop, user, priceId=priced(shop, metadata, **price))
    assert refused(answer) == (422, code)
    assert words in answer.json()["error"]["message"]
    assert "CANARY" not in answer.text


def test_an_embedded_page_takes_the_place_of_a_hosted_one(shop: Shop, books: Books, user: str) -> None:
    """The same order on the other kind of page takes its place; the way back is the same, and the books as well."""
    hosted = opened(user, order(shop, user, lookupKey="credits_500", locale="de"))
    answer = order(shop, user, lookupKey="credits_500", uiMode="embedded")
    made = answer.json()
    assert (answer.status_code, made["url"]) == (201, None)
    assert made["clientSecret"].startswith(made["sessionId"])
    assert order(shop, user, lookupKey="credits_500", uiMode="embedded").json() == made
    assert session_of(shop, hosted)["status"] == "expired"
    session = shop.stripe("GET", f"checkout/sessions/{made['sessionId']}")
    assert session["return_url"] == f"{shop.stack.api_url}/checkout/success?session_id={{CHECKOUT_SESSION_ID}}"
    frame = f"{shop.stack.stripe_url}/c/embedded/{made['clientSecret']}"  # what Stripe.js puts on the app's page
    checkout = Checkout(user, made["sessionId"], frame)
    shop.pay(checkout, wanted=200)
    assert shop.come_back(checkout).headers["location"].endswith(f"/checkout/return?session_id={checkout.session_id}")
    assert shop.success(checkout).json()["purchase"]["creditsGranted"] == 500
    shop.settle(books)
    books.check(user, balance=500, kinds=["PURCHASE"])


def test_what_stands_in_the_metadata_is_written_by_us_and_never_believed(shop: Shop, books: Books, user: str) -> None:
    """S14, F35: another user id in the metadata of session and customer changes no owner."""
    checkout = opened(user, order(shop, user, lookupKey="pro_monthly"))
    told = session_of(shop, checkout)
    assert (told["metadata"]["user_id"], told["metadata"]["plan"]) == (user, "pro")
    assert told["metadata"]["email"].endswith("@example.com")
    forged = {"metadata[user_id]": "mallory", "metadata[order_id]": "ord_00000000000000000000"}
    shop.stripe("POST", f"checkout/sessions/{checkout.session_id}", **forged)
    shop.stripe("POST", f"customers/{told['customer']}", **{"metadata[user_id]": "mallory"})
    shop.pay(checkout)
    assert shop.success(checkout).json()["entitlements"]["level"] == "PRO"
    shop.settle(books)
    assert books.account("mallory") is None
    (state,) = (books.account(user) or {})["subscriptions"]
    subscription = shop.stripe("GET", f"subscriptions/{state['id']}")
    assert subscription["metadata"]["user_id"] == user
