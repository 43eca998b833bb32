"""A subscriber's account page: another plan with its price first, and Stripe's portal and back."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import Route, expect

from tests.browser.hosted_page import PAYS
from tests.browser.shop import Shop
from tests.browser.stripe_side import StripeSide


def subscribe(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.open_checkout("pro_monthly")
    shop.hosted.pay_by_card(PAYS)
    shop.expect_outcome("paid")
    shop.visit("/account")
    expect(shop.test_id("when")).to_contain_text("Renews on")


def choose(shop: Shop, key: str) -> None:
    shop.test_id("change-plan").click()
    shop.test_id(f"plan-{key}").click()


def test_another_plan_is_shown_with_its_price_and_confirmed(shop: Shop, user: str) -> None:
    subscribe(shop, user)
    choose(shop, "pro_yearly")
    a_year_on = str(datetime.now(UTC).year + 1)
    expect(shop.test_id("credits-later")).to_contain_text("the plan's 1,200 credits come with its next period, from ")
    expect(shop.test_id("credits-later")).to_contain_text(re.compile(rf" \d+, {a_year_on}\.$"))
    shop.test_id("plan-team_yearly").click()
    expect(shop.test_id("credits-later")).to_have_count(0)
    due = shop.test_id("due-now")
    expect(due).to_have_text(re.compile(r"^\$2\d\d\.\d\d$"))
    expect(shop.test_id("preview")).to_contain_text("Unused time")
    expect(shop.test_id("preview")).to_contain_text("Afterwards $290.00 per year")
    confirm = shop.test_id("confirm-change")
    expect(confirm).to_have_text(f"Pay {due.inner_text()} and change")
    shop.shoot("account-change-plan")
    confirm.click()
    expect(shop.test_id("news")).to_have_text("Your plan is now Team, yearly.")
    expect(shop.test_id("level")).to_have_text("TEAM")
    expect(shop.test_id("balance")).to_have_text("100")
    assert shop.ledger_kinds() == ["ACCESS", "ACCESS", "PURCHASE"]
    shop.shoot("account-changed-plan")


def test_a_plan_whose_price_is_no_longer_sold_can_be_changed(shop: Shop, user: str) -> None:
    """The catalog lists no archived price. Here it loses one on its way: for real that takes two minutes."""
    subscribe(shop, user)

    def without_it(route: Route) -> None:
        prices = [price for price in route.fetch().json()["prices"] if price["lookupKey"] != "pro_monthly"]
        route.fulfill(json={"prices": prices}, headers={"access-control-allow-origin": shop.stack.app_url})

    shop.page.route("**/catalog", without_it)
    shop.visit("/account")
    expect(shop.test_id("subscriptions")).to_contain_text("At a price that is no longer sold.")
    choose(shop, "pro_yearly")
    expect(shop.test_id("due-now")).to_have_text("$108.00")
    expect(shop.test_id("plan-extra_credits_monthly")).to_have_count(0)  # of another group


def test_a_smaller_plan_is_left_to_the_end_of_the_period(shop: Shop, user: str) -> None:
    subscribe(shop, user)
    choose(shop, "team_seat_monthly")
    expect(shop.test_id("change-problem")).to_contain_text("begins when this period is over")
    shop.shoot("account-smaller-plan")
    shop.test_id("preview").get_by_role("button", name="Open billing").click()
    expect(shop.page).to_have_url(re.compile(re.escape(shop.stack.stripe_url) + "/p/session/"))


def test_a_refused_card_leaves_the_plan_as_it_is(shop: Shop, user: str, stripe: StripeSide) -> None:
    subscribe(shop, user)
    stripe.break_card(shop.page.locator(".plan code").inner_text())
    choose(shop, "team_yearly")
    shop.test_id("confirm-change").click()
    waits = shop.test_id("payment-required")
    expect(waits).to_contain_text("your plan stays as it is")
    expect(waits.get_by_role("link", name="Pay the invoice")).to_have_attribute("href", re.compile("^http"))
    shop.shoot("account-payment-required")
    shop.visit("/account")
    expect(shop.test_id("level")).to_have_text("PRO")


def test_cancelling_in_the_portal_shows_on_the_account(shop: Shop, user: str) -> None:
    """From the shop to Stripe's page, and back by itself; the page shows it as soon as the webhook has brought it."""
    subscribe(shop, user)
    shop.page.get_by_role("button", name="Cancel plan").click()
    expect(shop.page.get_by_role("heading", name="Cancel your subscription")).to_be_visible()
    shop.shoot("portal-cancel")
    shop.page.get_by_role("button", name="Cancel subscription").click()
    expect(shop.page).to_have_url(f"{shop.stack.app_url}/account")
    expect(shop.test_id("when")).to_contain_text("Ends on")
    expect(shop.test_id("following")).to_have_count(0)
    expect(shop.test_id("change-plan")).to_have_count(0)
    shop.shoot("account-ending")

    shop.page.get_by_role("button", name="Keep plan").click()
    shop.page.get_by_role("button", name="Renew subscription").click()
    shop.page.get_by_role("link", name=re.compile("Return|Back")).click()
    expect(shop.page).to_have_url(f"{shop.stack.app_url}/account")
    expect(shop.test_id("when")).to_contain_text("Renews on")


