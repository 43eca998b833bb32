"""A buyer's and an operator's view of whichever system a file or a folder starts as `stack`."""

from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.integration.purchase.books import Books
from tests.integration.purchase.shop import Shop


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Iterator[Shop]:
    opened = Shop(stack)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def books(stack: Stack) -> Iterator[Books]:
    opened = Books(stack)
    yield opened
    opened.close()
