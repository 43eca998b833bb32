"""The options that every command has, before the command's name or after it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from plumb.invocation import Invocation


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Remember what was given: after the command's name it wins over before it."""
    invocation = ctx.find_object(Invocation)
    if invocation is None:
        invocation = ctx.obj = Invocation()
        ctx.call_on_close(invocation.close)
    if value is not None and value is not False:
        setattr(invocation.options, str(param.name), value)


_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--stage",), {"help": "local (default), or a stage of samconfig.toml: dev, staging, prod.", "metavar": "STAGE"}),
    (("--json", "as_json"), {"is_flag": True, "help": "Answer in JSON, for programs."}),
    (("--yes", "-y"), {"is_flag": True, "help": "Do not ask; needed for changes where nobody can be asked."}),
    (("--actor",), {"help": "Who does this, for the ledger (default: you, as the system or AWS knows you)."}),
    (("--region",), {"help": "AWS region, when neither samconfig.toml nor AWS_REGION says it."}),
    (("--stack",), {"help": "Name of the CloudFormation stack, when it is not samconfig.toml's."}),
    (
        ("--run-file",),
        {
            "type": click.Path(path_type=Path),
            "help": "Stage local: the file of one particular running system (or PLUMBLINE_RUN_FILE).",
        },
    ),
)


_WHERE = ("--region", "--stack", "--run-file")
"""Needed seldom: shown by `plumb --help`, taken everywhere."""


def everywhere[F: Callable[..., Any]](function: F) -> F:
    """Add the options that every command has, all of them shown."""
    return _with_options(function, hidden=(), variables={"--run-file": "PLUMBLINE_RUN_FILE"})


def common[F: Callable[..., Any]](function: F) -> F:
    """Add the options that every command has."""
    return _with_options(function, hidden=_WHERE, variables={})


def _with_options[F: Callable[..., Any]](function: F, hidden: tuple[str, ...], variables: dict[str, str]) -> F:
    """`variables` are read once, before the command's name: after it they would win over what was given there."""
    for names, settings in reversed(_OPTIONS):
        function = click.option(
            *names,
            expose_value=False,
            callback=_keep,
            hidden=names[0] in hidden,
            envvar=variables.get(names[0]),
            **settings,
        )(function)
    return function
