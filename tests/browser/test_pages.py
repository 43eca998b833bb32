"""What holds for the pages themselves: their policy, small and dark screens, the keyboard, and how money is written."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from local.stack import Stack
from tests.browser.hosted_page import PAYS
from tests.browser.shop import BUY, Shop

PATHS = ["/", "/account", "/studio", "/checkout/pay", "/checkout/return", "/checkout/canceled"]


@pytest.mark.parametrize("path", PATHS)
def test_the_server_sends_a_strict_policy(stack: Stack, path: str) -> None:
    policy = httpx.get(stack.app_url + path, trust_env=False).raise_for_status().headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert f"connect-src 'self' {stack.api_url}" in policy
    assert "unsafe" not in policy


def test_the_other_name_of_this_machine_leads_to_the_configured_one(shop: Shop, user: str) -> None:
    """Whoever types localhost can buy as well: the API knows one origin, and the session is kept for one."""
    shop.enter_as(user)
    by_name = shop.stack.app_url.replace("127.0.0.1", "localhost")
    shop.page.goto(f"{by_name}/account?from=a%20link")
    expect(shop.page).to_have_url(f"{shop.stack.app_url}/account?from=a%20link")
    expect(shop.test_id("user-name")).to_have_text(user)
    shop.page.goto(by_name)
    shop.press_buy("credits_500")
    shop.hosted.expect_open()


@pytest.mark.parametrize(("look", "width", "dark"), [("phone", 360, False), ("dark", 1180, True)])
def test_every_page_fits(new_shop: Callable[..., Shop], user: str, look: str, width: int, dark: bool) -> None:
    """`shoot` fails when a page is wider than its window."""
    shop = new_shop(width=width, dark=dark)
    shop.enter_as(user)
    shop.shoot(f"canceled-{look}")
    shop.open_checkout("pro_monthly")
    shop.hosted.pay_by_card(PAYS)
    shop.expect_outcome("paid")
    shop.shoot(f"thank-you-{look}")
    shop.visit("/account")
    expect(shop.test_id("ledger")).to_be_visible()
    shop.shoot(f"account-{look}")
    shop.visit("/studio")
    shop.press("Write it")
    expect(shop.test_id("charged-paragraph")).to_be_visible()
    shop.shoot(f"studio-{look}")
    shop.visit("/")
    shop.add_to_cart("credits_500")
    shop.shoot(f"prices-{look}")
    shop.page.get_by_label("On this site").check()
    shop.test_id("cart").get_by_role("button", name="Check out").click()
    expect(shop.page.frame_locator("#checkout iframe").get_by_role("button", name="Pay $5.00")).to_be_visible()
    shop.shoot(f"checkout-on-this-site-{look}")


def test_buying_needs_no_mouse(shop: Shop) -> None:
    page = shop.page
    shop.visit("/")
    buy = shop.card("credits_500").get_by_role("button", name=BUY)
    buy.focus()
    page.keyboard.press("Enter")
    dialog = shop.test_id("sign-in")
    expect(dialog.get_by_role("button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(buy).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    shop.hosted.expect_open()


@pytest.mark.parametrize(
    ("minor_units", "currency", "written"),
    [
        (500, "usd", "$5.00"),
        (500, "eur", "€5.00"),
        (500, "jpy", "¥500"),
        (500, "isk", "ISK 5"),  # two decimals in Stripe's API, none in the money itself
        (5120, "kwd", "KWD 5.120"),
    ],
)
def test_money_is_written_as_stripe_counts_it(shop: Shop, minor_units: int, currency: str, written: str) -> None:
    shop.visit("/checkout/canceled")
    script = "async ([amount, currency]) => (await import('/assets/js/format.js')).money(amount, currency)"
    assert shop.page.evaluate(script, [minor_units, currency]).replace("\u00a0", " ") == written


def test_prices_say_so_when_the_shop_does_not_answer(shop: Shop) -> None:
    """The API is another server: the pages may be there without it."""
    shop.page.route("**/catalog", lambda route: route.abort())
    shop.visit("/")
    problem = shop.test_id("prices").get_by_role("alert")
    expect(problem).to_contain_text("cannot be reached")
    shop.shoot("prices-unreachable")
    shop.page.unroute("**/catalog")
    problem.get_by_role("button", name="Try again").click()
    expect(shop.test_id("price-credits_500")).to_be_visible()


def test_a_price_of_two_currencies_is_paid_in_the_chosen_one(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.visit("/")
    card = shop.card("credits_500")
    expect(card).to_contain_text("$5.00")
    expect(card).not_to_contain_text("Not sold in")
    expect(shop.card("credits_500_eur")).to_contain_text("Not sold in USD.")
    shop.page.get_by_label("EUR").check()
    expect(card).to_contain_text("\u20ac4.50")
    expect(shop.card("credits_500_eur")).not_to_contain_text("Not sold in")
    shop.shoot("prices-in-euros")
    shop.press_buy("credits_500")
    shop.hosted.expect_open()
    expect(shop.page.get_by_role("main")).to_contain_text("\u20ac4.50")
