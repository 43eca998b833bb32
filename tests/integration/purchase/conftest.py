"""One running system for all tests that leave it as they found it, and more for those that kill or move its clock.

A test's users are named after it, so that no two tests meet in one account.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import TEMPLATE, Stack
from tests.integration.purchase.logs import Logs

PARTNER_BUS = "aws.partner/stripe.com/ed_local"
VISIBILITY_TIMEOUT = 3
"""Seconds until the message of a killed consumer comes again; three minutes in the template."""


def impatient_template(directory: Path) -> Path:
    """The template as it is but for the queue's visibility timeout, beside links to the code that it names."""
    for name in ("functions", "layers"):
        (directory / name).symlink_to(TEMPLATE.parent / name)
    text, changed = re.subn(r"VisibilityTimeout: \d+", f"VisibilityTimeout: {VISIBILITY_TIMEOUT}", TEMPLATE.read_text())
    assert changed == 1
    template = directory / "template.yaml"
    template.write_text(text)
    return template


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with Stack(warm=(), parameters={"StripeEventBus": PARTNER_BUS}) as running:
        yield running


@pytest.fixture
def logs(stack: Stack) -> Logs:
    return Logs(stack)


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name.removeprefix("test_"))[:64]
