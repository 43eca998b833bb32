"""A copy of this checkout in which something may be broken: the checkout itself is never touched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
_BUILT = (".git", ".venv*", ".tools", ".plumbline", ".aws-sam", "__pycache__", "test-results")
_CACHES = (".hypothesis", ".*_cache", ".coverage*")
_LINKED = (".venv", ".venv-sam")
_NO_VERDICT = {2, 3, 4, 5}
"""pytest's exit codes that tell of no test: https://docs.pytest.org/en/stable/reference/exit-codes.html"""


class BenchError(Exception):
    """Nothing was shown: the patch does not apply, or the tests could not run."""


@dataclass
class Verdict:
    """What became of the tests, by their names."""

    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    """By an assertion or an error of the test itself."""
    skipped: set[str] = field(default_factory=set)
    said: str = ""


@dataclass(frozen=True)
class Ran:
    """How a command ended; `code` is None when its time was over."""

    code: int | None
    said: str


class Workbench:
    """The copy, whole again after each patch."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(
            REPOSITORY, root, ignore=shutil.ignore_patterns(*_BUILT, *_CACHES), symlinks=True, dirs_exist_ok=True
        )
        for name in _LINKED:
            if (REPOSITORY / name).exists():
                (root / name).symlink_to((REPOSITORY / name).resolve())

    @contextmanager
    def broken_by(self, patch: Path) -> Iterator[None]:
        """Apply a patch, and take it back afterwards. Raises BenchError for one that does not fit exactly."""
        self._git_apply(patch)
        try:
            yield
        finally:
            self._git_apply(patch, "--reverse")

    def fits(self, patch: Path) -> None:
        """Raise BenchError unless the patch can be applied."""
        self._git_apply(patch, "--check")

    def _git_apply(self, patch: Path, *options: str) -> None:
        # Below another repository, git would take the paths as that one's, and pass over them without a word.
        environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(self.root.parent)}
        command = ["git", "apply", "--whitespace=nowarn", *options, str(patch)]
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"{patch.name} does not fit: {done.stderr.strip()}")

    def pytest(self, *tests: str, seconds: float = 600, errors_fail: bool = False) -> Verdict:
        """Run tests of the copy. Raises BenchError when they could not even be collected, or none ran, or one could not
        be set up; with `errors_fail` that one has failed.
        """
        report = self.root / ".report.xml"
        report.unlink(missing_ok=True)
        options = [
            "-q",
            "-n0",
            "-p",
            "no:cacheprovider",
            "--tb=short",
            f"--junitxml={report}",
            "-o",
            "junit_family=xunit1",
        ]
        ran = self.run("pytest", *options, *tests, seconds=seconds)
        if ran.code is None:
            raise BenchError(f"the tests did not end within {seconds:.0f} s:\n{ran.said[-2000:]}")
        if ran.code in _NO_VERDICT or not report.exists():
            raise BenchError(f"the tests could not run:\n{ran.said[-2000:]}")
        return _verdict(report, ran.said, errors_fail)

    def run(self, module: str, *arguments: str, seconds: float) -> Ran:
        """`python -m module` in the copy; after so many seconds it is ended, with all that it started."""
        process = self._started(module, arguments)
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
            return Ran(None, said)
        return Ran(process.returncode, said)

    def told(self, module: str, *arguments: str, seconds: float) -> Iterator[str]:
        """The lines that `python -m module` says in the copy, as it says them.

        Raises BenchError when it ends with anything but 0, or has to be ended after so many seconds.
        """
        process = self._started(module, arguments)
        late = threading.Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
        late.start()
        said: list[str] = []
        try:
            for line in process.stdout or ():
                said.append(line)
                yield line
            if process.wait():
                raise BenchError(f"{module} ended with {process.returncode}:\n{''.join(said)[-2000:]}")
        finally:
            late.cancel()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _started(self, module: str, arguments: Sequence[str]) -> subprocess.Popen[str]:
        paths = f"{self.root}:{self.root / 'layers/billing/python'}"
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST_"))}
        environment |= {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def _verdict(report: Path, said: str, errors_fail: bool) -> Verdict:
    found = Verdict(said=said)
    for case in ET.parse(report).getroot().iter("testcase"):
        name = f"{case.get('file')}::{case.get('name')}"
        if case.find("error") is not None and errors_fail:
            found.failed.add(name)
        elif case.find("error") is not None:
            raise BenchError(f"{name} could not be set up or taken down:\n{said[-2000:]}")
        elif case.find("failure") is not None:
            found.failed.add(name)
        elif case.find("skipped") is not None:
            found.skipped.add(name)
        else:
            found.passed.add(name)
    return found
