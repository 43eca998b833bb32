"""A release needs a million seeds of what is released, and a reason for each that failed."""

import json
from dataclasses import asdict
from pathlib import Path

import click
import pytest

from tests.simulation import record
from tests.simulation.record import Piece
from tests.simulation.release import WANTED, standing
from tests.simulation.test_record import git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    for folder in ("docs", "layers", "functions"):
        (tmp_path / folder).mkdir()
    return tmp_path


def committed(repository: Path, path: str, text: str) -> str:
    (repository / path).write_text(text)
    git(repository, "add", path)
    git(repository, "commit", "--quiet", "--message", text)
    return git(repository, "rev-parse", "HEAD")


def recorded(repository: Path, *every: Piece) -> None:
    (repository / record.RECORD).write_text(json.dumps([asdict(each) for each in every]))


def piece(commit: str, first: int, last: int, *, clean: bool = True, failed: tuple[int, ...] = ()) -> Piece:
    return Piece(commit, clean, "2026-11-29T10:00:00+00:00", first, last, 1, failed, 2, 1.0, 1.0, "3.13.0")


def test_seeds_count_for_as_long_as_the_product_is_the_same(repository: Path) -> None:
    first = committed(repository, "layers/code", "a")
    recorded(repository, piece(first, 1, 400_000))
    committed(repository, "docs/page", "of something else")
    assert standing(repository).seeds == 400_000
    (repository / "layers/code").write_text("b")  # not committed, and another product all the same
    assert standing(repository).seeds == 0
    second = committed(repository, "layers/code", "b")
    recorded(repository, piece(first, 1, 400_000), piece(second, 400_001, 1_000_000))
    assert (standing(repository).seeds, standing(repository).missing) == (600_000, 400_000)
    committed(repository, "functions/code", "c")
    assert standing(repository).seeds == 0


def test_a_million_seeds_are_a_release(repository: Path) -> None:
    first = committed(repository, "layers/code", "a")
    recorded(repository, piece(first, 1, WANTED - 1))
    assert (standing(repository).missing, standing(repository).ready) == (1, False)
    recorded(repository, piece(first, 1, WANTED - 1), piece(first, WANTED, WANTED))
    assert (standing(repository).missing, standing(repository).ready) == (0, True)


def test_a_seed_counts_once_and_a_dirty_piece_not_at_all(repository: Path) -> None:
    first = committed(repository, "layers/code", "a")
    second = committed(repository, "docs/page", "b")
    recorded(
        repository,
        piece(second, 51, 150),
        piece(first, 1, 100),
        piece(second, 60, 70),
        piece(second, 201, 300, clean=False),
        piece(second, 301, 310),
    )
    assert standing(repository).seeds == 160


def test_a_failure_without_a_reason_or_a_mend_forbids_it(repository: Path) -> None:
    first = committed(repository, "layers/code", "a")
    recorded(repository, piece(first, 1, WANTED, failed=(7,)))
    assert standing(repository).unexplained == ((first[:12], 7),)
    assert not standing(repository).ready
    told = f'[[failure]]\nseeds = [7]\ncommit = "{first[:12]}"\nwhy = "w"\nmended = "m"\nwhere = "product"\n'
    (repository / record.FAILURES).write_text(told.replace('mended = "m"\n', ""))
    assert standing(repository).unmended == ((first[:12], 7),)
    assert not standing(repository).ready
    (repository / record.FAILURES).write_text(told)
    assert standing(repository).ready


def test_a_clone_without_the_commit_says_so(repository: Path) -> None:
    committed(repository, "layers/code", "a")
    recorded(repository, piece("0" * 40, 1, 100))
    with pytest.raises(click.UsageError, match="000000000000"):
        standing(repository)
