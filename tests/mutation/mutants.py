"""The mutants of a file: what mutmut's operators make of it, but for what no test is to pin.

mutmut mutates no decorated function, and here properties hold money rules; so the walk over the file is our own. The
operators are mutmut's (mutmut.mutation.mutators).

Left out, by rule: docstrings and annotations, the wording of an error that is raised, log calls, the names of types in
a `cast`; and, as in mutmut, what is outside of functions, and inside of `len()` and `isinstance()`. Of a string mutmut
makes three mutants; one of them is tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path

import libcst as cst
import libcst.matchers as m
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider, WhitespaceInclusivePositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string

MODULE = "(module)"
"""The function of what is in none, and in no class."""

type _Positions = Mapping[cst.CSTNode, CodeRange]

_UNTRIED = (cst.Annotation, cst.Import, cst.ImportFrom, cst.Decorator, cst.TypeParameters)
_UNTRIED_CALLS = {"cast", "len", "isinstance"}
_LEVELS = {"info", "warning", "error", "failure"}


@dataclass(frozen=True)
class Mutant:
    """One change of one file. It is named by all but `lines` and `source`, which shift with the code."""

    path: str
    function: str
    was: str
    becomes: str
    nth: int
    """1, and more for the same change of the same words further down in the function."""
    lines: tuple[int, int]
    source: str
    """The whole file, mutated."""

    @property
    def name(self) -> tuple[str, str, str, str, int]:
        return self.path, self.function, self.was, self.becomes, self.nth


@dataclass(frozen=True)
class _Place:
    """Where a node stands."""

    function: str
    in_function: bool
    lines: tuple[int, int]


_NOWHERE = _Place(MODULE, False, (0, 0))


def mutants_of(path: str, text: str) -> list[Mutant]:
    """All mutants of a file, in the order of its text."""
    wrapper = MetadataWrapper(cst.parse_module(text))
    spans = wrapper.resolve(WhitespaceInclusivePositionProvider)
    begins = list(accumulate((len(line) for line in text.splitlines(keepends=True)), initial=0))
    alike: Counter[tuple[str, str, str]] = Counter()
    found = []
    for node, mutated, place in _changes(wrapper.module, _NOWHERE, wrapper.resolve(PositionProvider)):
        start, end = (begins[at.line - 1] + at.column for at in (spans[node].start, spans[node].end))
        source = _replaced(wrapper.module, node, mutated, text, start, end)
        was, becomes = _words(text, source)
        if was != becomes and _is_python(source):
            alike[place.function, was, becomes] += 1
            nth = alike[place.function, was, becomes]
            found.append(Mutant(path, place.function, was, becomes, nth, place.lines, source))
    return found


def _replaced(module: cst.Module, node: cst.CSTNode, mutated: cst.CSTNode, text: str, start: int, end: int) -> str:
    if module.code_for_node(node) == text[start:end]:
        return text[:start] + module.code_for_node(mutated) + text[end:]
    # A node of several lines does not know by itself how far it is indented. This knows, and takes ten times as long.
    replaced = module.deep_replace(node, mutated)
    assert isinstance(replaced, cst.Module)
    return replaced.code


def _is_python(source: str) -> bool:
    """Whether anybody could write it: what can't be compiled would be killed by any test."""
    try:
        compile(source, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def mutants_in(root: Path, path: str) -> list[Mutant]:
    return mutants_of(path, (root / path).read_text())


def _changes(
    node: cst.CSTNode, place: _Place, positions: _Positions, *, raised: bool = False
) -> Iterator[tuple[cst.CSTNode, cst.CSTNode, _Place]]:
    if _left_out(node):
        return
    place = _within(node, place, positions)
    wording = _wording(node) if raised and isinstance(node, cst.Call) else ()
    for kind, operator in mutation_operators:
        if place.in_function and isinstance(node, kind):
            made = operator(node)
            tried = islice(made, 1) if operator is operator_string else made
            yield from ((node, mutated, place) for mutated in tried if not _touches(wording, node, mutated))
    for child in node.children:
        if child not in wording:
            speaks = isinstance(node, cst.Raise) or _tells_base(child)
            yield from _changes(child, _inside(node, child, place), positions, raised=speaks)


def _within(node: cst.CSTNode, place: _Place, positions: _Positions) -> _Place:
    """The place of a node: its lines are those of its statement, or of the head of a compound one."""
    if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
        span = positions[node]
        body = getattr(node, "body", None)
        end = positions[body].start.line - 1 if isinstance(body, cst.IndentedBlock) else span.end.line
        return _Place(place.function, place.in_function, (span.start.line, end))
    return place


def _inside(node: cst.CSTNode, child: cst.CSTNode, place: _Place) -> _Place:
    """The place of a child: a class gives its name, and so does the outermost function, whose body is run later."""
    if isinstance(node, cst.FunctionDef | cst.ClassDef) and not place.in_function:
        name = node.name.value if place.function == MODULE else f"{place.function}.{node.name.value}"
        return _Place(name, isinstance(node, cst.FunctionDef) and child is node.body, place.lines)
    return place


def _left_out(node: cst.CSTNode) -> bool:
    match node:
        case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()) | cst.If(test=cst.Name("TYPE_CHECKING")):
            return True
        case cst.Call(func=cst.Name(name)):
            return name in _UNTRIED_CALLS
        case cst.Call(func=cst.Attribute(cst.Name(speaker) | cst.Attribute(attr=cst.Name(speaker)), cst.Name(level))):
            return speaker == "log" and level in _LEVELS
        case cst.Call(func=cst.Attribute(cst.Call(func=cst.Name("log")), cst.Name(level))):
            return level in _LEVELS
    return isinstance(node, _UNTRIED)


def _tells_base(node: cst.CSTNode) -> bool:
    """Whether it is the call by which an error hands its wording on, `super().__init__("…")`."""
    return m.matches(node, m.Call(func=m.Attribute(m.Call(m.Name("super")), m.Name("__init__"))))


def _wording(call: cst.Call) -> tuple[cst.CSTNode, ...]:
    return tuple(arg for arg in call.args if arg.keyword is None and isinstance(arg.value, cst.BaseString))


def _touches(wording: tuple[cst.CSTNode, ...], node: cst.CSTNode, mutated: cst.CSTNode) -> bool:
    return bool(wording) and isinstance(mutated, cst.Call) and any(arg not in mutated.args for arg in wording)


def _words(before: str, after: str) -> tuple[str, str]:
    """The lines that differ, without what surrounds them, so that a name outlives what changes above it."""
    taken, put = before.splitlines(), after.splitlines()
    while taken and put and taken[0] == put[0]:
        taken, put = taken[1:], put[1:]
    while taken and put and taken[-1] == put[-1]:
        taken, put = taken[:-1], put[:-1]
    was, becomes = (" ".join(line.strip() for line in lines) for lines in (taken, put))
    return was, becomes
