"""Requests to DynamoDB by chance: every call, operator, function and kind of attribute that the store in memory knows.

Few keys and few attributes, so that requests meet. An attribute has the type of its name (`any` has any): moto raises
Python's TypeError where two types are compared, and looks at some keys only when they are put; what DynamoDB does then
is held by test_expressions.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

type Request = tuple[str, dict[str, Any]]

ACCOUNTS, LEDGER = "accounts", "ledger"


def _texts(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


DEFINITIONS: tuple[dict[str, Any], ...] = (
    {
        "TableName": ACCOUNTS,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": _texts("pk", "shard", "due"),
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "due",
                "KeySchema": [
                    {"AttributeName": "shard", "KeyType": "HASH"},
                    {"AttributeName": "due", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    },
    {
        "TableName": LEDGER,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": _texts("user", "entry"),
        "KeySchema": [
            {"AttributeName": "user", "KeyType": "HASH"},
            {"AttributeName": "entry", "KeyType": "RANGE"},
        ],
    },
)
_ATTRIBUTES = ("text", "any", "count", "tags", "map", "list")
_PATHS = (*((name,) for name in _ATTRIBUTES), ("map", "x"), ("map", "y"), ("any", "x"), ("pk",))
_BIG = "12345678901234567890123456789012345678"
_NUMBERS = ("0", "1", "2", "3", "7", "-1", "10", "2.5", "1.50", "007", "-0")
_WORDS = ("x", "xy", "y", "", "ü", "alpha", "10")


@dataclass
class Parts:
    """Placeholders of one request."""

    random: Random
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def path(self, path: tuple[str, ...]) -> str:
        """A document path."""
        self.names.update({f"#{name}": name for name in path})
        return ".".join(f"#{name}" for name in path)

    def value(self, attribute: dict[str, Any]) -> str:
        """A value's placeholder."""
        name = f":v{len(self.values)}"
        self.values[name] = attribute
        return name

    def into(self, request: dict[str, Any], **texts: str | None) -> dict[str, Any]:
        """The request with these expressions, and what they use."""
        request |= {name: text for name, text in texts.items() if text is not None}
        if self.names:
            request["ExpressionAttributeNames"] = self.names
        if self.values:
            request["ExpressionAttributeValues"] = self.values
        return request


