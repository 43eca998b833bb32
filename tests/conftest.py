"""What holds for every test: no real account is in reach, and nothing is skipped in silence.

Markers: `browser` needs Chromium (fixture `browser_path`); `live` needs `make test-live` and its key.
"""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

REPOSITORY = Path(__file__).parents[1]
ENV_FILE = REPOSITORY / ".env"

# Names under which the several Chromiums install themselves; Playwright drives each by its path.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# A headless Chromium draws its whole window for each context, with pages of its own for the address bar, and keeps a
# renderer in reserve: three quarters of what a context cost. The last --disable-features counts, so Playwright's own
# list stands here, too (https://github.com/microsoft/playwright, chromiumSwitches.ts).
NOT_NEEDED = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding", "OptimizationHints"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin"),
    *("NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
)
# --no-sandbox: CI runs as root. The rest keeps the browser from talking to anybody but whom a page names.
LAUNCH = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(NOT_NEEDED)}",
)
LIVE = os.environ.get("PLUMBLINE_LIVE") == "1"

# One busy machine must not turn a slow example into a failure; pytest-timeout catches what hangs.
settings.register_profile("plumbline", deadline=None)
settings.load_profile("plumbline")


def find_browser() -> str | None:
    """Find a Chromium: the one named by PLUMBLINE_CHROMIUM, else an installed one."""
    named = os.environ.get("PLUMBLINE_CHROMIUM")
    if named:
        return shutil.which(named)
    on_path = (shutil.which(name) for name in BROWSERS)
    on_mac = (path for path in MAC_BROWSERS if Path(path).is_file())
    return next((path for path in (*on_path, *on_mac) if path), None)


def pytest_configure(config: pytest.Config) -> None:
    """Put every real account out of reach, before any module of ours is imported.

    A developer's shell may hold a profile or a live key; a test that forgets to pass its own must fail, and
    not bill anybody. Only `make test-live` keeps the test-mode key, should the shell hold it and not .env.
    """
    prefixes = ("AWS_",) if LIVE else ("AWS_", "STRIPE_", "UPSTASH_")
    for name in list(os.environ):
        if name.startswith(prefixes) and name != "AWS_CA_BUNDLE":
            del os.environ[name]
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if LIVE:
        _require_key()


def _require_key() -> None:
    """Say in one sentence what `make test-live` lacks, before anything is collected."""
    from local.errors import StartError
    from local.supervisor.settings import Backends

    try:
        Backends.for_live_tests(ENV_FILE)
    except StartError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name a test as soon as it fails: a run of half an hour that is stopped has told which."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\nFAILED {report.nodeid}", flush=True)


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_xdist_auto_num_workers() -> int:
    """Say what `-n auto` means: one more than there are cores, since these tests wait more than they compute."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "Scheduling | None":
    """Keep together what shares a running system, and no other tests but those of a file."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.side_by_side import LoadFolderScheduling

    return LoadFolderScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Have the garbage collector pass over the thousands of tests, which stay: it took a fifth of the time of some."""
    gc.collect()
    gc.freeze()
    if "botocore.loaders" in sys.modules:
        _describe_services_once()


def _describe_services_once() -> None:
    """Have boto read what describes a service once: it does so for each session, and tests make hundreds.

    Half of the time of the operator's tests went there.
    """
    from botocore.loaders import JSONFileLoader

    stock = JSONFileLoader.load_file
    read = cache(partial(stock, JSONFileLoader()))
    JSONFileLoader.load_file = lambda _, path: read(path)  # type: ignore[assignment,method-assign]


@pytest.hookimpl(trylast=True)  # after a folder has marked its tests
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine or command can't run; `make check` demands the browser."""
    required = os.environ.get("PLUMBLINE_REQUIRE_BROWSER") == "1"
    no_browser = find_browser() is None and not required
    for item in items:
        if item.get_closest_marker("browser") and no_browser:
            item.add_marker(pytest.mark.skip(reason="no Chromium: install one or set PLUMBLINE_CHROMIUM"))
        if item.get_closest_marker("live") and not LIVE:
            item.add_marker(pytest.mark.skip(reason="needs a Stripe test-mode key: make test-live"))


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Give the path of a Chromium, for Playwright's `executable_path`; without one, the test fails."""
    path = find_browser()
    assert path, "no Chromium found (PLUMBLINE_REQUIRE_BROWSER=1): install one or set PLUMBLINE_CHROMIUM"
    return path


@pytest.fixture(scope="module")
def browser(browser_path: str) -> "Iterator[Browser]":
    """Launch one for a module: Playwright keeps an event loop running, and a later test may need its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        headed = os.environ.get("PLUMBLINE_HEADED") == "1"
        launched = playwright.chromium.launch(executable_path=browser_path, args=list(LAUNCH), headless=not headed)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    directory = Path(os.environ.get("PLUMBLINE_SCREENSHOTS", REPOSITORY / ".plumbline" / "screenshots"))
    directory.mkdir(parents=True, exist_ok=True)
    return directory
