"""Stripe's own hosted checkout page, driven as a buyer would.

All that we assume of the page is here. It is Stripe's and changes without notice (the ids below were in use in autumn
2026): when `make test-live` fails in this file, look at .plumbline/screenshots/live-stuck.png and mend the names here.
Stripe may show a captcha to a browser without a window; PLUMBLINE_HEADED=1 gives it one.
"""

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PageTimeout

ADDRESS = re.compile(r"^https://checkout\.stripe\.com/.*?(cs_test_\w+)")
CARD_CHOICE = '[data-testid="card-accordion-item"]'
"""The row to open when the account offers several ways to pay; with cards alone the fields are there at once."""
NUMBER, EXPIRY, CVC = "#cardNumber", "#cardExpiry", "#cardCvc"
PAY = '[data-testid="hosted-payment-submit-button"]'
LINK_OPT_IN = "#enableStripePass"
"""Stripe's wallet: comes ticked at times, and then wants a telephone number."""
EXTRAS = {"#email": "buyer@example.com", "#billingName": "Test Buyer", "#billingPostalCode": "98101"}
"""Asked for or not, by the account's settings and the buyer's country."""
COUNTRY = "#billingCountry"

PATIENCE_MILLISECONDS = 60_000
"""Milliseconds: it is a large page, from far away."""


class StripePage:
    def __init__(self, page: Page, screenshots: Path) -> None:
        self.page = page
        self._screenshots = screenshots

    def expect_open(self) -> str:
        """Wait until the page is there; give the checkout session's id."""
        expect(self.page).to_have_url(ADDRESS, timeout=PATIENCE_MILLISECONDS)
        found = ADDRESS.match(self.page.url)
        assert found
        return found.group(1)

    @property
    def problem(self) -> Locator:
        """The sentence beside the card's fields. It has no stable name; its words are Stripe's since long."""
        return self.page.get_by_text(re.compile(r"declined|insufficient|incorrect", re.IGNORECASE)).first

    def pay_by_card(self, number: str) -> None:
        try:
            self._fill(number)
            pay = self.page.locator(PAY)
            expect(pay).to_be_enabled(timeout=PATIENCE_MILLISECONDS)
            pay.click(timeout=PATIENCE_MILLISECONDS)
        except (AssertionError, PageTimeout):
            self.page.screenshot(path=self._screenshots / "live-stuck.png", full_page=True)
            raise

    def _fill(self, number: str) -> None:
        field, choice = self.page.locator(NUMBER), self.page.locator(CARD_CHOICE)
        expect(field.or_(choice).first).to_be_visible(timeout=PATIENCE_MILLISECONDS)
        if not field.is_visible():
            choice.click()
        expect(field).to_be_visible(timeout=PATIENCE_MILLISECONDS)
        for name, text in ((NUMBER, number), (EXPIRY, "12 / 34"), (CVC, "123")):
            self._type(self.page.locator(name), text)
        country = self.page.locator(COUNTRY)
        if country.is_visible():
            country.select_option("US")
        for name, text in EXTRAS.items():
            extra = self.page.locator(name)
            if extra.is_visible() and extra.is_editable():
                extra.fill(text)
        opt_in = self.page.locator(LINK_OPT_IN)
        if opt_in.is_visible() and opt_in.is_checked():
            opt_in.uncheck(force=True)  # its label lies over it

    def _type(self, field: Locator, text: str) -> None:
        """Key by key: the page formats the digits as they come, and does not always notice a value that is set."""
        field.fill("")
        field.press_sequentially(text.replace(" ", ""), delay=20)
