"""The stand-in's pay page without the rest of the system: codes, addresses and tax, languages, and a frame."""

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.browser.hosted_page import PAYS, THREE_D_SECURE
from tests.stand_in import StripeProcess

Open = Callable[..., Page]


class Shop:
    """A shop's own pages, of another origin: `body` at /checkout, and one where buyers come back to."""

    def __init__(self) -> None:
        self.body = ""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write((shop.body if self.path == "/checkout" else "<h1>Shop</h1>").encode())

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class StripeAlone(StripeProcess):
    """A stand-in in its own process, and its API with a key."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        super().__init__()
        self.http.headers["Authorization"] = "Bearer sk_test_plumbline"

    def post(self, path: str, **form: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.post(path, data=form).raise_for_status().json()
        return answer

    def session(self, amount: int = 500, currency: str = "usd", **more: Any) -> dict[str, Any]:
        price = {
            "line_items[0][price_data][currency]": currency,
            "line_items[0][price_data][unit_amount]": amount,
            "line_items[0][price_data][product_data][name]": "500 credits",
            "line_items[0][quantity]": 1,
        }
        ending = {"success_url": f"{self.shop.url}/thanks", "cancel_url": f"{self.shop.url}/canceled"}
        ending = {} if "ui_mode" in more else ending
        return self.post("/v1/checkout/sessions", mode="payment", **price, **ending, **more)

    def now(self, session: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/v1/checkout/sessions/{session['id']}").raise_for_status().json()
        return found


@pytest.fixture(scope="module")
def stripe_alone() -> Iterator[StripeAlone]:
    shop = Shop()
    running = StripeAlone(shop)
    yield running
    running.stop()
    shop.stop()


@pytest.fixture
def open_page(browser: Browser, screenshots: Path) -> Iterator[Open]:
    """Open a tab in a language. No page may break in the console."""
    opened, problems = [], list[str]()

    def open_tab(*, language: str = "en-US", width: int = 1180) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, locale=language)
        context.set_default_timeout(90_000)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        opened.append(context)
        return page

    yield open_tab
    for context in opened:
        context.close()
    assert problems == []


def shoot(page: Page, screenshots: Path, name: str) -> None:
    page.screenshot(path=screenshots / f"{name}.png", full_page=True)


def fill_card(form: Page | FrameLocator, number: str = PAYS) -> None:
    form.get_by_label("Card", exact=True).check()
    form.get_by_label("Card number").fill(number)
    form.get_by_label("Expiration").fill("12 / 34")
    form.get_by_label("CVC").fill("123")
    form.get_by_label("Name", exact=True).fill("Test Buyer")


def fill_email(form: Page | FrameLocator) -> None:
    form.get_by_label("Email").fill("buyer@example.com")


def test_a_code_is_applied_removed_and_paid_with(stripe_alone: StripeAlone, open_page: Open, screenshots: Path) -> None:
    coupon = stripe_alone.post("/v1/coupons", percent_off=20)["id"]
    promotion = {"promotion[type]": "coupon", "promotion[coupon]": coupon}
    stripe_alone.post("/v1/promotion_codes", code="SPRING20", **promotion)
    session = stripe_alone.session(allow_promotion_codes="true")
    page = open_page()
    page.goto(session["url"])
    page.get_by_label("Promotion code").fill("winter")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_have_text("This code is invalid.")
    expect(page.get_by_label("Promotion code")).to_have_attribute("aria-invalid", "true")
    shoot(page, screenshots, "stand-in-code-wrong")
    page.get_by_label("Promotion code").fill("spring20")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#total")).to_contain_text("$4.00")
    expect(page.get_by_text("−$1.00")).to_be_visible()
    shoot(page, screenshots, "stand-in-code")
    page.get_by_role("button", name="Remove SPRING20").click()
    expect(page.locator("#total")).to_contain_text("$5.00")
    page.get_by_label("Promotion code").fill("SPRING20")
    page.get_by_role("button", name="Apply").click()
    fill_email(page)
    fill_card(page)
    page.get_by_role("button", name="Pay $4.00").click()
    page.wait_for_url("**/thanks")
    assert stripe_alone.now(session)["amount_total"] == 400


def test_a_code_can_make_an_order_free(stripe_alone: StripeAlone, open_page: Open) -> None:
    coupon = stripe_alone.post("/v1/coupons", percent_off=100)["id"]
    stripe_alone.post("/v1/promotion_codes", code="GIFT", **{"promotion[type]": "coupon", "promotion[coupon]": coupon})
    session = stripe_alone.session(allow_promotion_codes="true")
    page = open_page()
    page.goto(session["url"])
    page.get_by_label("Promotion code").fill("GIFT")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_label("Card number")).to_have_count(0)
    fill_email(page)
    page.get_by_label("Name", exact=True).fill("Test Buyer")
    page.get_by_role("button", name="Complete order").click()
    page.wait_for_url("**/thanks")
    assert stripe_alone.now(session)["payment_status"] == "no_payment_required"


def test_tax_is_shown_before_it_is_paid(stripe_alone: StripeAlone, open_page: Open, screenshots: Path) -> None:
    tax = {"automatic_tax[enabled]": "true", "tax_id_collection[enabled]": "true"}
    session = stripe_alone.session(1000, billing_address_collection="required", **tax)
    page = open_page()
    page.goto(session["url"])
    expect(page.locator("#tax")).to_contain_text("Enter your address")
    page.get_by_label("Country or region").select_option("Germany")
    page.get_by_role("button", name="Update total").click()
    expect(page.get_by_role("alert")).to_have_text("Your address is incomplete.")
    page.get_by_label("Address line 1").fill("Unter den Linden 1")
    page.get_by_label("Postal code").fill("10117")
    page.get_by_label("City").fill("Berlin")
    fill_email(page)
    fill_card(page)
    page.get_by_role("button", name="Pay $10.00").click()
    expect(page.get_by_role("alert")).to_contain_text("The total has changed.")
    expect(page.locator("#tax")).to_contain_text("$1.90")
    fill_card(page)
    page.get_by_label("purchasing as a business").check()
    page.get_by_label("Business name").fill("Test GmbH")
    page.get_by_label("Tax ID").fill("DE12")
    shoot(page, screenshots, "stand-in-tax")
    page.get_by_role("button", name="Pay $11.90").click()
    expect(page.get_by_role("alert")).to_have_text("Your tax ID is invalid.")
    page.get_by_label("Tax ID").fill("DE123456789")
    fill_card(page)
    page.get_by_role("button", name="Pay $11.90").click()
    expect(page.get_by_role("button", name="Pay $10.00")).to_be_visible()
    fill_card(page)
    page.get_by_role("button", name="Pay $10.00").click()
    page.wait_for_url("**/thanks")
    details = stripe_alone.now(session)["customer_details"]
    assert details["tax_ids"] == [{"type": "eu_vat", "value": "DE123456789"}]
    assert (details["business_name"], details["address"]["city"]) == ("Test GmbH", "Berlin")


@pytest.mark.parametrize(
    ("locale", "browser_language", "button"),
    [
        ("auto", "de-AT", "5,00\u00a0€ bezahlen"),
        ("fr", "de-DE", "Payer 5,00\u00a0€"),
        ("es", "en-US", "Pagar 5,00\u00a0€"),
        ("auto", "pt-BR", "Pay €5.00"),
    ],
)
def test_the_page_speaks_the_language_of_session_or_browser(
    stripe_alone: StripeAlone, open_page: Open, screenshots: Path, locale: str, browser_language: str, button: str
) -> None:
    session = stripe_alone.session(currency="eur", locale=locale, allow_promotion_codes="true")
    page = open_page(language=browser_language)
    page.goto(session["url"])
    expect(page.get_by_role("button", name=button)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", re.compile("de|fr|es|en"))
    shoot(page, screenshots, f"stand-in-{locale}-{browser_language}")


def shop_page(stripe_url: str, secret: str, method: str, script: str) -> str:
    return f"""<!doctype html><title>Shop</title><h1>Our shop</h1><main id="checkout"></main><p id="said"></p>
    <script src="{stripe_url}{script}"></script><script>
    const said = (text) => {{ document.getElementById("said").textContent = text; }};
    (async () => {{
      const stripe = Stripe("pk_test_plumbline");
      const options = {{ fetchClientSecret: async () => "{secret}", onComplete: () => said("complete") }};
      const checkout = await stripe.{method}(options);
      checkout.mount("#checkout");
    }})().catch((broken) => said(`${{broken.name}}: ${{broken.message}}`));
    </script>"""


@pytest.mark.parametrize(
    ("method", "script"), [("createEmbeddedCheckoutPage", "/endive/stripe.js"), ("initEmbeddedCheckout", "/v3/")]
)
def test_a_shop_embeds_the_page_and_is_left_for_its_return_url(
    stripe_alone: StripeAlone, open_page: Open, screenshots: Path, method: str, script: str
) -> None:
    returning = f"{stripe_alone.shop.url}/return?session_id={{CHECKOUT_SESSION_ID}}"
    session = stripe_alone.session(ui_mode="embedded_page", return_url=returning)
    assert session["url"] is None
    stripe_alone.shop.body = shop_page(stripe_alone.url, session["client_secret"], method, script)
    page = open_page()
    page.goto(stripe_alone.shop.url + "/checkout")
    frame = page.frame_locator("#checkout iframe")
    fill_email(frame)
    fill_card(frame, THREE_D_SECURE)
    shoot(page, screenshots, "stand-in-embedded")
    frame.get_by_role("button", name="Pay $5.00").click()
    frame.get_by_role("button", name="Complete").click()
    page.wait_for_url(f"{stripe_alone.shop.url}/return?session_id={session['id']}")
    assert stripe_alone.now(session)["payment_status"] == "paid"


def test_a_shop_that_is_never_left_is_told(stripe_alone: StripeAlone, open_page: Open) -> None:
    session = stripe_alone.session(ui_mode="embedded_page", redirect_on_completion="never")
    script = "/endive/stripe.js"
    stripe_alone.shop.body = shop_page(stripe_alone.url, session["client_secret"], "createEmbeddedCheckoutPage", script)
    page = open_page()
    page.goto(stripe_alone.shop.url + "/checkout")
    frame = page.frame_locator("#checkout iframe")
    fill_email(frame)
    fill_card(frame)
    frame.get_by_role("button", name="Pay $5.00").click()
    expect(page.locator("#said")).to_have_text("complete")
    expect(frame.get_by_role("heading", name="all done")).to_be_visible()
    page.goto(f"{stripe_alone.url}/c/embedded/{session['client_secret']}x")
    expect(page.get_by_role("heading", name="Something went wrong")).to_be_visible()


def test_the_old_name_of_the_method_is_refused(stripe_alone: StripeAlone, open_page: Open) -> None:
    """https://docs.stripe.com/changelog/dahlia/2026-03-25/rename-init-embedded-checkout-to-create-embedded-checkout-page"""
    stripe_alone.shop.body = shop_page(
        stripe_alone.url, "cs_test_a1_secret_x", "initEmbeddedCheckout", "/endive/stripe.js"
    )
    page = open_page()
    page.goto(stripe_alone.shop.url + "/checkout")
    expect(page.locator("#said")).to_contain_text("IntegrationError")
