"""The bench on which something is broken: it tells red from green, and both from nothing at all."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proofs.workbench import REPOSITORY, BenchError, Workbench

SIGNATURE = "layers/billing/python/billing/domain/signature.py"
TEST = "tests/unit/billing/domain/test_signature.py"
SOME = (f"{TEST}::test_refused_with_a_stable_reason", f"{TEST}::test_every_live_secret_is_tried")
"""Not those that try thousands of headers: what is tested here is the bench."""
PATCH = """--- a/layers/billing/python/billing/domain/signature.py
+++ b/layers/billing/python/billing/domain/signature.py
@@ -{line},3 +{line},3 @@
     if not matched:
-        raise SignatureRefused("no signature fits the body", reason="mismatch")
+        pass
     return Verified(timestamp=datetime.fromtimestamp(int(timestamp), tz=UTC))
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """Below a repository of its own, as a checkout's temporary folder may be."""
    outer = tmp_path_factory.mktemp("outer")
    subprocess.run(["git", "init", "--quiet", str(outer)], check=True)
    return Workbench(outer / "copy")


@pytest.fixture
def patch(tmp_path: Path) -> Path:
    lines = (REPOSITORY / SIGNATURE).read_text().splitlines()
    path = tmp_path / "S01.patch"
    path.write_text(PATCH.format(line=lines.index("    if not matched:") + 1))
    return path


@pytest.fixture(autouse=True)
def untouched(bench: Workbench) -> Iterator[None]:
    yield
    assert (bench.root / SIGNATURE).read_text() == (REPOSITORY / SIGNATURE).read_text()


def test_broken_is_red_and_whole_is_green(bench: Workbench, patch: Path) -> None:
    before = bench.pytest(*SOME)
    assert before.passed
    assert not before.failed
    with bench.broken_by(patch):
        assert (bench.root / SIGNATURE).read_text() != (REPOSITORY / SIGNATURE).read_text()
        after = bench.pytest(*SOME)
    assert after.failed <= before.passed
    assert after.failed
    assert all(name.startswith(f"{TEST}::test_") for name in after.failed)


def test_it_is_whole_again_also_after_a_failure(bench: Workbench, patch: Path) -> None:
    with pytest.raises(RuntimeError, match="meanwhile"), bench.broken_by(patch):
        raise RuntimeError("meanwhile")


def test_a_patch_that_does_not_fit_shows_nothing(bench: Workbench, patch: Path) -> None:
    bench.fits(patch)
    patch.write_text(patch.read_text().replace("if not matched", "if never matched"))
    with pytest.raises(BenchError, match=r"S01\.patch does not fit"):
        bench.fits(patch)
    with pytest.raises(BenchError, match=r"S01\.patch does not fit"), bench.broken_by(patch):
        pytest.fail("it was applied")


def test_code_that_can_not_be_imported_is_not_red(bench: Workbench, patch: Path) -> None:
    patch.write_text(patch.read_text().replace("+        pass", "+        pass pass"))
    with bench.broken_by(patch), pytest.raises(BenchError, match="could not run"):
        bench.pytest(TEST)


@pytest.mark.parametrize("test", ["tests/unit/billing/domain/test_nowhere.py", f"{TEST}::test_nothing"])
def test_tests_that_are_not_there_are_not_red(bench: Workbench, test: str) -> None:
    with pytest.raises(BenchError, match="could not run"):
        bench.pytest(test)


def test_a_fixture_that_fails_is_not_red(bench: Workbench) -> None:
    path = bench.root / "tests/unit/test_of_the_bench.py"
    path.write_text("import pytest\n\n@pytest.fixture\ndef broken():\n    assert 0\n\ndef test_it(broken):\n    pass\n")
    with pytest.raises(BenchError, match="could not be set up"):
        bench.pytest("tests/unit/test_of_the_bench.py")
    path.unlink()


def test_a_command_is_ended_with_all_that_it_started(bench: Workbench) -> None:
    script = "import subprocess,sys,time; subprocess.Popen(['sleep','60']); print('begun', flush=True); time.sleep(60)"
    (bench.root / "endless.py").write_text(script)
    begun = time.monotonic()
    ran = bench.run("endless", seconds=3)
    assert (ran.code, ran.said) == (None, "begun\n")
    assert time.monotonic() - begun < 30, "the child kept the pipe open"
