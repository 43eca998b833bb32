"""A buyer of the live tests: in front of whichever page takes the money."""

from typing import Protocol

from playwright.sync_api import Locator, expect

from tests.browser.shop import Shop
from tests.live.account import Account

SECONDS = 60
"""How long a page from far away may take."""


class PaymentPage(Protocol):
    """What the stand-in's hosted page and Stripe's have in common."""

    @property
    def problem(self) -> Locator: ...

    def expect_open(self) -> str: ...

    def pay_by_card(self, number: str) -> None: ...


class Buyer:
    def __init__(self, user: str, shop: Shop, hosted: PaymentPage, account: Account) -> None:
        self.user = user
        self.shop = shop
        self.hosted = hosted
        self._account = account

    def open_checkout(self, key: str) -> str:
        """Go from the prices to the hosted page; give the checkout session's id."""
        self.shop.enter_as(self.user)
        self.shop.visit("/")
        self.shop.press_buy(key)
        session_id = self.hosted.expect_open()
        self._account.remember(session_id)
        return session_id

    def pay(self, number: str) -> None:
        """Pay, and be back on the thank-you page."""
        self.hosted.pay_by_card(number)
        self.shop.expect_outcome("paid", seconds=SECONDS)

    def expect_standing(self, balance: str, level: str) -> None:
        """What the account page says."""
        self.shop.visit("/account")
        expect(self.shop.test_id("balance")).to_have_text(balance)
        expect(self.shop.test_id("level")).to_have_text(level)
