"""The driver of Stripe's page, tried on pages that have its ids: what it does when the page asks for more or less."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live.stripe_page import StripePage

SESSION = "cs_test_a1FromTheAddress"
ADDRESS = f"https://checkout.stripe.com/c/pay/{SESSION}#fidkdWxOYHwnPyd1blpxYHZxWjA0"
HTML = "text/html"
CARD = '<input id="cardNumber"><input id="cardExpiry"><input id="cardCvc">'
LINK = '<label style="position:absolute">Save<input type="checkbox" id="enableStripePass" checked></label>'
CARDS_ALONE = f'<input id="email" readonly value="a@example.com">{CARD}<input id="billingName">'
MANY_WAYS = f"""
  <div data-testid="card-accordion-item" onclick="fields.hidden = false">Card</div>
  <div id="fields" hidden>{CARD}<input id="billingName"><select id="billingCountry"><option>DE<option>US</select>
  <input id="billingPostalCode">{LINK}</div>"""
PAGE = """<form>{fields}<button data-testid="hosted-payment-submit-button">Pay</button></form>
<p id="said"></p>
<script>
  document.forms[0].onsubmit = (event) => {{
    event.preventDefault();
    const typed = [...document.querySelectorAll("input:not([type]), select")].map((field) => field.value);
    said.textContent = typed.join(" ") + " " + Boolean(document.querySelector("#enableStripePass:checked"));
  }};
</script>"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("fields", "typed"),
    [
        (CARDS_ALONE, "a@example.com 4242424242424242 12/34 123 Test Buyer false"),
        (MANY_WAYS, "4242424242424242 12/34 123 Test Buyer US 98101 false"),
    ],
    ids=["cards-alone", "many-ways-and-link"],
)
def test_fills_in_what_the_page_asks_for(page: Page, screenshots: Path, fields: str, typed: str) -> None:
    page.route(
        "https://checkout.stripe.com/**",
        lambda route: route.fulfill(content_type=HTML, body=PAGE.format(fields=fields)),
    )
    page.goto(ADDRESS)
    hosted = StripePage(page, screenshots)
    assert hosted.expect_open() == SESSION
    hosted.pay_by_card("4242 4242 4242 4242")
    expect(page.locator("#said")).to_have_text(typed)


def test_finds_the_sentence_of_a_refusal(page: Page, screenshots: Path) -> None:
    refused = '<p role="alert">Your card was declined. Try a different card.</p>'
    page.route("https://checkout.stripe.com/**", lambda route: route.fulfill(content_type=HTML, body=refused))
    page.goto(ADDRESS)
    expect(StripePage(page, screenshots).problem).to_be_visible()
