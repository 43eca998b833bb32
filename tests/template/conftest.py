"""The template as AWS gets it, expanded once."""

from __future__ import annotations

from typing import Any

import pytest

from local.template.expand import expand
from tests.conftest import REPOSITORY


@pytest.fixture(scope="session")
def expanded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Nobody may change it: a test that does takes a copy."""
    found: dict[str, Any] = expand(REPOSITORY / "template.yaml", tmp_path_factory.mktemp("template"))["expanded"]
    return found
