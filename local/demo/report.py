"""What the demo prints, and how it fails."""

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console

PATIENCE_SECONDS = 30.0


class Differs(Exception):
    """Something is not as it must be; the message says what was wanted and what was found."""


class Report:
    """`patience`: seconds before something that has to happen counts as missing."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._console = Console(highlight=False, soft_wrap=True)

    def title(self, text: str) -> None:
        self._console.print(f"\n[bold]{text}[/bold]")

    def note(self, text: str) -> None:
        self._console.print(f"           {text}", markup=False)

    def hop(self, text: str, seconds: float) -> None:
        self._console.print(f"  {seconds * 1000:5.0f} ms  {text}", markup=False)

    def bad(self, text: str) -> None:
        self._console.print(f"\n[bold red]Failed:[/bold red] {text}")

    def good(self, text: str) -> None:
        self._console.print(f"\n[bold green]{text}[/bold green]")

    def check(self, what: str, found: Any, wanted: Any) -> None:
        """Raise Differs unless the two are equal."""
        if found != wanted:
            raise Differs(f"{what}: wanted {wanted!r}, found {found!r}")
        self._console.print(f"       ok  {what}: {found}", markup=False)

    def wait[T](self, what: str, look: Callable[[], T | None]) -> T:
        """Ask again and again until there is an answer; raise Differs when the time is over."""
        started = time.monotonic()
        while (found := look()) is None:
            if time.monotonic() - started > self._patience:
                raise Differs(f"{what}: did not happen within {self._patience:.0f} s")
            time.sleep(0.05)
        self.hop(what, time.monotonic() - started)
        return found
