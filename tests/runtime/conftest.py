"""One running system for all of them. Linux only: what plays Lambda's service is a program of Linux's."""

import platform
import sys
from collections.abc import Iterator

import pytest

from artefacts.build import TOOLS
from tests.fakes.operator import Operator
from tests.runtime.system import Functions, functions

needs_build = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64") or not (TOOLS / "sam").exists(),
    reason="needs Linux, and the SAM CLI, which `make build` installs",
)
may_build = pytest.mark.timeout(600)
"""The first test to ask for artefacts of changed sources builds them: some 20 CPU seconds."""


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
