"""Which release this checkout is: the newest heading of CHANGELOG.md, the one place that a release writes it into."""

import re
from pathlib import Path

_CHANGELOG = Path(__file__).resolve().parents[1] / "CHANGELOG.md"


def version(changelog: Path = _CHANGELOG) -> str:
    """`1.2.0` of `## [1.2.0] - 2026-12-01`, and `unreleased` before the first release."""
    found = re.search(r"^## \[?([\w.-]+)", changelog.read_text(), re.MULTILINE)
    return found[1].lower() if found else "unknown"
