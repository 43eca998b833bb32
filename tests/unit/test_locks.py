"""The locks: complete, hashed, agreeing with each other, and what their .in files ask for."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = "layers/dependencies/requirements"
DEV = "requirements/dev"
LOCKS = (RUNTIME, DEV, "requirements/sam", "requirements/checks", "requirements/runtime", "requirements/uv")


def pins(text: str) -> dict[str, tuple[str, str]]:
    """Read a lock: name to its version with marker, and to its hashes."""
    line = r"^([a-z0-9][^\s=]*)==(\S+(?: ;[^\\\n]*?)?)((?: \\\n +--hash=\S+)*)$"
    blocks = re.findall(line, text, re.MULTILINE)
    return {canonicalize_name(name.partition("[")[0]): (version.strip(), hashes) for name, version, hashes in blocks}


def wanted(text: str) -> list[Requirement]:
    """Read a .in: what it asks for, without comments and the locks it builds on."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def lacking(asked: list[Requirement], locked: Mapping[str, tuple[str, str]]) -> list[str]:
    """List what a .in asks for and its lock does not hold, in a fitting version and with hashes."""
    return [
        str(requirement)
        for requirement in asked
        for version, hashes in [locked.get(canonicalize_name(requirement.name), ("", ""))]
        if not version or version.split(" ;")[0] not in requirement.specifier or "--hash=sha256:" not in hashes
    ]


def read(name: str) -> tuple[list[Requirement], dict[str, tuple[str, str]]]:
    return wanted((ROOT / f"{name}.in").read_text()), pins((ROOT / f"{name}.txt").read_text())


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_is_asked_for(name: str) -> None:
    asked, locked = read(name)
    assert asked
    assert lacking(asked, locked) == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes(name: str) -> None:
    """S30. `uv pip sync --require-hashes` would refuse as well, but only where somebody installs afresh."""
    _, locked = read(name)
    assert [package for package, (_, hashes) in locked.items() if "--hash=sha256:" not in hashes] == []


def test_development_runs_what_is_deployed() -> None:
    """What the functions import here is, to the version and the hash, what the dependency layer ships."""
    runtime, dev = read(RUNTIME)[1], read(DEV)[1]
    assert {"botocore", "stripe", "upstash-redis", "aws-lambda-powertools", "pydantic"} <= runtime.keys()
    # The marker may differ: development may need a package on more systems.
    differing = {
        package: (locked, dev.get(package))
        for package, locked in runtime.items()
        for here in [dev.get(package, ("", ""))]
        if (here[0].split(" ;")[0], here[1]) != (locked[0].split(" ;")[0], locked[1])
    }
    assert differing == {}


@pytest.mark.parametrize(
    ("asked", "lock"),
    [
        ("stripe", "boto3==1.0 \\\n    --hash=sha256:00\n"),
        ("stripe>=16", "stripe==15.2 \\\n    --hash=sha256:00\n"),
        ("stripe", "stripe==16.1.0\n"),
    ],
)
def test_a_stale_lock_is_found(asked: str, lock: str) -> None:
    assert lacking(wanted(asked), pins(lock)) == [asked]
