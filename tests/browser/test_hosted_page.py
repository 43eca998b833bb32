"""The stand-in's hosted page: each way to pay, what it says when something is wrong, and its ends."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.hosted_page import IBAN_PENDING, INSUFFICIENT_FUNDS, PAYS, THREE_D_SECURE
from tests.browser.shop import Shop
from tests.browser.stripe_side import CREDITS_IN_EUROS, StripeSide


def test_3d_secure_is_asked_until_it_is_passed(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.open_checkout("credits_500")
    shop.hosted.pay_by_card(THREE_D_SECURE)
    expect(shop.page.get_by_role("heading", name="3-D Secure")).to_be_visible()
    shop.shoot("hosted-3d-secure")
    shop.hosted.authenticate(passed=False)
    expect(shop.hosted.problem).to_contain_text("unable to authenticate")
    shop.shoot("hosted-3d-secure-failed")
    shop.hosted.pay_by_card(THREE_D_SECURE)
    shop.hosted.authenticate(passed=True)
    shop.expect_outcome("paid")
    expect(shop.test_id("balance")).to_have_text("500 credits")


def test_what_is_missing_or_refused_is_said_beside_the_form(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.open_checkout("credits_500")
    shop.hosted.pay_by_card("4242")
    expect(shop.hosted.problem).to_have_text("Your card number is invalid.")
    expect(shop.page.get_by_label("Card number")).to_have_attribute("aria-invalid", "true")
    expect(shop.page.get_by_label("Name", exact=True)).to_have_value("Test Buyer")
    shop.hosted.pay_by_card(INSUFFICIENT_FUNDS)
    expect(shop.hosted.problem).to_contain_text("insufficient funds")
    shop.shoot("hosted-insufficient-funds")
    shop.hosted.pay_by_card(PAYS)
    shop.expect_outcome("paid")


def test_a_bank_debit_asks_for_an_iban_only(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.open_checkout(CREDITS_IN_EUROS)
    shop.hosted.choose_bank_debit()
    expect(shop.page.get_by_label("IBAN")).to_be_visible()
    expect(shop.page.get_by_label("Card number")).to_be_hidden()
    shop.shoot("hosted-sepa")
    shop.hosted.pay_by_bank_debit("AT00 0000")
    expect(shop.hosted.problem).to_have_text("Your IBAN is incomplete.")
    expect(shop.page.get_by_label("IBAN")).to_have_value("AT00 0000")
    shop.shoot("hosted-sepa-wrong")
    shop.hosted.pay_by_bank_debit(IBAN_PENDING)
    shop.expect_outcome("processing")


def test_an_expired_page_leads_back_to_the_shop(shop: Shop, user: str, stripe: StripeSide) -> None:
    shop.enter_as(user)
    session_id = shop.open_checkout("credits_500")
    stripe.expire(session_id)
    shop.page.reload()
    expect(shop.page.get_by_role("heading", name="has expired")).to_be_visible()
    shop.shoot("hosted-expired")
    shop.hosted.leave()
    shop.expect_outcome("canceled")


def test_a_paid_page_leads_to_the_purchase(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    session_id = shop.open_checkout("credits_500")
    address = shop.page.url
    shop.hosted.pay_by_card(PAYS)
    shop.expect_outcome("paid")
    shop.page.goto(address)
    shop.shoot("hosted-complete")
    shop.page.get_by_role("link", name="Continue").click()
    expect(shop.expect_outcome("paid")).to_contain_text(session_id)
    expect(shop.test_id("balance")).to_have_text("500 credits")


def test_an_unknown_page_says_so(shop: Shop) -> None:
    answer = shop.page.goto(f"{shop.stack.stripe_url}/c/pay/cs_test_a1nobodyknowsthisone")
    assert answer
    assert answer.status == 404
    shop.shoot("hosted-unknown")


def test_it_fits_a_phone(new_shop: Callable[..., Shop], user: str) -> None:
    """The test numbers come after the form there, not before it."""
    shop = new_shop(width=360)
    shop.enter_as(user)
    shop.open_checkout(CREDITS_IN_EUROS)
    shop.shoot("hosted-phone")
    pay = shop.page.get_by_role("button", name="Pay").bounding_box()
    numbers = shop.page.get_by_role("heading", name="Test numbers").bounding_box()
    assert pay
    assert numbers
    assert pay["y"] < numbers["y"]
