"""The tables as template.yaml defines them; tests/simulation/test_world.py holds one to the other."""

from __future__ import annotations

from typing import Any


def _texts(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


DEFINITIONS: tuple[dict[str, Any], ...] = (
    {
        "TableName": "events",
        "AttributeDefinitions": _texts("id"),
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    },
    {
        "TableName": "accounts",
        "AttributeDefinitions": _texts("pk", "due_shard", "due_at", "renewal_shard", "renewal_at"),
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "due",
                "KeySchema": [
                    {"AttributeName": "due_shard", "KeyType": "HASH"},
                    {"AttributeName": "due_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": "renewals",
                "KeySchema": [
                    {"AttributeName": "renewal_shard", "KeyType": "HASH"},
                    {"AttributeName": "renewal_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
        ],
    },
    {
        "TableName": "ledger",
        "AttributeDefinitions": _texts("user", "entry"),
        "KeySchema": [
            {"AttributeName": "user", "KeyType": "HASH"},
            {"AttributeName": "entry", "KeyType": "RANGE"},
        ],
    },
)
