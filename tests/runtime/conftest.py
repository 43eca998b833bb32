"""One running system for all of them. Linux only: what plays Lambda's service is a program of Linux's."""

from collections.abc import Iterator

import pytest

from tests.built import may_build, needs_build
from tests.fakes.operator import Operator
from tests.runtime.system import Functions, functions


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/runtime/" in item.nodeid:
            item.add_marker(needs_build)
            item.add_marker(may_build)


@pytest.fixture(scope="package")
def lambdas() -> Iterator[Functions]:
    with functions() as running:
        yield running


@pytest.fixture
def plumb(lambdas: Functions, capsys: pytest.CaptureFixture[str]) -> Operator:
    return Operator(capsys, lambdas.stack.state_dir / "system.json")
