"""Notice that the code of a function changed.

Looked at before every invocation instead of by a watcher: it costs less than a millisecond for a few hundred files,
and the first invocation after a save is sure to run the new code.
"""

import importlib.util
import os
from pathlib import Path

from local.template import Function

_Stamp = tuple[int, int]


class Code:
    """The Python files a function can import from its own directory and its layers, as they were last seen."""

    def __init__(self, function: Function) -> None:
        self._roots = (function.code_dir, *function.layer_dirs)
        self._seen = self._read()

    def changed(self) -> bool:
        return self._read() != self._seen

    def refresh(self) -> None:
        """Take the present state as known, and drop the bytecode of what changed.

        Python trusts bytecode by the source's size and its time in whole seconds, so two quick saves of the same length
        would leave the old code running.
        """
        now = self._read()
        for path, stamp in now.items():
            if self._seen.get(path) != stamp and path.endswith(".py"):
                Path(importlib.util.cache_from_source(path)).unlink(missing_ok=True)
        self._seen = now

    def _read(self) -> dict[str, _Stamp]:
        found: dict[str, _Stamp] = {}
        for root in self._roots:
            _scan(str(root), found)
        return found


def _scan(directory: str, found: dict[str, _Stamp]) -> None:
    try:
        entries = list(os.scandir(directory))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name.startswith((".", "__pycache__")):
            continue
        if entry.is_dir():
            _scan(entry.path, found)
            continue
        try:
            stat = entry.stat()
        except FileNotFoundError:  # a file that an editor is replacing; seen at the next look
            continue
        found[entry.path] = (stat.st_mtime_ns, stat.st_size)
