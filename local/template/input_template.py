"""What a pipe makes of a record: paths, and the input template.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html

It says neither what becomes of a path that leads nowhere nor how a quote in a text is escaped. So both are refused
here: what a template relies on has to be documented.
"""

import json
import re
from typing import Any

from local.template.errors import TemplateError

_PATH = re.compile(r"[$](?:[.][A-Za-z0-9_-]+)+", re.ASCII)
_VARIABLE = re.compile(r"<([^<>]*)>")


class Untold(Exception):
    """A record that the pipe can make nothing of."""


def is_path(text: str) -> bool:
    """Whether a target's parameter is read from the record, as a whole: `$.detail.type`."""
    return text.startswith("$")


def refuse_unknown(template: str, where: str) -> None:
    """Raise TemplateError unless the template is a JSON object of texts, with paths in them alone."""
    for path in _VARIABLE.findall(template):
        if not _PATH.fullmatch(path):
            raise TemplateError(f"{where}: <{path}> is not supported locally, only paths of names are.")
    try:
        parsed = json.loads(template)
    except ValueError as error:
        raise TemplateError(f"{where}: not JSON, or a path stands without quotes: {error}.") from error
    if not isinstance(parsed, dict) or not all(isinstance(value, str) for value in parsed.values()):
        raise TemplateError(f"{where}: only an object of texts is supported locally.")


def found(path: str, record: Any) -> str:
    """The text at a path. Raises Untold where there is none."""
    place = record
    for name in path.split(".")[1:]:
        if not isinstance(place, dict) or name not in place:
            raise Untold(f"{path} leads nowhere")
        place = place[name]
    if not isinstance(place, str):
        raise Untold(f"{path} is no text")
    return place


def rendered(template: str, record: Any) -> dict[str, str]:
    """The template with the record's texts in it. Raises Untold."""

    def put_in(variable: re.Match[str]) -> str:
        text = found(variable[1], record)
        if json.dumps(text, ensure_ascii=False) != f'"{text}"':
            raise Untold(f"{variable[1]} has a character that JSON escapes")
        return text

    detail: dict[str, str] = json.loads(_VARIABLE.sub(put_in, template))
    return detail
