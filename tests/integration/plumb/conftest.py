"""One running system for the operator's command; a test that breaks something mends it."""

from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.fakes.operator import Operator


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with Stack(warm=()) as running:
        yield running


@pytest.fixture
def plumb(stack: Stack, capsys: pytest.CaptureFixture[str]) -> Operator:
    return Operator(capsys, stack.state_dir / "system.json")
