"""No wheel gets into a layer but the one that was locked, to the byte: also one for another machine than this."""

from __future__ import annotations

import re
import zipfile
from hashlib import sha256
from pathlib import Path

import click
import pytest

from artefacts.build import TOOLS
from artefacts.wheels import fetch_wheels
from tests.built import HERE, needs_build

pytestmark = needs_build

OTHER = {"arm64": "x86_64", "x86_64": "arm64"}[HERE]
TAGS = {"arm64": "manylinux_2_17_aarch64", "x86_64": "manylinux_2_17_x86_64"}
PIP = TOOLS / "python3.13"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, which is all that pip may see."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(folder), "CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return folder


def wheel(shelf: Path, arch: str) -> str:
    """Put a wheel of the package `thing` onto the shelf; return its hash."""
    path = shelf / f"thing-1.0-cp313-cp313-{TAGS[arch]}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thing.py", f"ARCH = {arch!r}\n")
        archive.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        archive.writestr("thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    return sha256(path.read_bytes()).hexdigest()


def lock(folder: Path, *hashes: str) -> Path:
    path = folder / "requirements.txt"
    path.write_text(" ".join(["thing==1.0", *(f"--hash=sha256:{each}" for each in hashes)]) + "\n")
    return path


def test_the_locked_wheels_of_both_machines_are_fetched_once_for_a_lock(shelf: Path, tmp_path: Path) -> None:
    both = [wheel(shelf, HERE), wheel(shelf, OTHER)]
    into = tmp_path / "wheels"
    fetched = fetch_wheels(PIP, lock(tmp_path, *both), OTHER, into)
    assert sorted(path.name for path in fetched.iterdir()) == sorted(path.name for path in shelf.iterdir())
    for path in shelf.iterdir():
        path.unlink()
    assert fetch_wheels(PIP, lock(tmp_path, *both), OTHER, into) == fetched
    assert [path.name for path in into.iterdir()] == [fetched.name]

    anew = fetch_wheels(PIP, lock(tmp_path, wheel(shelf, HERE), wheel(shelf, OTHER), "0" * 64), OTHER, into)
    assert [path.name for path in into.iterdir()] == [anew.name] != [fetched.name]  # the older lock's are gone


def test_a_wheel_that_was_changed_since_it_was_fetched_is_fetched_anew(shelf: Path, tmp_path: Path) -> None:
    """`sam build` would take it into the layer: it asks for no hash."""
    locked, into = lock(tmp_path, wheel(shelf, HERE), wheel(shelf, OTHER)), tmp_path / "wheels"
    fetched = fetch_wheels(PIP, locked, OTHER, into)
    for name in ("thing-1.0-cp313-cp313-" + TAGS[OTHER], "beside-2.0-py3-none-any"):
        with zipfile.ZipFile(fetched / f"{name}.whl", "a") as archive:
            archive.writestr("more.py", "raise SystemExit\n")
        assert fetch_wheels(PIP, locked, OTHER, into) == fetched
        assert {path.name: path.read_bytes() for path in fetched.iterdir()} == {
            path.name: path.read_bytes() for path in shelf.iterdir()
        }


def test_a_changed_wheel_is_not_used_when_no_other_can_be_fetched(shelf: Path, tmp_path: Path) -> None:
    locked, into = lock(tmp_path, wheel(shelf, HERE), wheel(shelf, OTHER)), tmp_path / "wheels"
    fetched = fetch_wheels(PIP, locked, OTHER, into)
    for path in (*shelf.iterdir(), next(fetched.iterdir())):
        path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(click.ClickException, match=re.compile("DO NOT MATCH THE HASHES", re.IGNORECASE)):
        fetch_wheels(PIP, locked, OTHER, into)


def test_a_wheel_that_is_not_the_locked_one_is_refused(shelf: Path, tmp_path: Path) -> None:
    """What `sam build` alone would not notice: it asks for the other machine's wheels by name and version."""
    locked = lock(tmp_path, wheel(shelf, HERE), "0" * 64)
    wheel(shelf, OTHER)
    with pytest.raises(click.ClickException, match=re.compile("DO NOT MATCH THE HASHES", re.IGNORECASE)):
        fetch_wheels(PIP, locked, OTHER, tmp_path / "wheels")
    assert not list((tmp_path / "wheels").glob(f"{OTHER}-*"))
