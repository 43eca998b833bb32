"""`make prove ROW=F12`: take a row's mechanism away and see its tests turn red. Without a row: all of them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.proofs.document import PAGE, rendered
from tests.proofs.prove import Proof, prove
from tests.proofs.rows import read_rows
from tests.proofs.workbench import Workbench


def main(arguments: Sequence[str]) -> int:
    """Prove the rows named; the code to exit with."""
    if arguments == ["--write"]:
        PAGE.write_text(rendered())
        return 0
    rows = read_rows()
    unknown = [name for name in arguments if name not in rows]
    if unknown:
        print(f"no such row: {', '.join(unknown)} (they are F01 to F65 and S01 to S30)", file=sys.stderr)
        return 2
    chosen = [rows[name] for name in arguments or rows]
    for row in chosen:
        if not row.tests:
            print(f"{row.name}  {'document' if row.document else 'OPEN':8}  {row.document or row.open}", flush=True)
    proven = [row for row in chosen if row.tests]
    with tempfile.TemporaryDirectory(prefix="plumbline-prove-") as folder:
        bench = Workbench(Path(folder) / "copy")
        failed = [proof for proof in prove(proven, bench) if not _told(proof)] if proven else []
    return 1 if failed else 0


def _told(proof: Proof) -> bool:
    """Print what came of a row; all of them are tried, so that one failure hides no other."""
    row = proof.row
    state = "FAILED" if proof.wrong else "proven"
    print(f"{row.name}  {state:8} {proof.seconds:4.0f} s  {row.mechanism} ({row.where})", flush=True)
    print(f"     {'tests:' if proof.wrong else f'green before, red with {row.patch.name}:'}", flush=True)
    for line in (*row.tests, *proof.wrong):
        print(f"       {line}", flush=True)
    return not proof.wrong


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
