"""Commands of the AWS CLI, read and carried out by the models of the AWS APIs, of which that CLI makes its own.

The CLI is no dependency of ours; what is here of it is what the pages use
(https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-types.html).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import botocore.session
from botocore import xform_name

LACKS = "lacks"
"""How the complaint about a command begins that is right as far as it goes."""

_OTHER_NAMES = {"deploy": "codedeploy"}
_GLOBAL = {"--query", "--output", "--region", "--profile", "--endpoint-url"}
"""Options of every command: https://docs.aws.amazon.com/cli/latest/reference/#options."""


class _Call(NamedTuple):
    service: str
    operation: Any
    waiter: str | None
    options: tuple[str, ...]


def wrong(words: Sequence[str]) -> str | None:
    """What the AWS CLI would not take of these words, `aws` left out."""
    try:
        call = _read(words)
    except LookupError as error:
        return str(error.args[0])
    members = _members(call.operation)
    given = [word for word in call.options if word.startswith("--")]
    for option in given:
        if option not in members and option not in _GLOBAL:
            return f"{call.operation.name} has no {option}"
    shape = call.operation.input_shape
    needed = shape.required_members if shape is not None else ()
    said = {option.replace("--no-", "--", 1) for option in given}
    missing = [option for option in (f"--{xform_name(each, '-')}" for each in needed) if option not in said]
    return f"{LACKS} {missing[0]}" if missing else None


def carry_out(words: Sequence[str]) -> dict[str, Any]:
    """Call what the words name, `aws` left out, and give the answer.

    Raises:
        LookupError: no such service, operation or option
        botocore.exceptions.ClientError: refused
    """
    call = _read(words)
    members, left, given = _members(call.operation), list(call.options), dict[str, Any]()
    while left:
        option = left.pop(0)
        member, kind = members[option]
        values = list(takewhile(lambda word: not word.startswith("--"), left))
        del left[: len(values)]
        given[member] = not option.startswith("--no-") if kind == "boolean" else _value(kind, values)
    client = boto3.client(call.service)  # type: ignore[call-overload]
    if call.waiter is not None:
        client.get_waiter(xform_name(call.waiter)).wait(**given)
        return {}
    answer: dict[str, Any] = getattr(client, xform_name(call.operation.name))(**given)
    return answer


def _value(kind: str, values: list[str]) -> Any:
    if kind == "list":
        return values
    (value,) = values
    if value.startswith("file://"):
        value = Path(value.removeprefix("file://")).read_text()
    if kind in ("integer", "long"):
        return int(value)
    return json.loads(value) if kind in ("structure", "map") else value


def _read(words: Sequence[str]) -> _Call:
    if len(words) < 2:
        raise LookupError("no operation")
    name, said, *options = words
    service = _OTHER_NAMES.get(name, name)
    session = botocore.session.get_session()
    if service not in session.get_available_services():
        raise LookupError(f"no service {name}")
    model, waiter = _model(service), None
    if said == "wait":
        waiters = session.get_waiter_model(service)
        waiter = next((each for each in waiters.waiter_names if xform_name(each, "-") == options[0]), None)
        if waiter is None:
            raise LookupError(f"no waiter {options[0]}")
        return _Call(service, model.operation_model(waiters.get_waiter(waiter).operation), waiter, tuple(options[1:]))
    operation = next((each for each in model.operation_names if xform_name(each, "-") == said), None)
    if operation is None:
        raise LookupError(f"no operation {said} of {name}")
    return _Call(service, model.operation_model(operation), None, tuple(options))


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def _members(operation: Any) -> dict[str, tuple[str, str]]:
    """By option, the member that it sets, and its kind. A flag has an option for each of its two values."""
    members: dict[str, tuple[str, str]] = {}
    for member, shape in operation.input_shape.members.items() if operation.input_shape is not None else ():
        option = xform_name(member, "-")
        members[f"--{option}"] = (member, shape.type_name)
        if shape.type_name == "boolean":
            members[f"--no-{option}"] = (member, shape.type_name)
    return members
