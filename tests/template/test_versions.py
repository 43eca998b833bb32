"""What makes SAM publish another version of a function, by its own translator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.template.expand import expand
from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "template.yaml").read_text()


@pytest.fixture(scope="module")
def expanding(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], set[str]]:
    """The versions that a text of the template publishes."""

    def versions(text: str) -> set[str]:
        folder: Path = tmp_path_factory.mktemp("other")
        (folder / "template.yaml").write_text(text)
        found = expand(folder / "template.yaml", folder)["expanded"]["Resources"]
        return {name for name, each in found.items() if each["Type"] == "AWS::Lambda::Version"}

    return versions


def replaced(old: str, new: str) -> str:
    assert TEXT.count(old) == 1
    return TEXT.replace(old, new)


def test_another_layer_is_another_version_of_every_function(
    expanding: Callable[[str], set[str]], expanded: dict[str, Any]
) -> None:
    """Its address changes with its content (`sam package`), and nothing in the functions' own text does."""
    now = {name for name, each in expanded["Resources"].items() if each["Type"] == "AWS::Lambda::Version"}
    assert not now & expanding(replaced("ContentUri: layers/dependencies", "ContentUri: layers/billing"))


def test_another_time_limit_is_another_version_of_its_function(
    expanding: Callable[[str], set[str]], expanded: dict[str, Any]
) -> None:
    """Not only code and environment, which is all that SAM looks at by itself."""
    now = {name for name, each in expanded["Resources"].items() if each["Type"] == "AWS::Lambda::Version"}
    then = expanding(replaced("      Timeout: 10\n", "      Timeout: 11\n"))
    assert {name.partition("Version")[0] for name in now - then} == {"WebhookFunction"}


def test_no_version_is_another_one_by_chance(expanding: Callable[[str], set[str]], expanded: dict[str, Any]) -> None:
    now = {name for name, each in expanded["Resources"].items() if each["Type"] == "AWS::Lambda::Version"}
    assert now == expanding(TEXT)
