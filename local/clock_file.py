"""How far the test clock of the Stripe stand-in is ahead of real time, told through a file.

Whoever asked the stand-in itself would have to give up on it while it plays a year, or is frozen by a test: and would
then go on in a time that is over.
"""

from pathlib import Path


class ClockFile:
    """Whole seconds, written by the stand-in before it answers or sends what happens in the new time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: int | None = None

    def write(self, offset: int) -> None:
        """Say it, unless it is what was said last; a reader sees the one or the other, never a half."""
        if offset == self._written:
            return
        fresh = self.path.with_name(f"{self.path.name}.new")
        fresh.write_text(str(offset))
        fresh.replace(self.path)
        self._written = offset

    def read(self) -> int:
        """0 before the stand-in has said anything."""
        try:
            return int(self.path.read_text())
        except FileNotFoundError:
            return 0
