"""Tests that call a linter or the SAM CLI, which have environments of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def needs(tool: Path, target: str) -> pytest.MarkDecorator:
    """Skip, aloud, where the linter is not built."""
    return pytest.mark.skipif(missing(tool), reason=f"make {target} builds the environment of {tool.name}")


def missing(tool: Path) -> bool:
    """Whether a test may be skipped for it. `make check` has built it: there its absence fails the test."""
    return not tool.exists() and os.environ.get("PLUMBLINE_REQUIRE_CHECKS") != "1"
