"""A process that is each of the functions: what their bootstraps build is looked at in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.modelled import modelled
from tests.unit.functions.process import Environment, started


@pytest.fixture(scope="session")
def settings() -> dict[str, str]:
    """Of all functions together, as the template has them."""
    template = modelled()
    return {name: value for each in template.functions.values() for name, value in each.environment.items()}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> Iterator[Environment]:
    with started(monkeypatch, settings) as environment:
        yield environment
