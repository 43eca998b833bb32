"""`make bench` and `make cost`: measure, count, and write docs/bench.md and docs/cost.md."""

from __future__ import annotations

import click

from tests.bench import bench_page, record, stored
from tests.bench.counted import counted, warmed
from tests.bench.idle import idled
from tests.bench.page import PAGE, rendered
from tests.bench.subjects import Bench
from tests.bench.timing import starts, warm_webhooks
from tests.bench.world import world
from tests.integration.artefacts.started import started


@click.group()
def main() -> None:
    """Measure."""


@main.command()
def bench() -> None:
    """Measure each function beside an empty handler and a plain implementation; write the record and its page."""
    with world(metered=False) as running:
        compared = Bench.of(running)
        found = [*starts(compared, click.echo)]
        warm = [*warm_webhooks(compared)]
        loaded = {label: started(label).ready for label in running.labels()}
    counts = {label: (len(count.modules), count.opened) for label, count in loaded.items()}
    record.saved(record.made(found, warm, counts))
    _pages()
    click.echo(f"Written: {record.RECORD.name}, and of it {bench_page.PAGE.name} and {PAGE.name}")


@main.command()
def page() -> None:
    """Write both pages anew, of what was measured and counted last."""
    _pages()


@main.command()
def cost() -> None:
    """Count, and write the counts and their page."""
    with world() as running:
        idle = [*idled(running)]
        warmed(running)
        stored.saved([*idle, *counted(running)])
    _pages()
    click.echo(f"Written: {stored.COUNTS.name}, {PAGE.name}")


def _pages() -> None:
    """USD are of both: counts, and the processor time of the record."""
    bench_page.PAGE.write_text(bench_page.rendered(record.read()))
    PAGE.write_text(rendered(stored.read(), record.read()))


if __name__ == "__main__":
    main()
