"""The whole system, as `make run` starts it, for the tests of what it must survive."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.stack import TEMPLATE, Stack

VISIBILITY = 4
"""Seconds until a message comes again whose consumer was killed; the template says three minutes."""


def impatient_template(target: Path) -> Path:
    """Copy the template with a short visibility timeout, beside links to the code."""
    target.mkdir()
    for name in ("functions", "layers"):
        (target / name).symlink_to(TEMPLATE.parent / name)
    text = TEMPLATE.read_text()
    assert text.count("VisibilityTimeout: 180") == 1
    template = target / "template.yaml"
    template.write_text(text.replace("VisibilityTimeout: 180", f"VisibilityTimeout: {VISIBILITY}"))
    return template


def eventually[T](what: str, look: Callable[[], T | None], seconds: float = 60) -> T:
    """Ask until there is an answer; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(template=impatient_template(tmp_path_factory.mktemp("system") / "copy")) as stack:
        yield stack
