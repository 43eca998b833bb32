"""Every link between the project's own pages leads somewhere: the file is there, and so is the heading."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(page for folder in (".", "docs", "local", "events") for page in (ROOT / folder).rglob("*.md"))
PAGES = [
    page for page in dict.fromkeys(PAGES) if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
]
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"^(```.*?^```|(    |\t).*?$)", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives the headings of a page: lower case, spaces to dashes, punctuation gone."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    found = []
    for match in _LINK.finditer(_CODE.sub("", page.read_text())):
        target, _, heading = match["target"].partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists():
            found.append(f"{match['target']}: no such file")
        elif heading and file.suffix == ".md" and heading not in anchors(file):
            found.append(f"{match['target']}: no such heading")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert not broken(page)


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One two\n\n[a](#one-two) [b](#three) [c](gone.md) [d](https://example.com/x)\n")
    assert broken(page) == ["#three: no such heading", "gone.md: no such file"]
