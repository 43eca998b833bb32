"""The directory of a system that keeps nothing: gone with it, or after a kill with the next one that starts.

Whoever lives holds a lock on a file in it, which ends with the process, however that ends
(https://man7.org/linux/man-pages/man2/flock.2.html). So a directory whose lock is free has nobody; one without that
file is somebody else's, and is left alone.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "plumbline-"
LOCK = "owner.lock"


class OwnState:
    """A directory for one system, among the temporary files."""

    def __init__(self, where: Path | None = None) -> None:
        where = where or Path(tempfile.gettempdir())
        _remove_abandoned(where)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=where))
        fresh = self.path / f"{LOCK}.new"
        self._lock: int | None = os.open(fresh, os.O_CREAT | os.O_WRONLY, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        fresh.rename(self.path / LOCK)  # it has its name once it is locked: nobody finds it free

    def remove(self) -> None:
        """At the end; may be called twice."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _remove_abandoned(where: Path) -> None:
    """Remove what systems that were killed have left."""
    for path in where.glob(f"{PREFIX}*"):
        if not path.is_symlink():
            with _taken(path / LOCK) as abandoned:
                if abandoned:
                    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _taken(lock: Path) -> Iterator[bool]:
    """Whether the lock is there, is ours to take, and nobody has it."""
    try:
        file = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        yield False
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        free = os.fstat(file).st_uid == os.getuid()
    except BlockingIOError:
        free = False
    try:
        yield free
    finally:
        os.close(file)
