"""One system in front of a Stripe that is somewhere else, and a browser.

Each test here runs twice. As an ordinary browser test, Stripe is the stand-in, started apart from the system and not
knowing its webhook: so all but the driver of Stripe's page is exercised without a key. In `make test-live`
it is Stripe.
"""

import re
import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from local.errors import StartError
from local.run_config import url
from local.stack import Stack
from local.supervisor import Supervisor
from local.supervisor.plan import Part
from local.supervisor.ports import free_ports
from local.supervisor.settings import Backends
from tests.browser.hosted_page import HostedPage
from tests.browser.shop import Shop
from tests.conftest import ENV_FILE, LIVE
from tests.live.account import Account
from tests.live.buyer import Buyer
from tests.live.listen import Listener
from tests.live.stripe_page import PATIENCE_MILLISECONDS, StripePage

STAND_IN, STRIPE = "stand-in", "stripe"
HERE = f"{Path(__file__).parent}/"


def live_backends() -> Backends | None:
    """Where the account of `make test-live` is; None in every other run. tests/conftest.py has made sure of the key."""
    return Backends.for_live_tests(ENV_FILE) if LIVE else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if str(item.path).startswith(HERE):
            item.add_marker("browser")
            item.add_marker(pytest.mark.timeout(300))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the key out of what a failure prints: the arguments of a call may hold it."""
    report = yield
    key = (live_backends() or Backends.stand_ins()).stripe_key
    if key is not None:
        if report.longrepr is not None and key in str(report.longrepr):
            report.longrepr = str(report.longrepr).replace(key, "sk_test_...")
        report.sections = [(name, text.replace(key, "sk_test_...")) for name, text in report.sections]
    return report


@pytest.fixture(scope="module", params=[STAND_IN, pytest.param(STRIPE, marks=pytest.mark.live)])
def backends(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    if request.param == STRIPE:
        found = live_backends()
        assert found is not None
        yield found
        return
    port = free_ports().stripe
    arguments = ("local.stripe", "--port", str(port))
    elsewhere = Supervisor(
        [Part("stripe", arguments, f"{url(port)}/_control/clock", keeps_state=True)],
        tmp_path_factory.mktemp("stripe"),
        lambda part, line: None,
    )
    try:
        elsewhere.start()
        elsewhere.wait_until_ready()
        yield Backends(stripe_key="sk_test_elsewhere", stripe_api=url(port))
    finally:
        elsewhere.stop()


@pytest.fixture(scope="module")
def stack(backends: Backends) -> Iterator[Stack]:
    with ExitStack() as held:
        try:
            running = held.enter_context(Stack(backends=backends, warm=()))
        except StartError as error:
            if LIVE:
                pytest.exit(str(error), returncode=1)  # a wrong key, or no network: said once, not by each test
            raise
        yield running


@pytest.fixture
def account(stack: Stack) -> Iterator[Account]:
    opened = Account(stack)
    yield opened
    opened.clean_up()


@pytest.fixture
def listener(stack: Stack, account: Account) -> Iterator[Listener]:
    opened = Listener(account.client, f"{stack.api_url}/webhooks/stripe", stack.webhook_secret)
    yield opened
    opened.close()


@pytest.fixture
def buyer(browser: Browser, backends: Backends, stack: Stack, account: Account, screenshots: Path) -> Iterator[Buyer]:
    """Somebody whom the account has never seen: it keeps customers, and idempotency keys, from one run to the next."""
    context = browser.new_context(viewport={"width": 1180, "height": 900}, locale="en-US", timezone_id="UTC")
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    real = re.match(r"https://", backends.stripe_api)
    hosted = StripePage(page, screenshots) if real else HostedPage(page, stack.stripe_url)
    user = f"live-{uuid.uuid4().hex[:12]}"
    yield Buyer(user, Shop(page, stack, screenshots), hosted, account)
    context.close()
