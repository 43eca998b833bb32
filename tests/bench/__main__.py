"""`make cost`: count what is asked, and write docs/cost.md."""

from __future__ import annotations

import click

from tests.bench.counted import counted, warmed
from tests.bench.page import PAGE, rendered
from tests.bench.world import world


@click.group()
def main() -> None:
    """Measure."""


@main.command()
def cost() -> None:
    """Count, and write the page."""
    with world() as running:
        warmed(running)
        PAGE.write_text(rendered(counted(running)))
    click.echo(f"Written: {PAGE.name}")


if __name__ == "__main__":
    main()
