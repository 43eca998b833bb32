"""What a killed system leaves goes with the next start; what has an owner, or never was a system's, stays."""

import subprocess
import sys
from pathlib import Path

from local.own_state import LOCK, OwnState

ROOT = Path(__file__).parents[3]
STARTS = """
import sys
from pathlib import Path
from local.own_state import OwnState
state = OwnState(Path(sys.argv[1]))
(state.path / "logs").mkdir()
print(state.path, flush=True)
sys.stdin.read()
"""


def test_it_goes_with_its_system(tmp_path: Path) -> None:
    state = OwnState(tmp_path)
    (state.path / "logs").mkdir()
    state.remove()
    state.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_next_one_removes_what_a_killed_one_left_and_nothing_else(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).touch()
    others = [tmp_path / "plumbline-mine", tmp_path / "another", tmp_path / "plumbline-link"]
    others[0].mkdir()
    others[1].mkdir()
    (others[1] / LOCK).touch()
    others[2].symlink_to(elsewhere)
    command = [sys.executable, "-c", STARTS, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        left = Path(owner.stdout.readline().strip())
        OwnState(tmp_path).remove()
        assert (left / "logs").is_dir(), "its owner lives"
        owner.kill()
    assert left.is_dir()
    OwnState(tmp_path).remove()
    assert not left.exists()
    assert all(path.exists() for path in (*others, elsewhere / LOCK))
