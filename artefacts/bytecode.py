"""Compile bytecode into an artefact: `sam build` leaves it out, and a function could not keep its own.

Lambda's folders can't be written to, so without it each cold start compiles all it imports: half of its time
(docs/design/performance.md). The usual kind, valid by the source's date, would be stale at once: a zip keeps dates to
two seconds, and Lambda sets its own. `unchecked-hash` is taken as it is, and its source is not even read
(https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation).
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import click

MAGIC = (3571).to_bytes(2, "little") + b"\r\n"
"""Of every release of Python 3.13, and of no other version: any other's bytecode would be ignored without a word.

https://github.com/python/cpython/blob/3.13/Lib/importlib/_bootstrap_external.py
"""


def compile_into(folder: Path, deployed_as: str) -> None:
    """Compile every module below `folder`, which Lambda will have as `deployed_as`.

    That path is kept in the bytecode, for tracebacks: another one would be mended at each import, and this machine's
    own would make two builds differ. So would what else a process has loaded, for bytecode marks what is referred to
    more than once (https://docs.python.org/3/library/marshal.html): hence a Python that has loaded nothing.
    Raises ClickException for a module that does not compile.
    """
    if importlib.util.MAGIC_NUMBER != MAGIC:
        raise click.ClickException(f"bytecode for Lambda needs Python 3.13, and this is {sys.version.split()[0]}")
    what = ("-q", "-f", "-o", "0", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", deployed_as)
    command = [sys.executable, "-I", "-S", "-m", "compileall", *what, str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise click.ClickException(f"a module does not compile:\n{ran.stdout}{ran.stderr}")
