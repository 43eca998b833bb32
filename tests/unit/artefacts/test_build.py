"""One process builds at a time, whoever asks: `make build`, or a test that needs what it makes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

# As the real ones, but that nothing is fetched, and that it fails where another build could begin meanwhile.
PYTHON_WITH_PIP = "for into; do :; done; mkdir -p $into"
SAM = """
import fcntl, pathlib, sys
into = pathlib.Path(sys.argv[sys.argv.index("--build-dir") + 1])
try:
    fcntl.flock((into.parent / "lock-arm64").open("a"), fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    pass
else:
    sys.exit("another build could begin")
data = into / "DependenciesLayer/python/botocore/data"
data.mkdir(parents=True)
(into / "Function").mkdir()
(data / "endpoints.json").write_text('{"partitions": []}')
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository that holds what builds, and next to nothing to be built."""
    shutil.copytree(REPOSITORY / "artefacts", tmp_path / "artefacts")
    (tmp_path / "artefacts/unneeded.toml").write_text("rule = []\n")
    for name in ("template.yaml", "requirements/sam.txt", "layers/dependencies/requirements.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    tools = tmp_path / ".venv-sam/bin"
    tools.mkdir(parents=True)
    (tools / "python3.13").write_text(f"#!/bin/sh\n{PYTHON_WITH_PIP}\n")
    (tools / "sam").write_text(f"#!{sys.executable}\n{SAM}")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    return tmp_path


def started(copy: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_two_builds_at_once_go_one_after_the_other(copy: Path) -> None:
    both = [started(copy, "-m", "artefacts") for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said


def test_what_a_test_asks_for_is_built_once_under_the_same_lock(copy: Path) -> None:
    asks = "from artefacts.build import built; print(built('arm64').stat().st_ino)"
    first, second = (started(copy, "-c", asks).communicate(timeout=60)[0] for _ in range(2))
    assert first.strip().isdigit(), first
    assert second == first
