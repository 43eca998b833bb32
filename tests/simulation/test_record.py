"""The record of what was simulated says what was run, and nothing of what was not."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.simulation import record
from tests.simulation.__main__ import main
from tests.simulation.batch import Done
from tests.simulation.record import Piece, Reason, pieces, reasons, unexplained
from tests.simulation.record_page import rendered
from tests.simulation.recording import AlreadyRecorded, Incomplete, Recording
from tests.simulation.run import Outcome


def git(repository: Path, *arguments: str) -> str:
    someone = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
    return subprocess.run(
        ["git", *someone, *arguments], cwd=repository, check=True, capture_output=True, text=True
    ).stdout.strip()


def committed(repository: Path, text: str) -> str:
    (repository / "code").write_text(text)
    git(repository, "add", "code")
    git(repository, "commit", "--quiet", "--message", text)
    return git(repository, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "docs").mkdir()
    committed(tmp_path, "first")
    return tmp_path


def done(runs: int, failed: tuple[int, ...] = ()) -> Done:
    outcomes = [Outcome(seed, "why") for seed in failed]
    return Done(runs=runs, calls=54 * runs, deeds=26 * runs, cpu_seconds=runs / 25, failed=outcomes)


def test_a_piece_is_of_the_commit_that_lay_there_when_it_began(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    recording = Recording(1, 100, repository)
    committed(repository, "second")
    (repository / "code").write_text("third")
    piece = recording.end(done(100), processes=2)
    assert (piece.commit, piece.clean) == (first, True)
    assert pieces(repository) == [piece]
    assert (repository / record.PAGE).read_text() == rendered([piece])


def test_a_piece_of_what_was_not_committed_says_so(repository: Path) -> None:
    (repository / "code").write_text("changed")
    piece = Recording(1, 1, repository).end(done(1), processes=1)
    assert not piece.clean
    assert f"`{piece.commit[:12]}` \\* |" in rendered([piece])


def test_what_the_piece_before_has_written_is_no_change(repository: Path) -> None:
    for first in (1, 101):
        assert Recording(first, first + 99, repository).end(done(100), processes=2).clean
    assert [each.first for each in pieces(repository)] == [1, 101]
    assert "200 runs of 1 commit, of which 0 failed" in (repository / record.PAGE).read_text()


def test_a_part_of_a_piece_is_not_recorded(repository: Path) -> None:
    with pytest.raises(Incomplete, match="99 of 100"):
        Recording(1, 100, repository).end(done(99), processes=2)
    assert not (repository / record.RECORD).exists()


def test_seeds_that_fail_are_named(repository: Path) -> None:
    piece = Recording(1, 10, repository).end(done(10, failed=(7, 3)), processes=2)
    assert piece.failed == (3, 7)
    page = rendered([piece])
    assert "10 runs of 1 commit, of which 2 failed" in page
    assert "| 3, 7 |" in page


@pytest.mark.parametrize(("first", "last"), [(1, 10), (10, 20), (5, 6), (1, 100)])
def test_no_seed_counts_twice_for_one_commit(repository: Path, first: int, last: int) -> None:
    Recording(5, 10, repository).end(done(6), processes=2)
    with pytest.raises(AlreadyRecorded, match="5 to 10"):
        Recording(first, last, repository)
    committed(repository, "second")
    Recording(first, last, repository)


def test_the_page_in_the_docs_is_that_of_the_record() -> None:
    page = record.REPOSITORY / record.PAGE
    assert page.read_text() == rendered(pieces(), reasons())


def test_the_command_runs_every_seed_once_and_says_how_fast() -> None:
    result = CliRunner().invoke(main, ["--runs", "21", "--seed", "5", "--processes", "1"])
    assert (result.exit_code, result.output.splitlines()[-1].split(",")[0]) == (0, "21 of 21 runs"), result.output
    assert re.search(r"per CPU second \d+\.\d runs, [\d,]+ calls \(40 x \d+\.\d\); 0 failed\n$", result.output), (
        result.output
    )


def test_figures_of_the_page() -> None:
    piece = Piece("c" * 40, True, "2026-11-28T09:30:00+00:00", 1, 100_000, 5_400_000, (), 2, 2400.0, 4200.0, "3.13.0")
    ran = "| 2026-11-28 09:30 | `cccccccccccc` | 1 to 100,000 | 100,000 | 0 | 5,400,000"
    assert rendered([piece]).splitlines()[-1] == f"{ran} | - | 40 min | 70 min | 23.8 | - |"
    counted = replace(piece, deeds=2_580_000)
    assert rendered([counted]).splitlines()[-1] == f"{ran} | 2,580,000 | 40 min | 70 min | 23.8 | 47.5 |"


def test_a_row_of_the_page_is_all_that_ran_at_a_commit() -> None:
    one = Piece("c" * 40, True, "2026-11-28T09:30:00+00:00", 201, 300, 5_000, (207,), 2, 60.0, 120.0, "3.13.0", 3_000)
    rows = [
        one,
        replace(one, first=1, last=100, failed=(3,)),
        replace(one, commit="d" * 40, begun="2026-11-28T11:00:00+00:00"),
        replace(one, first=101, last=150, calls=2_500, deeds=1_500, cpu_seconds=60.0, failed=()),
        replace(one, first=400, last=400, calls=20, deeds=20, failed=(), clean=False),
    ]
    table = rendered(rows).split("| 2026-11-28 ")[1:]
    assert [row.partition("\n")[0] for row in table] == [
        "09:30 | `cccccccccccc` | 1 to 150; 201 to 300 | 250 | 207, 3 | 12,500 | 7,500 | 3 min | 5 min | 0.8 | 1.7 |",
        "11:00 | `dddddddddddd` | 201 to 300 | 100 | 207 | 5,000 | 3,000 | 1 min | 2 min | 0.8 | 1.7 |",
        "09:30 | `cccccccccccc` \\* | 400 to 400 | 1 | 0 | 20 | 20 | 1 min | 2 min | 0.0 | 0.0 |",
    ]


def test_every_recorded_failure_is_understood() -> None:
    assert unexplained(pieces(), reasons()) == []


def test_a_failure_without_a_reason_is_told(repository: Path) -> None:
    piece = Recording(1, 100, repository).end(done(100, failed=(7, 9)), processes=2)
    known = Reason((7,), piece.commit[:12], "It was late.", "simulation", "0123456789ab")
    assert unexplained([piece], [known]) == [(piece.commit[:12], 9)]
    page = rendered([piece], [known])
    assert f"- 7, at `{piece.commit[:12]}`. The simulation: It was late. Mended in `0123456789ab`." in page
    assert f"- 9, at `{piece.commit[:12]}`: not known yet." in page


def test_a_failure_that_is_not_mended_says_so(repository: Path) -> None:
    piece = Recording(1, 100, repository).end(done(100, failed=(7,)), processes=2)
    known = Reason((7,), piece.commit[:12], "It was late.", "product")
    assert "The product: It was late. Not mended yet.\n" in rendered([piece], [known])
