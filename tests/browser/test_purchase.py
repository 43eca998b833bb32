"""Buying, in a real browser: from the prices over the hosted page to the account."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
from playwright.sync_api import expect

from tests.browser.hosted_page import DECLINED, PAYS
from tests.browser.shop import Shop, date_in_page
from tests.browser.stripe_side import StripeSide
from tests.integration.purchase.wait import until


def test_500_credits_from_sign_in_to_the_ledger(shop: Shop) -> None:
    """The main job of the whole project. The thank-you page waits for no webhook: it already shows the credits."""
    page = shop.page
    shop.visit("/")
    expect(shop.test_id("test-card")).to_have_text("4242 4242 4242 4242")
    expect(shop.test_id("price-credits_500")).to_be_visible()
    shop.shoot("prices-signed-out")
    shop.sign_in("alice")
    expect(shop.test_id("standing")).to_contain_text("0 credits")
    shop.shoot("prices")

    session_id = shop.open_checkout("credits_500")
    shop.shoot("hosted-page")
    shop.hosted.pay_by_card(PAYS)

    thanks = shop.expect_outcome("paid")
    expect(page).to_have_url(re.compile(rf"/checkout/return\?session_id={session_id}$"))
    expect(shop.test_id("granted")).to_contain_text("500 credits added")
    expect(shop.test_id("balance")).to_have_text("500 credits")
    expect(shop.test_id("level")).to_have_text("FREE")
    expect(shop.test_id("total")).to_have_text("$5.00")
    expect(thanks).to_contain_text(session_id)
    shop.shoot("thank-you")

    page.reload()  # a buyer who reloads buys nothing twice
    shop.expect_outcome("paid")
    expect(shop.test_id("balance")).to_have_text("500 credits")

    thanks.get_by_role("link", name="See your account").click()
    expect(shop.test_id("balance")).to_have_text("500")
    assert shop.ledger_kinds() == ["PURCHASE"]
    first = shop.test_id("ledger").locator("tbody tr").first
    expect(first).to_contain_text("Bought")
    expect(first).to_contain_text("+500")
    shop.shoot("account")


def test_buying_signed_out_asks_who_it_is_and_goes_on(shop: Shop) -> None:
    shop.visit("/")
    shop.press_buy("credits_500")
    dialog = shop.test_id("sign-in")
    expect(dialog).to_be_visible()
    shop.shoot("sign-in")
    shop.pick_demo_user("carol", within=dialog)
    shop.hosted.expect_open()


def test_a_refused_sign_in_is_asked_again(shop: Shop) -> None:
    """A token that the API does not take ends the session: keeping it would only repeat the refusal."""
    shop.use_token("mallory", "not.a.token")
    shop.visit("/account")
    expect(shop.test_id("signed-out")).to_be_visible()
    expect(shop.test_id("who")).to_contain_text("Sign in")


def test_a_declined_card_can_be_followed_by_another(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.open_checkout("credits_500")
    shop.hosted.pay_by_card(DECLINED)
    expect(shop.hosted.problem).to_contain_text("declined")
    shop.shoot("hosted-page-declined")
    shop.hosted.pay_by_card(PAYS)
    shop.expect_outcome("paid")
    expect(shop.test_id("balance")).to_have_text("500 credits")


def test_what_became_of_a_purchase_stands_beside_it(shop: Shop, user: str, stripe: StripeSide) -> None:
    """Each purchase of the same pack has its own mark, which goes when the dispute is won."""
    shop.enter_as(user)
    sessions = [buy(shop) for _ in range(4)]
    stripe.refund(sessions[0])
    stripe.refund(sessions[1], 200)
    dispute = stripe.dispute(sessions[2])
    shown_as(shop, [None, "Disputed", "Partly refunded", "Refunded"])
    shop.shoot("account-refunded")
    stripe.win(dispute)
    shown_as(shop, [None, None, "Partly refunded", "Refunded"])


def buy(shop: Shop) -> str:
    session = shop.open_checkout("credits_500")
    shop.hosted.pay_by_card(PAYS)
    shop.expect_outcome("paid")
    return session


def shown_as(shop: Shop, marks: list[str | None]) -> None:
    """Open the account until its purchases, newest first, have these marks: events come when they come."""

    def look() -> bool:
        shop.visit("/account")
        rows = shop.test_id("purchases").get_by_role("listitem")
        expect(rows).to_have_count(len(marks))
        found = [
            badge.inner_text() if badge.count() else None for badge in (row.locator(".badge") for row in rows.all())
        ]
        return found == marks

    until(f"the purchases are marked {marks}", look)


def test_a_subscription_starts_once(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.open_checkout("pro_monthly")
    shop.hosted.pay_by_card(PAYS)
    shop.expect_outcome("paid")
    expect(shop.test_id("granted")).to_have_text(
        "Your subscription has started. It includes 100 credits and level PRO."
    )
    expect(shop.test_id("level")).to_have_text("PRO")
    expect(shop.test_id("balance")).to_have_text("100 credits")
    shop.shoot("thank-you-subscription")

    shop.visit("/account")
    expect(shop.test_id("level")).to_have_text("PRO")
    expect(shop.test_id("subscriptions").get_by_role("listitem")).to_have_count(1)
    expect(shop.test_id("subscriptions")).to_contain_text("Active")
    shop.shoot("account-subscribed")

    shop.visit("/")
    had, other, beside = (shop.card(key) for key in ("pro_monthly", "team_seat_monthly", "extra_credits_monthly"))
    expect(had.get_by_text("You have this")).to_be_visible()
    expect(had.get_by_role("link", name="Change or cancel")).to_be_visible()
    expect(other.get_by_text("You have this")).to_be_hidden()
    expect(other.get_by_role("link", name="Change to this plan")).to_be_visible()
    for excluded in (had, other):
        expect(excluded.get_by_role("button", name="Subscribe")).to_be_hidden()
    expect(beside.get_by_role("button", name="Subscribe")).to_be_visible()
    expect(beside.get_by_role("link")).to_be_hidden()
    shop.shoot("prices-subscribed")


def test_a_second_subscription_from_a_page_that_was_open_before_the_first(
    shop: Shop, new_shop: Callable[..., Shop], user: str
) -> None:
    shop.enter_as(user)
    shop.visit("/")
    other_tab = new_shop()
    other_tab.enter_as(user)
    other_tab.open_checkout("pro_monthly")
    other_tab.hosted.pay_by_card(PAYS)
    other_tab.expect_outcome("paid")
    shop.press_buy("pro_monthly")
    problem = shop.card("pro_monthly").get_by_role("alert")
    expect(problem).to_contain_text("You already have a subscription")
    shop.shoot("prices-already-subscribed")
    problem.get_by_role("button", name="manage billing").click()
    expect(shop.page).to_have_url(re.compile(re.escape(shop.stack.stripe_url) + "/p/session/"))


def test_a_level_for_30_days_says_when_it_ends(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.open_checkout("pro_30_days")
    shop.hosted.pay_by_card(PAYS)
    shop.expect_outcome("paid")
    expect(shop.test_id("level")).to_have_text("PRO")
    shown = date_in_page(shop.test_id("level").locator("xpath=..").inner_text())
    paid = date_in_page(shop.test_id("outcome").get_by_text("Paid", exact=True).locator("xpath=..").inner_text())
    ends, began = (datetime.strptime(text, "%b %d, %Y").replace(tzinfo=UTC) for text in (shown, paid))
    assert ends - began == timedelta(days=30)
    shop.shoot("thank-you-level")

    shop.visit("/account")
    assert "ACCESS" in shop.ledger_kinds()
    expect(shop.test_id("ledger")).to_contain_text(f"FREE to PRO until {shown}, ")
    shop.shoot("account-level")


def test_the_ledger_is_read_page_by_page(shop: Shop, user: str) -> None:
    """Eleven entries are one more than a page holds."""
    shop.enter_as(user)
    shop.open_checkout("credits_500")
    shop.hosted.pay_by_card(PAYS)
    shop.expect_outcome("paid")
    spend_ten_times(shop, user)
    shop.visit("/account")
    expect(shop.test_id("balance")).to_have_text("490")
    rows = shop.test_id("ledger").locator("tbody tr")
    expect(rows).to_have_count(10)
    shop.test_id("older").click()
    expect(rows).to_have_count(11)
    expect(shop.test_id("older")).to_be_hidden()
    balances = [row.locator("td").last.inner_text() for row in rows.all()]
    assert balances == [str(balance) for balance in range(490, 501)]


def spend_ten_times(shop: Shop, user: str) -> None:
    """As the team's own services do."""
    token = shop.stack.token(scope="billing:spend")
    for job in range(10):
        headers = {"authorization": f"Bearer {token}", "idempotency-key": f"job-{job}"}
        body = {"userId": user, "amount": 1}
        httpx.post(
            f"{shop.stack.api_url}/credits/spend", json=body, headers=headers, timeout=20, trust_env=False
        ).raise_for_status()
