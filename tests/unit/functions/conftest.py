"""A process that is each of the functions: what their bootstraps build is looked at in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.template import Addresses, load_model
from tests.unit.functions.process import Environment, started
from tests.unit.functions.test_environments import ROOT


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of all functions together, as the template has them."""
    given = {"AppUrl": "https://app.example.com", "JwtIssuer": "https://issuer.example.com"}
    addresses = Addresses(sqs_url="http://127.0.0.1:1", api_url="http://127.0.0.1:1")
    template = load_model(ROOT / "template.yaml", given, addresses, tmp_path_factory.mktemp("template"))
    return {name: value for each in template.functions.values() for name, value in each.environment.items()}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> Iterator[Environment]:
    with started(monkeypatch, settings) as environment:
        yield environment
