"""DynamoDB's expressions as tokens, and what they use of the placeholders that come along with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.simulation.stores.attributes import Attribute, Attributes
from tests.simulation.stores.refusals import Invalid, NotSimulated

type Values = Mapping[str, Attribute]
type Operand = Callable[[Attributes, Values], Attribute | None]
type Path = tuple[str, ...]

_TOKEN = re.compile(
    r"\s*(?:(?P<name>#[A-Za-z0-9_]+)|(?P<value>:[A-Za-z0-9_]+)|(?P<word>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<sign><>|<=|>=|[=<>(),.+\-]))"
)
_LONGEST = 4096
_KINDS = {"S": "STRING", "N": "NUMBER", "B": "BINARY", "BOOL": "BOOLEAN", "NULL": "NULL", "L": "LIST", "M": "MAP"}


@dataclass
class Used:
    """What an expression has used of the request's placeholders, and what it wants of its values."""

    names: set[str] = field(default_factory=set)
    values: set[str] = field(default_factory=set)
    wanted: list[tuple[str, frozenset[str], str]] = field(default_factory=list)
    """A value, the types that it may have here, and the operator or function that wants them."""


class Tokens:
    """An expression as tokens; `kind` is ConditionExpression and the like, for messages."""

    def __init__(self, kind: str, text: str, names: Mapping[str, str], used: Used) -> None:
        self.kind = kind
        self.used = used
        self._names = names
        self._tokens = self._split(text)
        self._at = 0

    def _split(self, text: str) -> list[tuple[str, str]]:
        if not text.strip():
            raise Invalid(f"Invalid {self.kind}: The expression can not be empty;")
        if len(text.encode()) > _LONGEST:
            raise Invalid(f"Invalid {self.kind}: Expression size has exceeded the maximum allowed size;")
        found, at = [], 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                if "[" in text:
                    raise NotSimulated(f"an element of a list in {text!r}")
                raise self.wrong(text[at:].split(maxsplit=1)[0])
            found.append((match.lastgroup or "", match[match.lastgroup or ""]))
            at = match.end()
        return [*found, ("end", "<EOF>")]

    def wrong(self, token: str | None = None) -> Invalid:
        """A syntax error at this token, or where the reader stands."""
        return Invalid(f'Invalid {self.kind}: Syntax error; token: "{token or self.text}"')

    @property
    def type(self) -> str:
        return self._tokens[self._at][0]

    @property
    def text(self) -> str:
        return self._tokens[self._at][1]

    def next(self) -> str:
        """The token's text; the reader moves on."""
        text = self._tokens[self._at][1]
        self._at += 1
        return text

    def take(self, *texts: str) -> str | None:
        """Move over one of these, in any case of letters, and return it in capitals; None when none is there."""
        text = self.text.upper()
        if text in texts and self.type in ("word", "sign"):
            self._at += 1
            return text
        return None

    def expect(self, text: str) -> None:
        if self.take(text) is None:
            raise self.wrong()

    def end(self) -> None:
        if self.type != "end":
            raise self.wrong()

    def path(self) -> Path:
        """A document path, of names behind placeholders."""
        parts = [self._name()]
        while self.take("."):
            parts.append(self._name())
        return tuple(parts)

    def _name(self) -> str:
        if self.type == "word":
            raise bare(self.text)
        if self.type != "name":
            raise self.wrong()
        placeholder = self.next()
        if placeholder not in self._names:
            raise Invalid(
                f"Invalid {self.kind}: An expression attribute name used in the document path is not defined; "
                f"attribute name: {placeholder}"
            )
        self.used.names.add(placeholder)
        return self._names[placeholder]

    def value(self) -> str:
        if self.type != "value":
            raise self.wrong()
        self.used.values.add(self.text)
        return self.next()

    def wants(self, value: str, kinds: str, operator: str) -> None:
        """Note that the operator takes only values of these types, separated by spaces."""
        self.used.wanted.append((value, frozenset(kinds.split()), operator))


def bare(name: str) -> NotSimulated:
    """An attribute's name without a placeholder: it may be one of the words that DynamoDB reserves, or not."""
    return NotSimulated(f"the bare attribute name {name!r}: DynamoDB reserves 573 words, so use a #name")


def complaint(kind: str, values: Values, used: Used) -> Invalid | None:
    """What an operator or function has against the type of a value."""
    for value, kinds, operator in used.wanted:
        ((held, _),) = values[value].items()
        if held not in kinds:
            return Invalid(
                f"Invalid {kind}: Incorrect operand type for operator or function; operator or function: {operator}, "
                f"operand type: {_KINDS.get(held, held)}"
            )
    return None


def reader(path: Path) -> Operand:
    """The function that finds what is at a path."""
    first, *rest = path
    if not rest:
        return lambda item, values: item.get(first)

    def find(item: Attributes, values: Values) -> Attribute | None:
        found = item.get(first)
        for name in rest:
            if found is None or "M" not in found:
                return None
            found = found["M"].get(name)
        return found

    return find
