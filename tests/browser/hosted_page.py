"""The Stripe stand-in's hosted checkout page, as a buyer uses it: all that these tests assume of it is here."""

import re

from playwright.sync_api import FrameLocator, Locator, Page, expect

PAYS = "4242 4242 4242 4242"
DECLINED = "4000 0000 0000 0002"
INSUFFICIENT_FUNDS = "4000 0000 0000 9995"
THREE_D_SECURE = "4000 0000 0000 3220"
# Settles after "at least three minutes", which is long enough to see the payment pending.
# https://docs.stripe.com/payments/sepa-debit/accept-a-payment?payment-ui=checkout#test-your-integration
IBAN_PENDING = "AT321904300235473204"
SUBMIT = re.compile("^(Pay|Subscribe)")


class HostedPage:
    """Fill in and submit the form by its labels, as a screen reader's user would."""

    def __init__(self, page: Page, stripe_url: str) -> None:
        self.page = page
        self._address = re.compile(re.escape(stripe_url) + r"/c/pay/(cs_test_\w+)")

    def expect_open(self) -> str:
        """Wait until the page is there; give the checkout session's id."""
        expect(self.page).to_have_url(self._address)
        found = self._address.match(self.page.url)
        assert found
        return found.group(1)

    @property
    def problem(self) -> Locator:
        return self.page.get_by_role("alert")

    def pay_by_card(self, number: str, form: FrameLocator | None = None) -> None:
        """`form` is the frame of an embedded page."""
        page = form or self.page
        page.get_by_label("Card", exact=True).check()
        page.get_by_label("Card number").fill(number)
        page.get_by_label("Expiration").fill("12 / 34")
        page.get_by_label("CVC").fill("123")
        page.get_by_label("Name", exact=True).fill("Test Buyer")
        page.get_by_role("button", name=SUBMIT).click()

    def choose_bank_debit(self) -> None:
        self.page.get_by_label("SEPA Direct Debit").check()

    def pay_by_bank_debit(self, iban: str) -> None:
        page = self.page
        self.choose_bank_debit()
        page.get_by_label("IBAN").fill(iban)
        page.get_by_label("Name", exact=True).fill("Test Buyer")
        page.get_by_role("button", name=SUBMIT).click()

    def authenticate(self, *, passed: bool) -> None:
        """Answer the bank's question of 3-D Secure."""
        self.page.get_by_role("button", name="Complete" if passed else "Fail").click()

    def leave(self) -> None:
        self.page.get_by_role("link", name="Back").click()
