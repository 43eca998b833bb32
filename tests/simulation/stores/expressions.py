"""DynamoDB's conditions and filters, read once into functions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.stores.attributes import Attribute, Attributes, in_order
from tests.simulation.stores.refusals import Invalid
from tests.simulation.stores.tokens import Operand, Tokens, Values, bare, reader

type Condition = Callable[[Attributes, Values], bool]

_MOST_IN = 100
_ORDERED = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def condition(tokens: Tokens) -> Condition:
    """Read a whole condition or filter."""
    read = _Conditions(tokens).either()
    tokens.end()
    return read


class _Conditions:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._bracketed = False
        """Whether what was read last stood in parentheses of its own: another pair around it is refused."""

    def either(self) -> Condition:
        found = self._both()
        while self._tokens.take("OR"):
            found = _or(found, self._both())
            self._bracketed = False
        return found

    def _both(self) -> Condition:
        found = self._not()
        while self._tokens.take("AND"):
            found = _and(found, self._not())
            self._bracketed = False
        return found

    def _not(self) -> Condition:
        if self._tokens.take("NOT"):
            inner = self._not()
            self._bracketed = False
            return lambda item, values: not inner(item, values)
        return self._one()

    def _one(self) -> Condition:
        tokens = self._tokens
        if tokens.take("("):
            found = self.either()
            tokens.expect(")")
            if self._bracketed:
                raise Invalid(f"Invalid {tokens.kind}: The expression has redundant parentheses;")
            self._bracketed = True
            return found
        self._bracketed = False
        if tokens.type == "word" and tokens.text != "size":
            return self._function(tokens.next())
        return self._comparison(*self._operand())

    def _operand(self) -> tuple[Operand, str]:
        """An operand, and its text: two equal ones are refused."""
        tokens = self._tokens
        if tokens.type == "value":
            name = tokens.value()
            return _valued(name), name
        if tokens.take("SIZE"):
            tokens.expect("(")
            path = tokens.path()
            tokens.expect(")")
            return _size(reader(path)), f"size({path})"
        path = tokens.path()
        return reader(path), str(path)

    def _comparison(self, left: Operand, name: str) -> Condition:
        tokens = self._tokens
        if sign := tokens.take("=", "<>", "<", "<=", ">", ">="):
            right, other = self._operand()
            if name == other:
                raise Invalid(
                    f"Invalid {tokens.kind}: The first operand must be distinct from the remaining operands for this "
                    f"operator or function; operator: {sign}, first operand: {name}"
                )
            for value in (name, other):
                if sign in _ORDERED and value.startswith(":"):
                    tokens.wants(value, "S N B", sign)
            return _compared(left, sign, right)
        if tokens.take("BETWEEN"):
            low = self._operand()
            tokens.expect("AND")
            high = self._operand()
            for value in (name, low[1], high[1]):
                if value.startswith(":"):
                    tokens.wants(value, "S N B", "BETWEEN")
            return _and(_compared(left, ">=", low[0]), _compared(left, "<=", high[0]))
        if tokens.take("IN"):
            return self._among(left)
        raise tokens.wrong()

    def _among(self, left: Operand) -> Condition:
        tokens = self._tokens
        tokens.expect("(")
        options = [self._operand()[0]]
        while tokens.take(","):
            options.append(self._operand()[0])
        tokens.expect(")")
        if len(options) > _MOST_IN:
            raise Invalid(f"Invalid {tokens.kind}: The IN operator is provided with too many operands;")

        def holds(item: Attributes, values: Values) -> bool:
            found = left(item, values)
            return found is not None and any(found == option(item, values) for option in options)

        return holds

    def _function(self, name: str) -> Condition:
        tokens = self._tokens
        if not tokens.take("("):
            raise bare(name)
        find = reader(tokens.path())
        if name == "attribute_exists":
            tokens.expect(")")
            return lambda item, values: find(item, values) is not None
        if name == "attribute_not_exists":
            tokens.expect(")")
            return lambda item, values: find(item, values) is None
        if name not in ("begins_with", "contains", "attribute_type"):
            raise Invalid(f"Invalid {tokens.kind}: Invalid function name; function: {name}")
        tokens.expect(",")
        value = tokens.value()
        tokens.expect(")")
        if name == "begins_with":
            tokens.wants(value, "S B", name)
            return _begins(find, value)
        if name == "contains":
            return _contains(find, value)
        tokens.wants(value, "S", name)
        return lambda item, values: (found := find(item, values)) is not None and values[value]["S"] in found


def _valued(name: str) -> Operand:
    return lambda item, values: values[name]


def _or(one: Condition, other: Condition) -> Condition:
    return lambda item, values: one(item, values) or other(item, values)


def _and(one: Condition, other: Condition) -> Condition:
    return lambda item, values: one(item, values) and other(item, values)


def _compared(left: Operand, sign: str, right: Operand) -> Condition:
    if sign == "=":
        return lambda item, values: (found := left(item, values)) is not None and found == right(item, values)
    if sign == "<>":  # true also where there is no attribute, as DynamoDB has it
        return lambda item, values: (found := left(item, values)) is None or found != right(item, values)
    holds = _ORDERED[sign]

    def ordered(item: Attributes, values: Values) -> bool:
        one, other = left(item, values), right(item, values)
        order = in_order(one, other) if one is not None and other is not None else None
        return order is not None and holds(order)

    return ordered


def _size(find: Operand) -> Operand:
    def size(item: Attributes, values: Values) -> Attribute | None:
        found = find(item, values)
        if found is None:
            return None
        ((kind, held),) = found.items()
        if kind == "S":
            return {"N": str(len(held.encode()))}
        return None if kind in ("N", "BOOL", "NULL") else {"N": str(len(held))}

    return size


def _begins(find: Operand, value: str) -> Condition:
    def holds(item: Attributes, values: Values) -> bool:
        ((kind, start),) = values[value].items()
        found = find(item, values)
        return found is not None and kind in found and found[kind].startswith(start)

    return holds


def _contains(find: Operand, value: str) -> Condition:
    def holds(item: Attributes, values: Values) -> bool:
        ((kind, part),) = values[value].items()
        found = find(item, values) or {"NULL": True}
        ((holder, held),) = found.items()
        if holder == "L":
            return values[value] in held
        return holder in (kind if kind in "SB" else "", f"{kind}S") and part in held

    return holds
