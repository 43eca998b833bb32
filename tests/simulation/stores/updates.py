"""DynamoDB's update expressions, read once into functions.

All values are read from the item as it was before, so the order of clauses has no meaning
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal

from tests.simulation.stores.attributes import Attribute, Attributes, as_number
from tests.simulation.stores.refusals import Invalid, NotSimulated, Unfit
from tests.simulation.stores.tokens import Operand, Path, Tokens, Values, reader

type Merge = Callable[[Attribute | None, Attribute], Attribute | None]
type Change = tuple[Path, Operand]
"""A path, and the function to what will be there: None for nothing."""

_INCORRECT = "An operand in the update expression has an incorrect data type"
_ABSENT = "The provided expression refers to an attribute that does not exist in the item"
_NO_PATH = "The document path provided in the update expression is invalid for update"
_WIDE = Context(prec=200)
"""Sums are exact; what has no room in 38 digits is refused afterwards."""


@dataclass(frozen=True)
class Update:
    """A read update expression."""

    changes: tuple[Change, ...]
    top: frozenset[str]
    """The attributes of the item that are touched."""
    creates: bool
    """Whether it makes an item where there was none: taking away alone does not."""

    def of(self, item: Attributes, values: Values) -> Attributes:
        """The item as it will be; the one before stays as it is. Raises Unfit."""
        after = item.copy()
        for path, give in self.changes:
            given = give(item, values)
            if len(path) == 1:
                if given is None:
                    after.pop(path[0], None)
                else:
                    after[path[0]] = given
            else:
                after[path[0]] = _within(after.get(path[0]), path[1:], given)
        return after


def update(tokens: Tokens) -> Update:
    """Read a whole update expression."""
    reading = _Updates(tokens)
    clauses: dict[str, Callable[[], Change]] = {
        "SET": reading.set,
        "REMOVE": reading.remove,
        "ADD": reading.add,
        "DELETE": reading.delete,
    }
    changes: list[Change] = []
    seen: set[str] = set()
    while tokens.type != "end":
        clause = tokens.take(*clauses)
        if clause is None:
            raise tokens.wrong()
        if clause in seen:
            raise Invalid(
                f'Invalid {tokens.kind}: The "{clause}" section can only be used once in an update expression;'
            )
        seen.add(clause)
        changes.append(clauses[clause]())
        while tokens.take(","):
            changes.append(clauses[clause]())
    _refuse_overlaps(tokens.kind, [path for path, _ in changes])
    return Update(tuple(changes), frozenset(path[0] for path, _ in changes), creates=bool(seen & {"SET", "ADD"}))


class _Updates:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def set(self) -> Change:
        path = self._tokens.path()
        self._tokens.expect("=")
        give = self._operand()
        if sign := self._tokens.take("+", "-"):
            give = _summed(give, sign, self._operand())
        return path, give

    def remove(self) -> Change:
        return self._tokens.path(), lambda item, values: None

    def add(self) -> Change:
        return self._onto("ADD", "N SS NS BS", _added)

    def delete(self) -> Change:
        return self._onto("DELETE", "SS NS BS", _deleted)

    def _onto(
        self, clause: str, kinds: str, result: Callable[[Attribute | None, Attribute], Attribute | None]
    ) -> Change:
        tokens = self._tokens
        path = tokens.path()
        if len(path) > 1:
            raise NotSimulated(f"{clause} of a nested attribute: the documentation allows it at the top level only")
        value = tokens.value()
        tokens.wants(value, kinds, clause)
        return path, lambda item, values: result(item.get(path[0]), values[value])

    def _operand(self) -> Operand:
        tokens = self._tokens
        if tokens.type == "value":
            name = tokens.value()
            return lambda item, values: values[name]
        if tokens.take("IF_NOT_EXISTS"):
            tokens.expect("(")
            find = reader(tokens.path())
            tokens.expect(",")
            otherwise = self._operand()
            tokens.expect(")")
            return lambda item, values: found if (found := find(item, values)) else otherwise(item, values)
        if tokens.take("LIST_APPEND"):
            tokens.expect("(")
            first = self._operand()
            tokens.expect(",")
            second = self._operand()
            tokens.expect(")")
            return _appended(first, second)
        return _present(reader(tokens.path()))


def _present(find: Operand) -> Operand:
    def give(item: Attributes, values: Values) -> Attribute:
        found = find(item, values)
        if found is None:
            raise Unfit(_ABSENT)
        return found

    return give


def _summed(left: Operand, sign: str, right: Operand) -> Operand:
    def give(item: Attributes, values: Values) -> Attribute:
        one, other = left(item, values), right(item, values)
        if one is None or other is None or "N" not in one or "N" not in other:
            raise Unfit(_INCORRECT)
        return _sum(one["N"], other["N"] if sign == "+" else _WIDE.minus(Decimal(other["N"])))

    return give


def _sum(one: str, other: str | Decimal) -> Attribute:
    try:
        return {"N": as_number(_WIDE.add(Decimal(one), Decimal(other)))}
    except Invalid as exc:
        raise Unfit(str(exc)) from exc


def _appended(left: Operand, right: Operand) -> Operand:
    def give(item: Attributes, values: Values) -> Attribute:
        one, other = left(item, values), right(item, values)
        if one is None or other is None or "L" not in one or "L" not in other:
            raise Unfit(_INCORRECT)
        return {"L": [*one["L"], *other["L"]]}

    return give


def _added(found: Attribute | None, value: Attribute) -> Attribute:
    if found is None:
        return value
    ((kind, held),) = value.items()
    if kind not in found:
        raise Unfit(_INCORRECT)
    if kind == "N":
        return _sum(found["N"], held)
    return {kind: sorted({*found[kind], *held}, key=Decimal if kind == "NS" else None)}


def _deleted(found: Attribute | None, value: Attribute) -> Attribute | None:
    if found is None:
        return None
    ((kind, held),) = value.items()
    if kind not in found:
        raise Unfit(_INCORRECT)
    left = [part for part in found[kind] if part not in held]
    return {kind: left} if left else None  # there is no empty set: the attribute goes


def _within(holder: Attribute | None, path: Path, given: Attribute | None) -> Attribute:
    """The holder with the attribute at the path replaced, or taken out."""
    if holder is None or "M" not in holder:
        raise Unfit(_NO_PATH)
    parts = dict(holder["M"])
    if len(path) > 1:
        parts[path[0]] = _within(parts.get(path[0]), path[1:], given)
    elif given is None:
        parts.pop(path[0], None)
    else:
        parts[path[0]] = given
    return {"M": parts}


def _refuse_overlaps(kind: str, paths: list[Path]) -> None:
    for index, one in enumerate(paths):
        for other in paths[:index]:
            short = min(len(one), len(other))
            if one[:short] == other[:short]:
                raise Invalid(
                    f"Invalid {kind}: Two document paths overlap with each other; must remove or rewrite one of these "
                    f"paths; path one: {list(other)}, path two: {list(one)}"
                )
