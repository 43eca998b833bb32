"""`make mutation`: try the mutants of some rooms or files, and hold the survivors against the list."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.mutation.figures import Figures, percent, read_figures, source_name, write_figures
from tests.mutation.rooms import ROOMS, Room, matching, room_of
from tests.mutation.survivors import Name, Survivor, compared, read_survivors, written
from tests.proofs.workbench import Workbench

type _Verdict = tuple[Name, bool, bool]
"""A mutant, whether a test killed it, and whether it went on for ever."""


def main(arguments: Sequence[str]) -> int:
    """Try them; the code to exit with."""
    parser = argparse.ArgumentParser(prog="make mutation")
    parser.add_argument("what", nargs="*", help="rooms or files; all rooms when none is named")
    parser.add_argument("-j", "--at-once", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    chosen, known = dict(_chosen(options.what, parser)), read_survivors()
    with tempfile.TemporaryDirectory(prefix="plumbline-mutation-") as folder:
        bench = Workbench(Path(folder) / "copy")
        failed = [room for room, paths in chosen.items() if not _held(bench, room, paths, known, options.at_once)]
    print("Written into docs/mutation.md and tests/mutation/figures.json.")
    print(f"Not held: {', '.join(room.name for room in failed)}." if failed else "All of it is held.")
    return 1 if failed else 0


def _held(bench: Workbench, room: Room, paths: Sequence[str], known: Sequence[Survivor], at_once: int) -> bool:
    """Try a room, or some of its files. False when a survivor is not explained, or when they are too many."""
    print(f"{room.name}: {len(paths)} files", flush=True)
    sources = {path: source_name(bench.root / path) for path in paths}
    verdicts = _verdicts(bench, room, paths, at_once)
    difference = compared(paths, [name for name, killed, late in verdicts if not killed and not late], known)
    for name in difference.stale:
        print(f"STALE: no survivor any more, take it out of the list:\n{written(name)}")
    for name in difference.unexplained:
        print(f"SURVIVED, and is not in the list: write a test, or a reason:\n{written(name)}")
    figures = read_figures() | {path: _figures(path, sources[path], verdicts) for path in paths}
    write_figures(figures)
    reached = percent(figures[path] for path in room.paths() if path in figures)
    print(f"{room.name}: {reached:.1f} % are killed (at least {room.floor:.0f} %)", flush=True)
    return not difference.unexplained and reached >= room.floor


def _chosen(what: Sequence[str], parser: argparse.ArgumentParser) -> Iterator[tuple[Room, list[str]]]:
    unknown = [name for name in what if not room_of(name) and name not in {room.name for room in ROOMS}]
    if unknown:
        parser.error(f"no such room or file: {', '.join(unknown)}")
    for room in ROOMS:
        paths = [path for path in room.paths() if not what or room.name in what or path in what]
        if paths:
            yield room, paths


def _verdicts(bench: Workbench, room: Room, paths: Sequence[str], at_once: int) -> list[_Verdict]:
    out = bench.root / f".verdicts-{room.name}"
    plan = {
        "paths": paths,
        "tests": matching(room.tests, bench.root),
        "at_once": at_once,
        "out": str(out),
    }
    environment = os.environ | {
        "PYTHONPATH": f"{bench.root}:{bench.root / 'layers/billing/python'}",
        "TMPDIR": str(bench.root.parent),
    }
    command = [sys.executable, "-m", "tests.mutation.trials", json.dumps(plan)]
    if subprocess.run(command, cwd=bench.root, env=environment, check=False).returncode:
        raise SystemExit(f"{room.name} could not be tried, and nothing of it is written down: why stands above.")
    found = (json.loads(line) for line in out.read_text().splitlines())
    return [((*names, nth), killed is not None, late) for *names, nth, killed, late, _ in found]


def _figures(path: str, source: str, verdicts: Sequence[_Verdict]) -> Figures:
    own = [(killed, late) for name, killed, late in verdicts if name[0] == path]
    killed, late = sum(killed for killed, _ in own), sum(late for _, late in own)
    return Figures(killed, late, len(own) - killed - late, f"{datetime.now(UTC):%Y-%m-%d}", source)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