class Requests:
    """A stream of requests from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self._calls = (
            *(self._put,) * 3,
            *(self._update,) * 4,
            self._delete,
            *(self._transaction,) * 8,
            *(self._get,) * 2,
            *(self._batch,) * 2,
            *(self._ledger,) * 2,
            self._due,
            self._scan,
        )

    def next(self) -> Request:
        """The next request: the client's method and its arguments."""
        return self.random.choice(self._calls)()

    # ----------------------------------------------------------------------------------------------------- attributes

    def attribute(self, name: str = "any", level: int = 0) -> dict[str, Any]:
        """A value for an attribute of this name."""
        random = self.random
        match name:
            case "text" | "x" | "pk":
                return {"S": random.choice(_WORDS)}
            case "count" | "y":
                return {"N": random.choice(_NUMBERS if name == "count" else (*_NUMBERS, _BIG))}
            case "tags":
                return self.set()
            case "map":
                return {"M": {part: self.attribute(part) for part in ("x", "y") if random.random() < 0.7}}
            case "list":
                return {"L": [self.attribute("any", level + 1) for _ in range(random.randint(0, 2))]}
        kinds = ("text", "count", "tags", "null", "flag", *(("map", "list") if level < 2 else ()))
        match random.choice(kinds):
            case "null":
                return {"NULL": True}
            case "flag":
                return {"BOOL": random.random() < 0.5}
            case kind:
                return self.attribute(kind, level + 1)

    def _something(self, name: str) -> dict[str, Any]:
        """A value that is not null: to moto, that is the same as no attribute at all."""
        while "NULL" in (found := self.attribute(name)):
            pass
        return found

    def set(self) -> dict[str, Any]:
        """A set of texts, in no order."""
        return {"SS": self.random.sample(("x", "y", "z", "w"), self.random.randint(1, 3))}

    def key(self, table: str) -> dict[str, Any]:
        """The key of one of few items."""
        random = self.random
        if table == ACCOUNTS:
            return {"pk": {"S": f"k{random.randint(0, 5)}"}}
        return {"user": {"S": f"u{random.randint(0, 1)}"}, "entry": {"S": f"0{random.randint(0, 8)}"}}

    def _item(self, table: str) -> dict[str, Any]:
        chosen = {name: self.attribute(name) for name in _ATTRIBUTES if self.random.random() < 0.5}
        if table == ACCOUNTS and self.random.random() < 0.6:
            chosen |= {"shard": {"S": self.random.choice("01")}, "due": {"S": f"2026-0{self.random.randint(1, 9)}"}}
        return {**self.key(table), **chosen}

    # ---------------------------------------------------------------------------------------------------- expressions

    def condition(self, parts: Parts, level: int = 0) -> str:
        """Any condition."""
        random = self.random
        if level < 2 and random.random() < 0.4:
            one, other = self.condition(parts, level + 1), self.condition(parts, level + 1)
            return random.choice((f"{one} AND {other}", f"({one}) OR ({other})", f"(NOT ({one} OR {other}))"))
        names = random.choice(_PATHS)
        match random.randint(0, 8):
            case 0:
                return f"attribute_exists( {parts.path(names)} )"
            case 1:
                return f"attribute_not_exists({parts.path(names)})"
            case 2:
                sign = random.choice(("=", "<>"))
                return f"{parts.path(names)} {sign} {parts.value(self._something(names[-1]))}"
            case 3:
                name, sign = random.choice(("text", "count")), random.choice(("<", "<=", ">", ">="))
                return f"{parts.path((name,))} {sign} {parts.value(self.attribute(name))}"
            case 4:
                one, other = (parts.value(self._something(names[-1])) for _ in range(2))
                return f"{parts.path(names)} IN ( {one} , {other} )"
            case 5:
                low, high = (parts.value({"N": number}) for number in sorted(random.sample("1237", 2)))
                return f"{parts.path(('count',))} BETWEEN {low} AND {high}"
            case 6:
                return f"begins_with({parts.path(('text',))}, {parts.value({'S': random.choice('xya')})})"
            case 7:
                tags, most = parts.path(("tags",)), parts.value({"N": str(random.randint(0, 4))})
                return f"(attribute_not_exists( {tags} ) OR size( {tags} ) < {most})"
            case _:
                name = random.choice(("text", "tags"))
                return f"contains({parts.path((name,))}, {parts.value({'S': random.choice('xyz')})})"

    def _change(self, parts: Parts) -> str:
        clauses = [self._clause(name, parts) for name in _ATTRIBUTES if self.random.random() < 0.4]
        clauses = clauses or [("SET", f"{parts.path(('text',))} = {parts.value({'S': 'x'})}")]
        kinds = list(dict.fromkeys(kind for kind, _ in clauses))
        return " ".join(f"{kind} {', '.join(text for each, text in clauses if each == kind)}" for kind in kinds)

    def _clause(self, name: str, parts: Parts) -> tuple[str, str]:
        random = self.random
        path = parts.path((name,))
        match name, random.randint(0, 3):
            case "map", 0:
                return "SET", f"{parts.path(('map', 'x'))} = {parts.value(self.attribute('x'))}"
            case "map", 1:
                return "REMOVE", parts.path(("map", random.choice("xy")))
            case "count", 0:
                start, step = parts.value({"N": "5"}), parts.value({"N": "2"})
                return "SET", f"{path} = if_not_exists({path}, {start}) {random.choice('+-')} {step}"
            case "count", 1:
                return "ADD", f"{path} {parts.value({'N': random.choice(('1', '-2', '0.5'))})}"
            case "tags", 0 | 1:
                return random.choice(("ADD", "DELETE")), f"{path} {parts.value(self.set())}"
            case "list", 0:
                return "SET", f"{path} = list_append({path}, {parts.value(self.attribute('list'))})"
            case _, 3:
                return "REMOVE", path
            case _:
                return "SET", f"{path} = {parts.value(self.attribute(name))}"

    # ---------------------------------------------------------------------------------------------------------- calls

    def _table(self) -> str:
        return ACCOUNTS if self.random.random() < 0.6 else LEDGER

    def _written(self, request: dict[str, Any], change: bool = False) -> dict[str, Any]:
        parts = Parts(self.random)
        texts = {"ConditionExpression": self.condition(parts) if self.random.random() < 0.5 else None}
        if change:
            texts["UpdateExpression"] = self._change(parts)
        return parts.into(request, **texts)

    def _put(self) -> Request:
        table = self._table()
        return "put_item", self._written({"TableName": table, "Item": self._item(table)})

    def _update(self) -> Request:
        table = self._table()
        return "update_item", self._written({"TableName": table, "Key": self.key(table)}, change=True)

    def _delete(self) -> Request:
        table = self._table()
        return "delete_item", self._written({"TableName": table, "Key": self.key(table)})

    def _transaction(self) -> Request:
        items: list[dict[str, Any]] = []
        while len(items) < self.random.randint(1, 5):
            match self.random.randint(0, 6):
                case 0 | 1 | 2:
                    items.append({"Put": self._put()[1]})
                case 3 | 4:
                    items.append({"Update": self._update()[1]})
                case 5:
                    items.append({"Delete": self._delete()[1]})
                case _:
                    table, parts = self._table(), Parts(self.random)
                    request = {"TableName": table, "Key": self.key(table)}
                    items.append({"ConditionCheck": parts.into(request, ConditionExpression=self.condition(parts))})
            if self.random.random() < 0.95 and len({_key_of(item) for item in items}) < len(items):
                items.pop()
        return "transact_write_items", {"TransactItems": items}

    def _get(self) -> Request:
        table = self._table()
        return "get_item", {"TableName": table, "Key": self.key(table), "ConsistentRead": True}

    def _batch(self) -> Request:
        table = self._table()
        keys = [self.key(table) for _ in range(self.random.randint(1, 4))]
        return "batch_get_item", {"RequestItems": {table: {"Keys": keys, "ConsistentRead": True}}}

    def _ledger(self) -> Request:
        parts, random = Parts(self.random), self.random
        text = f"{parts.path(('user',))} = {parts.value({'S': f'u{random.randint(0, 1)}'})}"
        entry, bound = parts.path(("entry",)), f"0{random.randint(0, 8)}"
        match random.randint(0, 4):
            case 0:
                text += f" AND {entry} {random.choice(('<', '<=', '>', '>=', '='))} {parts.value({'S': bound})}"
            case 1:
                text += f" AND {entry} BETWEEN {parts.value({'S': '02'})} AND {parts.value({'S': '06'})}"
            case 2:
                text += f" AND begins_with({entry}, {parts.value({'S': '0'})})"
            case _:
                del parts.names["#entry"]
        request = {"TableName": LEDGER, "ConsistentRead": True, "ScanIndexForward": random.random() < 0.5}
        if random.random() < 0.7:
            request["Limit"] = random.randint(1, 4)
        filtered = self.condition(parts, 2) if random.random() < 0.3 else None
        return "query", parts.into(request, KeyConditionExpression=text, FilterExpression=filtered)

    def _due(self) -> Request:
        parts, random = Parts(self.random), self.random
        shard = f"{parts.path(('shard',))} = {parts.value({'S': random.choice('01')})}"
        text = f"{shard} AND {parts.path(('due',))} <= {parts.value({'S': f'2026-0{random.randint(1, 9)}'})}"
        request = {"TableName": ACCOUNTS, "IndexName": "due"}
        return "query", parts.into(request, KeyConditionExpression=text)

    def _scan(self) -> Request:
        parts, table = Parts(self.random), self._table()
        shown = None
        if self.random.random() < 0.4:
            shown = ", ".join(parts.path((name,)) for name in ("user" if table == LEDGER else "pk", "text", "map"))
        filtered = self.condition(parts, 1) if self.random.random() < 0.6 else None
        request = {"TableName": table, "ConsistentRead": True}
        return "scan", parts.into(request, FilterExpression=filtered, ProjectionExpression=shown)


def _key_of(item: dict[str, Any]) -> str:
    ((kind, request),) = item.items()
    names = ("pk",) if request["TableName"] == ACCOUNTS else ("user", "entry")
    holder = request["Item" if kind == "Put" else "Key"]
    return "/".join(holder[name]["S"] for name in names)
