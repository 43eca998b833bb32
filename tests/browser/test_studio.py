"""Using credits and levels: the page asks the team's own backend, and only that asks the billing API."""

import re

from playwright.sync_api import expect

from tests.browser.hosted_page import PAYS
from tests.browser.shop import Shop

CHARGED = re.compile(r"^50 reserved, (\d+) used, (\d+) given back\.$")


def test_credits_are_bought_when_they_run_out_and_used_once_for_each_request(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.visit("/studio")
    shop.press("Find a name")
    none = shop.test_id("answer-name").get_by_role("alert")
    expect(none).to_contain_text("so none were used. You have 0 credits.")
    shop.shoot("studio-too-few")
    none.get_by_role("link", name="Buy more").click()
    expect(shop.page).to_have_url(f"{shop.stack.app_url}/#packs")
    shop.press_buy("credits_500")
    shop.hosted.pay_by_card(PAYS)
    shop.expect_outcome("paid")

    shop.visit("/studio")
    available = shop.test_id("available")
    expect(available).to_have_text("500 credits")
    shop.press("Find a name")
    expect(shop.test_id("charged-name")).to_have_text("10 credits used.")
    expect(available).to_have_text("490 credits")
    name = shop.test_id("answer-name").locator("blockquote").inner_text()

    shop.press("Write it")
    charged = shop.test_id("charged-paragraph")
    expect(charged).to_have_text(CHARGED)
    reckoning = CHARGED.match(charged.inner_text())
    assert reckoning
    words = len(shop.test_id("answer-paragraph").locator("blockquote").inner_text().split())
    assert [int(number) for number in reckoning.groups()] == [words, 50 - words]
    expect(available).to_have_text(f"{490 - words} credits")
    expect(shop.test_id("reserved")).to_have_text("0 credits")

    shop.test_id("answer-name").get_by_role("button", name="Send the same request again").click()
    expect(shop.test_id("charged-name")).to_have_text("Answered again. It was charged once: 10 credits used.")
    assert shop.test_id("answer-name").locator("blockquote").inner_text() == name
    expect(available).to_have_text(f"{490 - words} credits")
    shop.shoot("studio")

    shop.visit("/account")
    assert shop.ledger_kinds() == ["SPEND", "SPEND", "PURCHASE"]
    expect(shop.test_id("purchases").get_by_role("listitem")).to_contain_text(["1 x 500 credits"])
    expect(shop.test_id("ledger")).to_contain_text(f"a paragraph of {words} words")
    shop.shoot("account-used")


def test_what_comes_with_a_level_leads_to_its_prices(shop: Shop, user: str) -> None:
    """A link names the level, not a price: several fit, so the page asks, and the buyer pays without leaving it."""
    shop.enter_as(user)
    shop.visit("/studio")
    shop.press("Quote one")
    problem = shop.test_id("answer-motto").get_by_role("alert")
    expect(problem).to_contain_text("This comes with level PRO.")
    problem.get_by_role("link", name="Get level PRO").click()
    question = shop.test_id("pay-problem")
    expect(question).to_contain_text("Which one do you want?")
    shop.shoot("checkout-several-prices")
    question.get_by_role("button", name="$12.00 per month").click()
    shop.hosted.pay_by_card(PAYS, shop.page.frame_locator("#checkout iframe"))
    shop.expect_outcome("paid")
    expect(shop.test_id("level")).to_have_text("PRO")

    shop.visit("/studio")
    shop.press("Quote one")
    expect(shop.test_id("answer-motto").locator("blockquote")).not_to_be_empty()
