"""One call of the command: its options, its output, and the installation that it is about."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plumb.errors import NotConfirmed, Refused
from plumb.output import Output

if TYPE_CHECKING:
    from plumb.site import Site
    from plumb.world import World


@dataclass
class Options:
    """What was given on the command line, for every command alike."""

    stage: str = "local"
    as_json: bool = False
    yes: bool = False
    actor: str | None = None
    region: str | None = None
    stack: str | None = None
    run_file: Path | None = None


@dataclass
class Invocation:
    """What a command is handed."""

    options: Options = field(default_factory=Options)
    not_asked: bool = False
    """Whether a change was left out because nobody could be asked. Then the command does not exit 0: a pipeline that
    forgets --yes would be green for ever."""

    @cached_property
    def out(self) -> Output:
        """Where results and progress go."""
        return Output(self.options.as_json)

    @cached_property
    def site(self) -> Site:
        """The installation; raise PlumbError when it can't be found. From then on this process speaks to its AWS."""
        from plumb.stages import find_site

        options = self.options
        return find_site(options.stage, run_file=options.run_file, stack=options.stack, region=options.region)

    @cached_property
    def world(self) -> World:
        """The functions' own adapters, for this installation."""
        from plumb.world import World

        return World(self.site)

    def close(self) -> None:
        """Close what was opened."""
        if "world" in self.__dict__:
            self.world.close()

    @cached_property
    def actor(self) -> str:
        """Who does this, as ledger entries say it (failure-modes S29)."""
        return self.options.actor or self.site.caller()

    def confirm(self, question: str) -> bool:
        """Whether to go on with a change that was just shown. Nobody there to ask: no, and it says what is missing."""
        if self.options.yes:
            return True
        if self.out.as_json or not sys.stdin.isatty():
            self.not_asked = True
            self.out.note("Nothing was changed: pass --yes to do it.")
            return False
        where = f"{self.site.stage} (live mode)" if self.site.live else self.site.stage
        if click.confirm(f"{question} Stage {where}.", err=True):
            return True
        self.out.note("Nothing was changed.")
        return False

    def must_confirm(self, question: str) -> None:
        """Ask before any write in live mode (failure-modes S28, S29); raise Refused, or NotConfirmed.

        Test mode needs no question: what happens there can be done again.
        """
        if self.site.live and not self.confirm(question):
            error = NotConfirmed if self.not_asked else Refused
            raise error("This writes to live mode, and was not agreed to: pass --yes.")
