"""What tests of built artefacts have in common: where they run, and how long the first of them may take."""

from __future__ import annotations

import platform
import sys

import pytest

from artefacts.build import TOOLS
from tests.checkers import missing

HERE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
"""This machine's architecture, as Lambda calls it."""

needs_build = pytest.mark.skipif(
    sys.platform != "linux" or HERE not in ("arm64", "x86_64") or missing(TOOLS / "sam"),
    reason="needs Linux, for the layer's libraries, and the SAM CLI, which `make build` installs",
)
may_build = pytest.mark.timeout(600)
"""The first test to ask for artefacts of changed sources builds them: some 20 CPU seconds."""
