"""A system of its own, with as many workers as a test asks for, and how large the load is."""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.stack import TEMPLATE, Stack

type Tell = Callable[[str], None]

WHOLE = os.environ.get("LOAD") == "whole"
"""`make load` plays the whole sizes; each check plays the same in small."""
AT_ONCE = 50 if WHOLE else 10
"""Consumers of the queue, side by side; the template says five."""


def crowded_template(directory: Path) -> Path:
    """The template as it is but for the consumers at once, beside links to the code that it names."""
    for name in ("functions", "layers"):
        (directory / name).symlink_to(TEMPLATE.parent / name)
    text, changed = re.subn(r"MaximumConcurrency: \d+", f"MaximumConcurrency: {AT_ONCE}", TEMPLATE.read_text())
    assert changed == 1
    template = directory / "template.yaml"
    template.write_text(text)
    return template


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Tells how far it is, with the seconds since the test began: the whole sizes take minutes."""
    begun = time.monotonic()

    def say(sentence: str) -> None:
        if WHOLE:
            capture = request.config.pluginmanager.getplugin("capturemanager")
            with capture.global_and_fixture_disabled():
                print(f"\n  {time.monotonic() - begun:5.0f} s  {sentence}", end=" ", flush=True)

    return say


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    template = crowded_template(tmp_path_factory.mktemp("load"))
    with Stack(template=template, workers_per_function=AT_ONCE) as running:
        yield running
