"""What is in the built layers: everything that a function may come to need, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from artefacts.build import built
from artefacts.sam import DEPLOYED
from tests.built import HERE, may_build, needs_build
from tests.integration.artefacts.started import folders

pytestmark = [needs_build, may_build]

LOCK = Path(__file__).parents[3] / "layers/dependencies/requirements.txt"
ELF_MACHINE = {"arm64": 183, "x86_64": 62}
"""Bytes 18 and 19 of a library (https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html, e_machine)."""

# Stripe may answer with any kind of object inside of one that we asked for; the SDK imports its class only then. So
# that one that was stripped could break a converge months later.
EVERY_STRIPE_OBJECT = """
import stripe
from stripe import _object_classes as classes
for table in (classes.OBJECT_CLASSES, classes.V2_OBJECT_CLASSES):
    for path, name in table.values():
        getattr(__import__(path, fromlist=[name]), name)
print(len(classes.OBJECT_CLASSES))
"""


def dependencies(arch: str) -> Path:
    return built(arch) / "DependenciesLayer/python"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("arch", [DEPLOYED, HERE])
def test_it_holds_the_lock_and_nothing_else(arch: str) -> None:
    """By METADATA, which is what scanners of deployed packages read."""
    pinned = set(re.findall(r"^([a-z0-9._-]+)==(\S+)", LOCK.read_text(), re.MULTILINE))
    found = {path.parent.name.removesuffix(".dist-info") for path in dependencies(arch).glob("*.dist-info/METADATA")}
    assert {tuple(name.lower().replace("_", "-").rsplit("-", 1)) for name in found} == pinned


@pytest.mark.parametrize("arch", [DEPLOYED, HERE])
def test_its_libraries_are_of_the_machine_that_runs_it(arch: str) -> None:
    libraries = list(dependencies(arch).rglob("*.so"))
    machines = {int.from_bytes(library.read_bytes()[18:20], "little") for library in libraries}
    assert (len(libraries) > 1, machines) == (True, {ELF_MACHINE[arch]})


def test_two_builds_of_the_same_sources_are_the_same_to_the_byte() -> None:
    """The SDK names an upload by its content: a layer that did not change gets no new version.

    The two builds are those for two machines, which differ in compiled libraries alone.
    """
    one, other = contents(built(DEPLOYED)), contents(built(HERE))
    of_machine = re.compile(r"\.so$|dist-info/|^template\.yaml$|-linux-gnu")
    assert {name for name in one if not of_machine.search(name)} == {
        name for name in other if not of_machine.search(name)
    }
    assert [name for name in one if not of_machine.search(name) and one[name] != other[name]] == []


def test_every_object_that_stripe_may_answer_with_is_left() -> None:
    ran = subprocess.run(
        [sys.executable, "-B", "-S", "-c", EVERY_STRIPE_OBJECT],
        env={"PYTHONPATH": ":".join(map(str, folders("event_consumer")))},
        capture_output=True,
        text=True,
    )
    assert ran.stderr == ""
    assert int(ran.stdout) > 100


def test_the_template_points_at_what_was_built() -> None:
    """`sam deploy` takes this one, and builds nothing again."""
    folder = built(DEPLOYED)
    paths = re.findall(r"^ +(?:CodeUri|ContentUri): (\S+)$", (folder / "template.yaml").read_text(), re.MULTILINE)
    assert sorted(paths) == sorted(path.name for path in folder.iterdir() if path.is_dir())
