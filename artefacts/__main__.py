"""`make build`: the artefacts for Lambda, or with ARCH=x86_64 for a machine such as most of ours."""

from __future__ import annotations

from pathlib import Path

import click

from artefacts.build import REPOSITORY, build, functions, layers
from artefacts.sam import DEPLOYED
from artefacts.sizes import LIMIT, largest, size_of, table, text


@click.command()
@click.option("--arch", type=click.Choice(["arm64", "x86_64"]), default=DEPLOYED, show_default=True)
def main(arch: str) -> None:
    """Build the layers and functions, and say how large they are."""
    folder = build(arch)
    click.echo(f"Built for {arch}, into {folder.relative_to(REPOSITORY)}")
    weigh(folder)
    if arch == DEPLOYED:
        click.echo("Deploy it as it is: .venv-sam/bin/sam deploy --guided")


def weigh(folder: Path, limit: int = LIMIT) -> None:
    """Print the sizes; raise ClickException when Lambda would refuse a function for its size."""
    of_layers, of_functions = [*map(size_of, layers(folder))], [*map(size_of, functions(folder))]
    click.echo(table(of_layers + of_functions))
    most = largest(of_layers, of_functions)
    click.echo(f"The largest function with its layers: {text(most)} unzipped; Lambda takes {text(limit)}")
    if most > limit:
        raise click.ClickException("Lambda would refuse it")


if __name__ == "__main__":
    main()
