"""Build the artefacts of one architecture, from the wheels to the bytecode."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artefacts.bytecode import compile_into
from artefacts.sam import DEPLOYED, sam_build
from artefacts.strip import rules, strip, trim_endpoints
from artefacts.wheels import fetch_wheels

REPOSITORY = Path(__file__).parents[1]
_BUILT = REPOSITORY / ".aws-sam"
TOOLS = REPOSITORY / ".venv-sam/bin"
_LOCK = REPOSITORY / "layers/dependencies/requirements.txt"
_DEPENDENCIES = "DependenciesLayer/python"
_OF = "built-of"


def folder_of(arch: str) -> Path:
    """Where the artefacts of an architecture are: those to be deployed where `sam deploy` looks for them."""
    return _BUILT / ("build" if arch == DEPLOYED else f"build-{arch}")


def build(arch: str) -> Path:
    """Build all functions and layers anew and return their folder. It is there whole, or as it was before.

    One process builds at a time, the others wait.
    """
    with _alone(arch):
        return _build(arch)


def built(arch: str) -> Path:
    """Return the folder of artefacts of the sources as they are now; build them if they are not. One process builds."""
    with _alone(arch):
        folder = folder_of(arch)
        of = folder / _OF
        return folder if of.is_file() and of.read_text() == _inputs() else _build(arch)


@contextmanager
def _alone(arch: str) -> Iterator[None]:
    _BUILT.mkdir(exist_ok=True)
    with (_BUILT / f"lock-{arch}").open("w") as one:
        fcntl.flock(one, fcntl.LOCK_EX)
        yield


def _build(arch: str) -> Path:
    wanted, unfinished = folder_of(arch), _BUILT / f"unfinished-{arch}"
    shutil.rmtree(unfinished, ignore_errors=True)
    of = _inputs()
    wheels = fetch_wheels(TOOLS / "python3.13", _LOCK, arch, _BUILT / "wheels")
    sam_build(REPOSITORY, TOOLS, wheels, arch, unfinished)
    packages = unfinished / _DEPENDENCIES
    strip(packages, rules())
    trim_endpoints(packages / "botocore/data/endpoints.json")
    for layer in layers(unfinished):
        compile_into(layer, "/opt")
    for function in functions(unfinished):
        compile_into(function, "/var/task")
    (unfinished / _OF).write_text(of)
    shutil.rmtree(wanted, ignore_errors=True)
    unfinished.rename(wanted)
    return wanted


def layers(folder: Path) -> list[Path]:
    """The layers below a folder of artefacts."""
    return [path for path in _parts(folder) if (path / "python").is_dir()]


def functions(folder: Path) -> list[Path]:
    """The functions below a folder of artefacts."""
    return [path for path in _parts(folder) if not (path / "python").is_dir()]


def _parts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _inputs() -> str:
    """A digest of all that an artefact is made of."""
    digest = hashlib.sha256()
    for path in sorted(_sources()):
        digest.update(f"{path.relative_to(REPOSITORY)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    yield REPOSITORY / "template.yaml"
    yield REPOSITORY / "requirements/sam.txt"
    for room in ("artefacts", "functions", "layers"):
        for path in (REPOSITORY / room).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:  # Python may be writing there at this moment
                yield path
