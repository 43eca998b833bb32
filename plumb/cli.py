"""The commands, and what each error becomes: one sentence on standard error, and an exit code.

A command's module is imported when it is called, so that `--help` does not wait for Stripe's SDK and AWS's.
"""

import json
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from typing import Any

import click

from plumb.errors import NotConfirmed, PlumbError
from plumb.invocation import Invocation
from plumb.options import common, everywhere
from plumb.version import version

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

COMMANDS = {
    "doctor": "Check an installation: settings, secrets, Stripe, Redis, tables, queues, webhook endpoint.",
    "webhook": "Create or mend the webhook endpoint at Stripe, and roll its signing secret.",
    "catalog": "Show the prices with what they give; apply plans from a file.",
    "account": "Show all that is kept of one user.",
    "event": "Show what became of one event, and what Stripe says of it; sign one for `sam local invoke`.",
    "resync": "Make an account, or all, match Stripe in all that was ever bought.",
    "reconcile": "Do now what the schedules do: queue events that never came, settle what ended.",
    "grant": "Give credits, or take them away, by hand or from a file.",
    "replay": "Put stored events back onto the queue.",
    "redrive": "Put dead letters back onto the events queue.",
    "check": "Compare ledger, balance, lots and cache of every account.",
    "restore": "After tables were put back to an earlier moment: pause, copy, mend, resume.",
    "report": "Add up sales, completion, refunds and credits by day.",
    "forget": "Remove a user's personal data; the ledger stays.",
}
"""Name and short help of each command; its module has the same name. In the order of `plumb --help`."""


class Commands(click.Group):
    """A group that imports a command's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In our order, not the alphabet's."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None when there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"plumb.commands.{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


class Subcommands(click.Group):
    """A group that lists its commands in the order of the code, each by its whole first sentence.

    click would sort them, and cut most sentences off.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they were added."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click.Group."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first(each.help or "")) for name, each in self.commands.items()])


def _first(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:  # noqa: ARG001  click's signature
    if wanted:
        import stripe

        click.echo(f"plumb {version()}, stripe-python {stripe.VERSION}, API version {stripe.api_version}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@everywhere
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
)
def cli() -> None:
    """See an installation of Plumbline, check it, and repair it.

    \b
    Without --stage it is the system that `make run` has started here. Other stages are those of samconfig.toml;
    AWS credentials and region come from where the AWS CLI has them (AWS_PROFILE, AWS_REGION).

    \b
    Exit codes: 0 all is well or done; 1 problems were found, or it failed; 2 it was called wrongly, or
    without --yes where nobody can be asked.

    \b
    Examples:
      plumb doctor                        the system of make run
      plumb doctor --stage prod --json    for a program
      plumb account alice --stage dev
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code."""
    as_json = "--json" in (sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(args=arguments, prog_name="plumb", standalone_mode=False)
    except click.UsageError as exc:
        return _failed(exc.format_message(), "usage", USAGE, as_json, exc.ctx)
    except click.ClickException as exc:
        return _failed(exc.format_message(), "failed", FAILED, as_json)
    except (click.Abort, KeyboardInterrupt):
        return _failed("Interrupted.", "interrupted", INTERRUPTED, as_json)
    except NotConfirmed as exc:
        return _failed(str(exc), "usage", USAGE, as_json)
    except PlumbError as exc:
        return _failed(str(exc), "failed", FAILED, as_json)
    except Exception as exc:
        reported = _code_and_text(exc)
        if reported is None:
            raise
        return _failed(reported[1], reported[0], FAILED, as_json)
    return code if isinstance(code, int) else OK


def _code_and_text(exc: Exception) -> tuple[str, str] | None:
    """The code and the sentence of an error that may be met; None for a bug, whose traceback is what helps."""
    from plumb.reasons import reason

    return reason(exc)


def _failed(sentence: str, code: str, exit_code: int, as_json: bool, ctx: click.Context | None = None) -> int:
    if as_json:
        click.echo(json.dumps({"error": {"code": code, "message": sentence}}), err=True)
        return exit_code
    click.secho(sentence, fg="red", err=True)
    if ctx is not None and exit_code == USAGE:
        click.echo(f"Try: {ctx.command_path} --help", err=True)
    return exit_code


def operator_command(
    name: str, group: click.Group | None = None, cls: type[click.Command] = click.Command
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command with the options that all have, in a group or not; its function gets the Invocation first."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        @wraps(function)
        def run(invocation: Invocation, *given: Any, **named: Any) -> int:
            code: int = function(invocation, *given, **named)
            return USAGE if code == OK and invocation.not_asked else code

        made: click.Command = click.command(name, cls=cls)(common(click.make_pass_decorator(Invocation)(run)))
        if group is not None:
            group.add_command(made)
        return made

    return decorate
