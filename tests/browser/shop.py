"""The storefront as a buyer uses it: what to press, what to read, and a picture of each page."""

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from local.stack import Stack
from tests.browser.hosted_page import HostedPage

BUY = re.compile("^(Buy now|Subscribe)$")


class Shop:
    """One browser tab in front of the running system."""

    def __init__(self, page: Page, stack: Stack, screenshots: Path) -> None:
        self.page = page
        self.stack = stack
        self.hosted = HostedPage(page, stack.stripe_url)
        self.problems: list[str] = []
        self._screenshots = screenshots
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        page.on("console", self._on_console)

    def _on_console(self, message: ConsoleMessage) -> None:
        """Keep what no page may cause. A 4xx or 5xx of an API is a line of its own, and often what is being tested."""
        address = message.location.get("url", "")
        file = address.startswith(self.stack.app_url) and not address.startswith(f"{self.stack.app_url}/backend/")
        refused = message.text.startswith("Failed to load resource") and not file
        if message.type in {"error", "warning"} and not refused:
            self.problems.append(message.text)

    # Coming in

    def visit(self, path: str = "/") -> None:
        self.page.goto(self.stack.app_url + path)

    def enter_as(self, user: str) -> None:
        """Be signed in as somebody of this test only, so that tests share the system but no account."""
        self.use_token(user, self.stack.token(user=user))

    def use_token(self, user: str, token: str) -> None:
        self.visit("/checkout/canceled")  # any page of the same origin: the session is kept per origin
        session = json.dumps({"user": user, "token": token})
        self.page.evaluate("session => sessionStorage.setItem('plumbline.session', session)", session)

    def sign_in(self, user: str) -> None:
        self.visit("/")
        self.pick_demo_user(user)
        expect(self.test_id("user-name")).to_have_text(user)

    def pick_demo_user(self, user: str, within: Locator | None = None) -> None:
        (within or self.page.get_by_role("main")).get_by_role("button", name=user, exact=True).click()

    # Buying

    def card(self, key: str) -> Locator:
        """The card of a price, by its lookup key."""
        return self.page.get_by_test_id(f"price-{key}")

    def press_buy(self, key: str) -> None:
        self.card(key).get_by_role("button", name=BUY).click()

    def press(self, label: str) -> None:
        self.page.get_by_role("button", name=label).click()

    def add_to_cart(self, key: str) -> None:
        self.card(key).get_by_role("button", name="Add to cart").click()

    def open_checkout(self, key: str) -> str:
        """Go from the prices to the hosted page; give the checkout session's id."""
        self.visit("/")
        self.press_buy(key)
        return self.hosted.expect_open()

    def visit_return_page(self, session_id: str) -> None:
        self.visit(f"/checkout/return?session_id={session_id}")

    # Reading

    def test_id(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def expect_outcome(self, state: str, *, seconds: float = 45) -> Locator:
        """Wait until the page a checkout returns to says this."""
        outcome = self.page.get_by_test_id("outcome")
        expect(outcome).to_have_attribute("data-state", state, timeout=seconds * 1000)
        return outcome

    def ledger_kinds(self) -> list[str | None]:
        rows = self.page.get_by_test_id("ledger").locator("tbody tr")
        expect(rows.first).to_be_visible()
        return [row.get_attribute("data-kind") for row in rows.all()]

    def shoot(self, name: str) -> None:
        """Take a picture of the whole page, and look that nothing sticks out sideways."""
        self.page.screenshot(path=self._screenshots / f"{name}.png", full_page=True)
        widths: dict[str, Any] = self.page.evaluate(
            "() => ({page: document.documentElement.scrollWidth, window: innerWidth})"
        )
        assert widths["page"] <= widths["window"], f"{name} is wider than its window"


def date_in_page(text: str) -> str:
    """Take the date, as the pages write it, out of a text."""
    found = re.search(r"[A-Z][a-z]{2} \d{1,2}, \d{4}", text)
    assert found, text
    return found.group()
