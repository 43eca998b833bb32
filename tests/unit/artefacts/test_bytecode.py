"""Bytecode that Lambda takes as it is: of Python 3.13, unchecked, the same from every build."""

import marshal
import subprocess
import sys
from pathlib import Path

import click
import pytest
import stripe

from artefacts.bytecode import MAGIC, compile_into

UNCHECKED_HASH = (1).to_bytes(4, "little")  # https://peps.python.org/pep-0552/: bit 0 hash-based, bit 1 checked
SOURCE = 'WORDS = frozenset({"a", "b", "c"})\n\n\ndef where():\n    return __file__, WORDS\n'


def artefact(folder: Path, source: str = SOURCE) -> Path:
    package = folder / "python/package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "module.py").write_text(source)
    return folder


def compiled(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.pyc"))}


def test_every_module_has_unchecked_bytecode_of_lambdas_python(tmp_path: Path) -> None:
    compile_into(artefact(tmp_path), "/opt")
    found = compiled(tmp_path)
    name = "python/package/__pycache__/module.cpython-313.pyc"
    assert sorted(found) == ["python/package/__pycache__/__init__.cpython-313.pyc", name]
    assert {content[:8] for content in found.values()} == {MAGIC + UNCHECKED_HASH}
    assert marshal.loads(found[name][16:]).co_filename == "/opt/python/package/module.py"


def test_python_takes_it_without_reading_its_source(tmp_path: Path) -> None:
    compile_into(artefact(tmp_path), "/opt")
    (tmp_path / "python/package/module.py").write_text("raise SystemExit('compiled anew')\n")
    ran = subprocess.run(
        [sys.executable, "-B", "-c", "import package.module as m; print(sorted(m.WORDS))"],
        env={"PYTHONPATH": str(tmp_path / "python")},
        capture_output=True,
        text=True,
    )
    assert (ran.stdout, ran.stderr) == ("['a', 'b', 'c']\n", "")


def test_what_a_process_has_loaded_makes_no_difference(tmp_path: Path) -> None:
    """Bytecode of six, for one, is another when it is made where six is loaded already."""
    source = (Path(next(iter(stripe.__path__))).parent / "six.py").read_text()
    program = "import sys, pathlib, artefacts.bytecode as b; b.compile_into(pathlib.Path(sys.argv[1]), '/opt')"
    for name, each in (("one", program), ("two", f"import six, stripe, httpx, botocore.session; {program}")):
        folder = artefact(tmp_path / name, source)
        subprocess.run([sys.executable, "-c", each, str(folder)], check=True, cwd=Path(__file__).parents[3])
    assert compiled(tmp_path / "one") == compiled(tmp_path / "two") != {}


def test_a_module_that_does_not_compile_ends_the_build(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match=r"does not compile(.|\n)*module\.py"):
        compile_into(artefact(tmp_path, "def broken(:\n"), "/opt")
