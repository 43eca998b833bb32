"""Each way a checkout can end has its own page, which says whether money moved and what to do next."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.hosted_page import IBAN_PENDING, PAYS
from tests.browser.shop import Shop
from tests.browser.stripe_side import CREDITS_IN_EUROS, StripeSide


def test_who_leaves_the_page_is_told_that_nothing_was_charged(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.open_checkout("credits_500")
    shop.hosted.leave()
    canceled = shop.expect_outcome("canceled")
    expect(canceled).to_contain_text("Nothing was charged")
    shop.shoot("canceled")
    canceled.get_by_role("link", name="Back to prices").click()
    shop.press_buy("credits_500")
    shop.hosted.expect_open()


def test_back_from_the_hosted_page_can_buy_again(shop: Shop, user: str) -> None:
    """The Back button may bring the page as it was left, with its button still busy."""
    shop.enter_as(user)
    shop.open_checkout("credits_500")
    shop.page.go_back()
    shop.press_buy("credits_500")
    shop.hosted.expect_open()


def test_who_has_not_paid_yet_is_told_that_nothing_was_charged(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    session_id = shop.open_checkout("credits_500")
    shop.visit_return_page(session_id)
    expect(shop.expect_outcome("open")).to_contain_text("Nothing was charged")
    shop.shoot("not-finished")


def test_who_comes_back_too_late_is_told_that_nothing_was_charged(shop: Shop, user: str, stripe: StripeSide) -> None:
    shop.enter_as(user)
    session_id = shop.open_checkout("credits_500")
    stripe.expire(session_id)
    shop.visit_return_page(session_id)
    expect(shop.expect_outcome("expired")).to_contain_text("Nothing was charged")
    shop.shoot("expired")


def test_a_page_that_waits_for_a_bank_debit_finds_out_that_it_is_paid(
    shop: Shop, user: str, stripe: StripeSide
) -> None:
    """The page finds out by itself, and the buyer need not stay for it."""
    shop.enter_as(user)
    session_id = shop.open_checkout(CREDITS_IN_EUROS)
    shop.hosted.pay_by_bank_debit(IBAN_PENDING)
    waiting = shop.expect_outcome("processing")
    expect(waiting).to_contain_text("It is safe to leave this page")
    shop.shoot("processing")
    expect(shop.test_id("progress")).to_contain_text("Last checked at")

    stripe.settle(session_id, "succeeded")
    shop.expect_outcome("paid", seconds=40)
    expect(shop.test_id("balance")).to_have_text("500 credits")
    expect(shop.test_id("total")).to_have_text("€5.00")


def test_a_page_that_waits_for_a_bank_debit_finds_out_that_it_failed(shop: Shop, user: str, stripe: StripeSide) -> None:
    shop.enter_as(user)
    session_id = shop.open_checkout(CREDITS_IN_EUROS)
    shop.hosted.pay_by_bank_debit(IBAN_PENDING)
    waiting = shop.expect_outcome("processing")
    stripe.settle(session_id, "failed")
    waiting.get_by_role("button", name="Check again").click()
    expect(shop.expect_outcome("failed", seconds=40)).to_contain_text("nothing was added to your account")
    shop.shoot("failed")
    shop.visit("/account")
    expect(shop.test_id("balance")).to_have_text("0")


def test_a_session_that_nobody_knows_is_told_as_unknown(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    for session_id in ("cs_test_a1nobodyknowsthisone", "%3Cscript%3E", ""):
        shop.visit_return_page(session_id)
        shop.expect_outcome("unknown")
    shop.shoot("unknown")


def test_a_purchase_is_shown_to_its_buyer_only(new_shop: Callable[..., Shop]) -> None:
    """Somebody else's session is answered as one that does not exist; its buyer can switch accounts on the spot."""
    buyer, other = new_shop(), new_shop()
    buyer.sign_in("bob")
    session_id = buyer.open_checkout("credits_500")
    buyer.hosted.pay_by_card(PAYS)
    buyer.expect_outcome("paid")

    other.sign_in("carol")
    other.visit_return_page(session_id)
    unknown = other.expect_outcome("unknown")
    expect(unknown).not_to_contain_text("500")
    other.shoot("another-users-purchase")

    unknown.get_by_role("button", name="Use another account").click()
    other.expect_outcome("signed-out")
    other.shoot("thank-you-signed-out")
    other.pick_demo_user("bob")
    other.expect_outcome("paid")
    expect(other.test_id("granted")).to_contain_text("500 credits added")


def test_stripe_unreachable_after_paying(shop: Shop, user: str, stripe: StripeSide) -> None:
    """The buyer has paid and Stripe's API is down: the page may not look like a lost payment."""
    shop.enter_as(user)
    shop.open_checkout("credits_500")
    stripe.stop_answering()
    shop.hosted.pay_by_card(PAYS)
    unreachable = shop.expect_outcome("unreachable", seconds=40)
    expect(unreachable).to_contain_text("your payment is safe")
    expect(unreachable).to_contain_text("Please do not pay again")
    shop.shoot("stripe-unreachable")

    stripe.be_well()
    unreachable.get_by_role("button", name="Try again").click()
    shop.expect_outcome("paid", seconds=40)
    expect(shop.test_id("balance")).to_have_text("500 credits")


def test_we_are_unreachable_after_paying(shop: Shop, user: str) -> None:
    """The page has come and our API does not answer it: nobody may pay twice for that."""
    shop.enter_as(user)
    shop.open_checkout("credits_500")
    asked = f"{shop.stack.api_url}/checkout/success"
    shop.page.route(asked, lambda route: route.abort())
    shop.hosted.pay_by_card(PAYS)
    interrupted = shop.expect_outcome("interrupted", seconds=40)
    expect(interrupted).to_contain_text("your payment is safe")
    expect(interrupted).to_contain_text("Please do not pay again")
    shop.shoot("we-are-unreachable")

    shop.page.unroute(asked)
    interrupted.get_by_role("button", name="Try again").click()
    shop.expect_outcome("paid", seconds=40)


def test_stripe_unreachable_before_paying(shop: Shop, user: str, stripe: StripeSide) -> None:
    shop.enter_as(user)
    shop.visit("/")
    expect(shop.test_id("price-credits_500")).to_be_visible()
    stripe.stop_answering()
    shop.press_buy("credits_500")
    problem = shop.test_id("price-credits_500").get_by_role("alert")
    expect(problem).to_contain_text("Nothing was charged", timeout=40_000)
    shop.shoot("prices-stripe-unreachable")

    stripe.be_well()
    shop.press_buy("credits_500")
    shop.hosted.expect_open()
