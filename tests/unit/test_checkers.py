"""A linter that is not there is a reason to skip its tests, and in `make check` to fail them."""

from pathlib import Path

import pytest

from tests.checkers import needs
from tests.conftest import REPOSITORY


@pytest.mark.parametrize(("tool", "required", "skipped"), [("none", "", True), ("none", "1", False), (".", "", False)])
def test_a_linter_that_is_missing(
    tool: str, required: str, skipped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_REQUIRE_CHECKS", required)
    assert needs(tmp_path / tool, "lint").mark.args == (skipped,)


def test_a_check_requires_them() -> None:
    [line] = [line for line in (REPOSITORY / "Makefile").read_text().splitlines() if "REQUIRE_CHECKS" in line]
    assert "PLUMBLINE_REQUIRE_CHECKS=1 $(PYTHON) -m pytest $(SIDE_BY_SIDE)" in line
