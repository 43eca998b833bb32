"""One running system for the operator's command; a test that breaks something mends it."""

from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.fakes.operator import Operator
from tests.integration.purchase.books import Books
from tests.integration.purchase.shop import Shop


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with Stack(warm=()) as running:
        yield running


@pytest.fixture(scope="package")
def shop(stack: Stack) -> Iterator[Shop]:
    opened = Shop(stack)
    yield opened
    opened.close()


@pytest.fixture(scope="package")
def books(stack: Stack) -> Iterator[Books]:
    opened = Books(stack)
    yield opened
    opened.close()


@pytest.fixture
def plumb(stack: Stack, capsys: pytest.CaptureFixture[str]) -> Operator:
    return Operator(capsys, stack.state_dir / "system.json")
