"""The ledger has one writer, which never overwrites (money rule 30, F64): read from the source, for IAM can't say it.

Three statements together: every call that writes DynamoDB is the one of `calls.write`; the name of the ledger's table
goes nowhere but into `entry_put` and the reader; and `entry_put` is conditioned on both of its keys being new. Beside
them stands what puts back a table as a whole, which an operator does by name (docs/restore.md), and the ledger's stream
tells.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from billing.adapters.dynamodb.ledger_store import entry_put
from tests.unit.billing.adapters.dynamo_tables import World, entry

ROOT = Path(__file__).parents[4]
DEPLOYED = ("layers/billing/python", "functions", "plumb")
ADAPTER = "layers/billing/python/billing/adapters/dynamodb"
WRITES = {
    *("put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items"),
    *("execute_statement", "batch_execute_statement", "execute_transaction", "batch_writer", "import_table"),
}


def sources() -> Iterator[tuple[str, str]]:
    for room in DEPLOYED:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text()


def writing_calls(source: str) -> list[str]:
    """Names of the client's writing methods, also where they are only named and called elsewhere."""
    tree = ast.parse(source)
    names = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in WRITES]
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in WRITES]
    return names + texts


def uses_of_the_table(source: str) -> list[str]:
    """What becomes of each `….ledger` in an adapter: the call that it is an argument of, or the line that keeps it."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "ledger":
            around = parents[node]
            found.append(ast.unparse(around.func) if isinstance(around, ast.Call) else ast.unparse(around))
    return found


def test_every_write_is_a_transaction_made_in_one_place() -> None:
    writers = {path: calls for path, source in sources() if (calls := writing_calls(source))}
    assert writers == {
        f"{ADAPTER}/calls.py": ["transact_write_items"],
        "plumb/restore/copying.py": ["batch_write_item"],
    }


def test_the_name_of_the_ledger_goes_only_where_it_is_put_and_read() -> None:
    used = {
        path: uses
        for path, source in sources()
        if path.startswith("layers/billing/python/billing/adapters") and (uses := uses_of_the_table(source))
    }
    assert used == {
        f"{ADAPTER}/account_store.py": ["entry_put"],
        f"{ADAPTER}/credit_store.py": ["entry_get", "entry_put"],
        f"{ADAPTER}/ledger_store.py": ["self._table = tables.ledger"],
    }


def test_the_reader_only_reads() -> None:
    source = (ROOT / ADAPTER / "ledger_store.py").read_text()
    reader = next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    called = {ast.unparse(node.func) for node in ast.walk(reader) if isinstance(node, ast.Call)}
    assert {name for name in called if name.startswith(("self._client.", "calls."))} == {"calls.query"}
    assert "entry_put" not in called


def test_reading_one_entry_only_reads() -> None:
    source = (ROOT / ADAPTER / "ledger_store.py").read_text()
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    read = next(node for node in functions if node.name == "entry_get")
    called = {ast.unparse(node.func) for node in ast.walk(read) if isinstance(node, ast.Call)}
    assert {name for name in called if name.startswith(("client.", "calls."))} == {"calls.get_item"}


def test_no_other_code_knows_the_tables_name() -> None:
    knowing = [path for path, source in sources() if "LEDGER_TABLE" in source]
    assert knowing == ["layers/billing/python/billing/config/__init__.py"]


def test_the_put_is_conditioned_on_the_whole_key(world: World) -> None:
    """The condition is checked on the item of exactly this key: partition (the user) and sort key (the entry)."""
    keys = {key["AttributeName"] for key in world.definitions["LedgerTable"].definition["KeySchema"]}
    put = entry_put("ledger", entry())
    assert set(put) == {"Put"}
    assert put["Put"]["ConditionExpression"] == "attribute_not_exists( #entry )"
    assert put["Put"]["ExpressionAttributeNames"] == {"#entry": "entry"}
    assert keys == {"user", "entry"}
    assert keys <= set(put["Put"]["Item"])


@pytest.mark.parametrize(
    "planted",
    [
        "def f(client): client.put_item(TableName='x', Item={})",
        "def f(client): getattr(client, 'update_item')(TableName='x')",
        "def f(table):\n    with table.batch_writer() as batch: batch",
    ],
)
def test_a_planted_writer_is_seen(planted: str) -> None:
    assert writing_calls(planted)


def test_a_planted_use_of_the_table_is_seen() -> None:
    planted = "def f(self, item): return calls.put(self._tables.ledger, item)"
    assert uses_of_the_table(planted) == ["calls.put"]
