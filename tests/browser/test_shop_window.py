"""What can be ordered from the shop window, and how it is asked for: the cart, the switches, a checkout on the site."""

from playwright.sync_api import expect

from tests.browser.hosted_page import PAYS
from tests.browser.shop import Shop


def test_a_cart_is_paid_for_on_this_site_with_a_promotion_code(shop: Shop, user: str) -> None:
    """Two packs in one order; Stripe.js shows the form in a frame, and what the hint promises is what the code does."""
    page = shop.page
    shop.enter_as(user)
    shop.visit("/")
    expect(shop.test_id("promotion")).to_have_text("Promotion code PLUMB20 takes 20% off.")
    shop.card("credits_2000_90d").get_by_label("Quantity").fill("2")
    shop.add_to_cart("credits_2000_90d")
    shop.add_to_cart("credits_500")
    expect(shop.card("credits_500").get_by_role("button", name="Added")).to_be_visible()
    expect(shop.card("credits_500").get_by_role("button", name="Add to cart")).to_be_enabled()
    page.reload()  # the cart stays
    cart = shop.test_id("cart")
    expect(cart.get_by_role("listitem")).to_contain_text(["2 × 2,000 credits, 90 days", "1 × 500 credits"])
    expect(shop.test_id("cart-total")).to_have_text("$35.00")
    page.get_by_label("On this site").check()
    expect(shop.test_id("to-cart")).to_have_text("Cart 3")
    shop.shoot("prices-with-cart")
    cart.get_by_role("button", name="Check out").click()

    form = page.frame_locator("#checkout iframe")
    form.get_by_label("Promotion code").fill("PLUMB20")
    form.get_by_role("button", name="Apply").click()
    expect(form.get_by_role("button", name="Pay $28.00")).to_be_visible()
    shop.shoot("checkout-on-this-site")
    shop.hosted.pay_by_card(PAYS, form)
    shop.expect_outcome("paid")
    expect(shop.test_id("difference").locator("xpath=..")).to_have_text("Discount-$7.00")
    expect(shop.test_id("total")).to_have_text("$28.00")
    expect(shop.test_id("balance")).to_have_text("4,500 credits")
    shop.visit("/")
    expect(shop.card("credits_500")).to_be_visible()
    expect(cart).to_have_count(0)
    expect(shop.test_id("to-cart")).to_have_count(0)


def test_what_is_bought_by_itself_leaves_the_cart_alone(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.visit("/")
    shop.add_to_cart("credits_2000_90d")
    shop.press_buy("credits_500")
    shop.hosted.pay_by_card(PAYS)
    shop.expect_outcome("paid")
    shop.test_id("to-cart").click()
    expect(shop.test_id("cart").get_by_role("listitem")).to_contain_text(["1 × 2,000 credits, 90 days"])
    expect(shop.test_id("cart")).to_be_in_viewport()


def test_what_cannot_be_paid_for_together_is_said_at_the_cart(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.visit("/")
    shop.add_to_cart("credits_500")
    shop.add_to_cart("credits_500_eur")
    expect(shop.test_id("cart-total")).to_have_text("$5.00 + €5.00")
    shop.test_id("cart").get_by_role("button", name="Check out").click()
    expect(shop.test_id("cart-problem")).to_contain_text("cannot be paid for together")
    shop.test_id("cart").get_by_role("button", name="Remove 500 credits, in euros").click()
    shop.test_id("cart").get_by_role("button", name="Check out").click()
    shop.hosted.expect_open()


def test_a_plan_by_the_year(shop: Shop, user: str) -> None:
    shop.enter_as(user)
    shop.visit("/")
    expect(shop.card("pro_monthly")).to_contain_text("$12.00 per month")
    shop.page.get_by_label("By the year").check()
    expect(shop.card("pro_monthly")).to_have_count(0)
    expect(shop.card("pro_yearly")).to_contain_text("$120.00 per year")
    expect(shop.card("extra_credits_monthly")).to_contain_text("per month")  # it has no other
    shop.press_buy("pro_yearly")
    shop.hosted.expect_open()
    expect(shop.page.get_by_role("main")).to_contain_text("$120.00")