def test_manage_billing_opens_the_front_page(shop: Shop, user: str) -> None:
    subscribe(shop, user)
    shop.test_id("manage-billing").click()
    expect(shop.page.get_by_role("heading", name="Plumbline: your plan and your invoices")).to_be_visible()
    shop.shoot("portal")


@pytest.mark.parametrize(("look", "width", "dark"), [("phone", 360, False), ("dark", 1180, True)])
def test_the_choice_of_a_plan_fits(new_shop: Callable[..., Shop], user: str, look: str, width: int, dark: bool) -> None:
    shop = new_shop(width=width, dark=dark)
    subscribe(shop, user)
    choose(shop, "team_yearly")
    expect(shop.test_id("due-now")).to_be_visible()
    shop.shoot(f"account-change-plan-{look}")


def test_the_ledger_shows_one_kind_alone(shop: Shop, user: str) -> None:
    subscribe(shop, user)
    filters = shop.test_id("filters")
    filters.get_by_role("button", name="Level").click()
    expect(shop.test_id("ledger").locator("tbody tr")).to_have_count(1)
    assert shop.ledger_kinds() == ["ACCESS"]
    filters.get_by_role("button", name="Used").click()
    expect(shop.test_id("ledger-entries")).to_have_text("None of these.")
    filters.get_by_role("button", name="Everything").click()
    expect(shop.test_id("ledger").locator("tbody tr")).to_have_count(2)


def test_credits_that_expire_and_credits_that_are_reserved(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.open_checkout("credits_2000_90d")
    shop.hosted.pay_by_card(PAYS)
    shop.expect_outcome("paid")
    reserve(shop, user, 300)
    shop.visit("/account")
    expect(shop.test_id("balance").locator("xpath=..")).to_contain_text("1,700 free to spend, 300 reserved")
    expect(shop.test_id("reservations")).to_contain_text("300 credits")
    expect(shop.test_id("reservations")).to_contain_text("a long render")
    expect(shop.test_id("lots")).to_contain_text("use by")
    shop.shoot("account-reserved")


def reserve(shop: Shop, user: str, amount: int) -> None:
    """As another service of the team does."""
    answer = httpx.post(
        f"{shop.stack.api_url}/credits/reservations",
        json={"userId": user, "amount": amount, "reference": "a long render", "expiresInSeconds": 900},
        headers={"authorization": f"Bearer {shop.stack.token(scope='billing:spend')}", "idempotency-key": user},
        trust_env=False,
    )
    assert answer.status_code == 201, answer.text
