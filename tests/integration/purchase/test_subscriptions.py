"""A subscriber's portal and plan changes over the running system: tokens, signed webhooks, the queue, the tables."""

from typing import Any

import pytest

from tests.integration.purchase.books import Books
from tests.integration.purchase.shop import Shop
from tests.integration.purchase.wait import until

PREVIEW, CHANGE = "/subscriptions/change/preview", "/subscriptions/change"


@pytest.fixture
def subscription(shop: Shop, books: Books, user: str) -> str:
    """The id of the user's subscription to Pro, by the month, with all of its webhooks behind it."""
    checkout = shop.buy(user, "pro_monthly")
    assert shop.success(checkout).json()["status"] == "paid"
    shop.settle(books)
    account = shop.get("/account", user).json()
    assert (account["credits"]["balance"], account["entitlements"]["level"]) == (100, "PRO")
    return str(account["subscriptions"][0]["subscriptionId"])


def changed(shop: Shop, user: str, key: str, status: int = 200, **given: Any) -> dict[str, Any]:
    answer = shop.post(CHANGE, user, {"lookupKey": key, **given})
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_the_level_follows_each_change_of_plan_and_credits_do_not(
    shop: Shop, books: Books, user: str, subscription: str
) -> None:
    """F54, money rules 12 and 21: the level follows each change at once, the credits never move."""
    seen = shop.post(PREVIEW, user, {"lookupKey": "team_yearly"}).json()
    made = changed(shop, user, "team_yearly", prorationDate=seen["prorationDate"])
    assert (made["status"], made["entitlements"]["level"], made["subscription"]["plan"]) == ("changed", "TEAM", "team")
    invoice = shop.stripe("GET", f"subscriptions/{subscription}", **{"expand[]": "latest_invoice"})["latest_invoice"]
    assert (invoice["amount_paid"], invoice["billing_reason"]) == (seen["amountDueNow"], "subscription_update")
    assert [line["amount"] for line in invoice["lines"]["data"]] == [line["amount"] for line in seen["lines"]]
    shop.settle(books)

    refused = shop.post(CHANGE, user, {"lookupKey": "pro_monthly"})
    assert refused.json()["error"]["code"] == "change_not_now"
    shop.control("change_plan", subscription=subscription, price=price_of(shop, "pro_monthly"))  # as a person may
    shop.settle(books)
    assert shop.get("/entitlements", user).json()["level"] == "PRO"

    assert changed(shop, user, "team_yearly")["entitlements"]["level"] == "TEAM"
    shop.settle(books)
    books.check(user, balance=100, kinds=["PURCHASE", "ACCESS", "ACCESS", "ACCESS", "ACCESS"])


def price_of(shop: Shop, key: str) -> str:
    return str(shop.stripe("GET", "prices", **{"lookup_keys[]": key})["data"][0]["id"])


def test_a_double_click_is_one_invoice(shop: Shop, books: Books, user: str, subscription: str) -> None:
    assert [changed(shop, user, "team_yearly")["status"] for _ in range(2)] == ["changed", "unchanged"]
    invoices = shop.stripe("GET", "invoices", subscription=subscription)["data"]
    assert [invoice["billing_reason"] for invoice in invoices] == ["subscription_update", "subscription_create"]
    shop.settle(books)


def test_a_refused_card_changes_nothing_until_it_is_paid(
    shop: Shop, books: Books, user: str, subscription: str
) -> None:
    shop.control("break_card", subscription=subscription)
    waits = changed(shop, user, "team_yearly", status=202)
    assert (waits["status"], waits["entitlements"]["level"]) == ("payment_required", "PRO")
    assert waits["hostedInvoiceUrl"].startswith(shop.stack.stripe_url)
    shop.settle(books)
    assert shop.get("/account", user).json()["subscriptions"][0]["plan"] == "pro"

    shop.control("break_card", subscription=subscription, mend=True)
    latest = shop.stripe("GET", f"subscriptions/{subscription}")["latest_invoice"]
    shop.stripe("POST", f"invoices/{latest}/pay")
    shop.settle(books)
    until("the webhook brings the plan", lambda: shop.get("/entitlements", user).json()["level"] == "TEAM")
    books.check(user, balance=100, kinds=["PURCHASE", "ACCESS", "ACCESS"])


def test_the_portal_is_the_callers_own(shop: Shop, user: str, subscription: str) -> None:
    """S07, S12."""
    answer = shop.post("/portal/sessions", user, {"flow": "subscription_cancel"})
    assert answer.status_code == 201, answer.text
    page = shop.http.get(answer.json()["url"], follow_redirects=True)
    assert "Cancel your subscription" in page.text
    front = shop.http.get(shop.post("/portal/sessions", user, {}).json()["url"], follow_redirects=True)
    assert f'href="{shop.stack.app_url}/account"' in front.text
    other = f"{user[:40]}-other"
    refused = shop.post("/portal/sessions", other, {"flow": "subscription_cancel", "subscriptionId": subscription})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "subscription_not_found")
    refused = shop.post(CHANGE, other, {"lookupKey": "team_yearly", "subscriptionId": subscription})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "subscription_not_found")


def test_what_a_machine_and_nobody_may_not(shop: Shop, user: str) -> None:
    machine = {"authorization": f"Bearer {shop.stack.token(user, scope='billing:spend')}"}
    for path in ("/portal/sessions", PREVIEW, CHANGE):
        url = shop.stack.api_url + path
        assert shop.http.post(url, json={}).status_code == 401
        assert shop.http.post(url, json={}, headers=machine).status_code == 403


def test_a_second_subscription_is_sent_to_the_portal(shop: Shop, user: str, subscription: str) -> None:
    error = shop.order(user, "team_yearly").json()["error"]
    assert (error["code"], error["portal"]) == ("subscription_exists", "/portal/sessions")
    assert shop.post(error["portal"], user, {"flow": "subscription_update"}).status_code == 201
