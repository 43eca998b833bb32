"""One system for all of them; one tab and one account for each test.

Pictures of the pages go to .plumbline/screenshots, or to PLUMBLINE_SCREENSHOTS.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from local.stack import Stack
from tests.browser.shop import Shop
from tests.browser.stripe_side import StripeSide

expect.set_options(timeout=90_000)  # a busy machine is slow, not wrong

HERE = f"{Path(__file__).parent}/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if str(item.path).startswith(HERE):
            item.add_marker("browser")


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """One for this folder, as each test has a user of its own. Ended with it: other tests share the machine."""
    with Stack(parameters={"PromotionCodes": "true"}, warm=()) as running:
        yield running


@pytest.fixture
def new_shop(browser: Browser, stack: Stack, screenshots: Path) -> Iterator[Callable[..., Shop]]:
    """Open tabs that share nothing. At the end of the test, no page may have complained in the console."""
    opened: list[Shop] = []

    def open_shop(*, width: int = 1180, height: int = 820, dark: bool = False) -> Shop:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-US",
            timezone_id="UTC",
        )
        context.set_default_timeout(90_000)
        shop = Shop(context.new_page(), stack, screenshots)
        opened.append(shop)
        return shop

    yield open_shop
    for shop in opened:
        shop.page.context.close()
    assert [problem for shop in opened for problem in shop.problems] == []


@pytest.fixture
def shop(new_shop: Callable[..., Shop]) -> Shop:
    return new_shop()


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """Name a user after the test, so that no two tests meet in one account."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", request.node.name)[:64]


@pytest.fixture
def stripe(stack: Stack) -> Iterator[StripeSide]:
    """Reach what is behind the hosted page; whatever faults a test asks for end with it."""
    side = StripeSide(stack.stripe_url)
    yield side
    side.be_well()
    side.close()
