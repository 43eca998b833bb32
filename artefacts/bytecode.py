"""Compile bytecode into an artefact: `sam build` leaves it out, and a function could not keep its own.

Lambda's folders can't be written to, so without it each cold start compiles all it imports: half of its time
(docs/design/performance.md). The usual kind, valid by the source's date, would be stale at once: a zip keeps dates to
two seconds, and Lambda sets its own. `unchecked-hash` is taken as it is, and its source is not even read
(https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation).
"""

from __future__ import annotations

import importlib.util
import py_compile
import sys
from pathlib import Path

import click

MAGIC = (3571).to_bytes(2, "little") + b"\r\n"
"""Of every release of Python 3.13, and of no other version: any other's bytecode would be ignored without a word.

https://github.com/python/cpython/blob/3.13/Lib/importlib/_bootstrap_external.py
"""


def compile_into(folder: Path, deployed_as: str) -> int:
    """Compile every module below `folder`, which Lambda will have as `deployed_as`; return how many.

    That path is kept in the bytecode, for tracebacks: another one would be mended at each import, and this machine's
    own would make two builds differ. Raises ClickException for a module that does not compile.
    """
    if importlib.util.MAGIC_NUMBER != MAGIC:
        raise click.ClickException(f"bytecode for Lambda needs Python 3.13, and this is {sys.version.split()[0]}")
    modules = sorted(folder.rglob("*.py"))
    for module in modules:
        try:
            py_compile.compile(
                str(module),
                dfile=f"{deployed_as}/{module.relative_to(folder).as_posix()}",
                doraise=True,
                optimize=0,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except py_compile.PyCompileError as error:
            raise click.ClickException(f"{module} does not compile: {error.msg}") from error
    return len(modules)
