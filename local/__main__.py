"""`python -m local run | demo | token | seed | dashboard`: the local system from the command line."""

import sys
from pathlib import Path

import click

from local.errors import StartError
from local.template.errors import TemplateError

ROOT = Path(__file__).resolve().parents[1]
STATE = ROOT / ".plumbline"
ENV_FILE = ROOT / ".env"


@click.group()
def cli() -> None:
    """Plumbline on this machine."""


@cli.command()
@click.option("--storefront-port", "storefront", type=int, help="Default 8787, or PLUMBLINE_STOREFRONT_PORT.")
@click.option("--api-port", "api", type=int, help="Default 8788, or PLUMBLINE_API_PORT.")
@click.option("--stripe-port", "stripe", type=int, help="Default 8789, or PLUMBLINE_STRIPE_PORT.")
@click.option("--upstash-port", "upstash", type=int, help="Default 8790, or PLUMBLINE_UPSTASH_PORT.")
@click.option("--aws-port", "aws", type=int, help="First of four, default 8791 to 8794, or PLUMBLINE_AWS_PORT.")
@click.option("--parameter", "parameters", multiple=True, help="A parameter of the template, NAME=VALUE; repeatable.")
@click.option("--throttle", is_flag=True, help="Refuse what is beyond the template's throttles, with 429.")
@click.option("--door", metavar="ADDRESS", help="Let containers in at Docker's bridge, such as 172.17.0.1 (Linux).")
def run(parameters: tuple[str, ...], throttle: bool, door: str | None, **given: int | None) -> None:
    """Start the whole system and keep it running until Ctrl-C."""
    from local.run import run_until_stopped
    from local.supervisor.ports import AWS_PARTS

    aws = given.pop("aws")
    ports = {**given, **dict.fromkeys(AWS_PARTS, aws)}
    of_template = dict(map(_parameter, parameters))
    sys.exit(run_until_stopped(ports, STATE, ENV_FILE, of_template, throttled=throttle, door=door))


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise click.UsageError(f"--parameter takes NAME=VALUE, such as TrialDays=14, not {text!r}.")
    return name, value


@cli.command()
@click.option("--verbose", is_flag=True, help="Show the logs of all parts as well.")
@click.option("--template", type=click.Path(path_type=Path), default=ROOT / "template.yaml", help="Another template.")
@click.option("--patience", type=float, default=30.0, help="Seconds to wait for what must happen (default 30).")
def demo(verbose: bool, template: Path, patience: float) -> None:
    """Make two purchases on free ports, check every trace they leave, and stop."""
    from local.demo import run_demo

    sys.exit(run_demo(verbose, template, patience))


@cli.command()
@click.option("--user", help="A user's token (default alice).")
@click.option("--scope", help="A machine's token with these scopes instead, e.g. billing:spend.")
def token(user: str | None, scope: str | None) -> None:
    """Print a token for trying the API with curl; warn if no system is running that takes it."""
    from local.issuer.keys import load_key
    from local.issuer.tokens import MACHINE_SCOPES, Issuer
    from local.run_config import url
    from local.supervisor.ports import answers
    from local.supervisor.settings import read_ports

    if user is not None and scope is not None:
        raise click.UsageError("Give USER or SCOPE, not both: a machine's token belongs to no user.")
    said = (scope or "").replace("/", ":").split()  # Amazon Cognito's have a slash: docs/api.md
    unknown = sorted(set(said) - MACHINE_SCOPES)
    if unknown or scope == "":
        raise click.UsageError(
            f"{unknown[0] if unknown else 'Nothing'} is no scope: take {' or '.join(sorted(MACHINE_SCOPES))}."
        )
    storefront = read_ports({}, ENV_FILE).storefront
    issuer = Issuer(load_key(STATE), f"{url(storefront)}/auth", "plumbline")
    try:
        click.echo(issuer.machine_token(scope) if scope else issuer.user_token("alice" if user is None else user))
    except ValueError as exc:
        raise click.UsageError(f"{exc}.") from exc
    if not answers(storefront):
        click.secho(
            f"Nothing runs on port {storefront}: the token is good once `make run` does.", fg="yellow", err=True
        )


@cli.command()
def seed() -> None:
    """Put the sample catalog into Stripe: the running stand-in, or the test account whose key is in .env."""
    from local.run import seed_catalog

    seed_catalog(ENV_FILE)


@cli.command()
def dashboard() -> None:
    """Print the deployed dashboard with the figures of the system that `make run` has started here."""
    from local.dashboard.show import dashboard_lines
    from local.supervisor.ports import answers
    from local.supervisor.settings import read_ports

    storefront = read_ports({}, ENV_FILE).storefront
    lines = list(dashboard_lines(ROOT / "template.yaml", STATE / f"run-{storefront}"))
    running = answers(storefront)
    if not lines:
        raise StartError(f"No function has counted anything yet: {'' if running else '`make run`, and '}buy something.")
    click.echo("\n".join(lines).lstrip("\n"))
    if not running:
        click.secho(f"Nothing runs on port {storefront}: these are the last run's figures.", fg="yellow", err=True)


def main() -> None:
    """Run a command line. Exit codes: 1 it failed, 2 it was called wrongly, 130 it was interrupted."""
    try:
        cli.main(prog_name="python -m local", standalone_mode=False)
    except click.ClickException as exc:
        click.secho(exc.format_message(), fg="red", err=True)
        sys.exit(exc.exit_code)
    except (StartError, TemplateError) as exc:
        click.secho(str(exc), fg="red", err=True)
        sys.exit(1)
    except click.Abort:
        sys.exit(130)


if __name__ == "__main__":
    main()
