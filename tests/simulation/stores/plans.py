"""The expressions of one request together, read once: requests of a run differ in their values, not in these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.simulation.stores.attributes import Attributes, kept
from tests.simulation.stores.expressions import Condition, condition
from tests.simulation.stores.refusals import Invalid, NotSimulated
from tests.simulation.stores.tokens import Tokens, Used, Values, complaint
from tests.simulation.stores.updates import Update, update

_NOTHING: Mapping[str, str] = {}
_NO_VALUES: Values = {}


@dataclass(frozen=True)
class KeyCondition:
    """Which items a query is about: one partition, and perhaps a range of it."""

    hash: tuple[str, str]
    """The attribute's name, and the placeholder of its value."""
    range: tuple[str, str, tuple[str, ...]] | None
    """The attribute's name, the operator, and the placeholders of its values."""


@dataclass(frozen=True)
class Plan:
    """Functions for the expressions that a request has."""

    condition: Condition | None
    filter: Condition | None
    update: Update | None
    key: KeyCondition | None
    shown: tuple[str, ...] | None
    """The attributes that a projection names."""
    values: frozenset[str]
    used: tuple[tuple[str, Used], ...]
    """What the expressions want of values; only those that want something."""

    def checked(self, values: Values | None) -> Values:
        """The request's values as they are kept. Raises Invalid for one that is missing, idle or unfit."""
        if values is None:
            values = _NO_VALUES
        elif not values:
            raise Invalid("ExpressionAttributeValues must not be empty")
        if values.keys() != self.values:
            raise self._mismatch(values)
        if not values:
            return values
        values, _ = kept(values)  # type: ignore[arg-type]
        for kind, used in self.used:
            if (wrong := complaint(kind, values, used)) is not None:
                raise wrong
        return values

    def _mismatch(self, values: Values) -> Invalid:
        missing, idle = self.values - values.keys(), values.keys() - self.values
        if missing:
            return Invalid(
                "Invalid expression: An expression attribute value used in expression is not defined; attribute "
                f"value: {min(missing)}"
            )
        return Invalid(
            f"Value provided in ExpressionAttributeValues unused in expressions: keys: {{{', '.join(sorted(idle))}}}"
        )


_plans: dict[object, Plan] = {}


def plan(
    names: Mapping[str, str] | None,
    condition: str | None = None,
    filter: str | None = None,  # noqa: A002  the expression's own name
    update: str | None = None,
    key: str | None = None,
    projection: str | None = None,
) -> Plan:
    """The plan for these expressions with these names. Raises Invalid."""
    wanted = (condition, filter, update, key, projection, tuple(names.items()) if names is not None else None)
    found = _plans.get(wanted)
    if found is None:
        found = _plans[wanted] = _read(names, condition, filter, update, key, projection)
    return found


def _read(
    names: Mapping[str, str] | None,
    condition_text: str | None,
    filter_text: str | None,
    update_text: str | None,
    key_text: str | None,
    projection_text: str | None,
) -> Plan:
    reading = _Reading(names)
    made = Plan(
        condition=reading.read("ConditionExpression", condition_text, condition),
        filter=reading.read("FilterExpression", filter_text, condition),
        update=reading.read("UpdateExpression", update_text, update),
        key=reading.read("KeyConditionExpression", key_text, _key),
        shown=reading.read("ProjectionExpression", projection_text, _shown),
        values=frozenset(value for _, used in reading.used for value in used.values),
        used=tuple((kind, used) for kind, used in reading.used if used.wanted),
    )
    reading.refuse_idle_names()
    return made


class _Reading:
    def __init__(self, names: Mapping[str, str] | None) -> None:
        if names is not None and not names:
            raise Invalid("ExpressionAttributeNames must not be empty")
        self._names = names or _NOTHING
        self.used: list[tuple[str, Used]] = []

    def read[T](self, kind: str, text: str | None, how: Callable[[Tokens], T]) -> T | None:
        if text is None:
            return None
        used = Used()
        self.used.append((kind, used))
        return how(Tokens(kind, text, self._names, used))

    def refuse_idle_names(self) -> None:
        idle = set(self._names).difference(*(used.names for _, used in self.used))
        if idle:
            raise Invalid(
                f"Value provided in ExpressionAttributeNames unused in expressions: keys: {{{', '.join(sorted(idle))}}}"
            )


def _shown(tokens: Tokens) -> tuple[str, ...]:
    paths = [tokens.path()]
    while tokens.take(","):
        paths.append(tokens.path())
    tokens.end()
    if any(len(path) > 1 for path in paths):
        raise NotSimulated("a projection of nested attributes")
    names = tuple(path[0] for path in paths)
    if len(set(names)) != len(names):
        raise Invalid(f"Invalid {tokens.kind}: Two document paths overlap with each other;")
    return names


def _key(tokens: Tokens) -> KeyCondition:
    terms = [_key_term(tokens)]
    while tokens.take("AND"):
        terms.append(_key_term(tokens))
    tokens.end()
    exact = [term for term in terms if term[1] == "="]
    if not exact or len(terms) > 2:
        raise Invalid("Query condition missed key schema element")
    name, _, (value,) = exact[0]
    rest = [term for term in terms if term is not exact[0]]
    return KeyCondition((name, value), rest[0] if rest else None)


def _key_term(tokens: Tokens) -> tuple[str, str, tuple[str, ...]]:
    if tokens.take("BEGINS_WITH"):
        tokens.expect("(")
        (name,) = tokens.path()
        tokens.expect(",")
        value = tokens.value()
        tokens.expect(")")
        return name, "begins_with", (value,)
    (name,) = tokens.path()
    if tokens.take("BETWEEN"):
        low = tokens.value()
        tokens.expect("AND")
        return name, "BETWEEN", (low, tokens.value())
    sign = tokens.take("=", "<", "<=", ">", ">=")
    if sign is None:
        raise tokens.wrong()
    return name, sign, (tokens.value(),)


def shown(item: Attributes, names: tuple[str, ...] | None) -> Attributes:
    """The part of an item that a projection names; all of it without one."""
    return item.copy() if names is None else {name: item[name] for name in names if name in item}
