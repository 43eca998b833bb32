"""The doctor's tables: whole as template.yaml makes them, and without one part of it at a time."""

from collections.abc import Callable
from typing import Any

import pytest

from plumb.doctor.aws_side import tables
from plumb.doctor.finding import Finding
from plumb.stages.deployed import deployed_stack
from plumb.world import World
from tests.fakes.operator import environment
from tests.modelled import modelled
from tests.unit.plumb.conftest import ENVIRONMENT, Deployed

ACCOUNTS = ENVIRONMENT["ACCOUNTS_TABLE"]


@pytest.fixture
def whole(deployed: Deployed) -> Deployed:
    """The tables by the template's own definitions."""
    deployed.deploy()
    model, client = modelled(), deployed.dynamodb
    for key, table in model.tables.items():
        name = ENVIRONMENT[f"{key.removesuffix('Table').upper()}_TABLE"]
        client.delete_table(TableName=name)
        definition: dict[str, Any] = {**table.definition, "TableName": name, "BillingMode": "PAY_PER_REQUEST"}
        client.create_table(**definition)
        if table.ttl_attribute is not None:
            client.update_time_to_live(
                TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl_attribute}
            )
        client.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    return deployed


def told() -> list[Finding]:
    site = deployed_stack("staging")
    with environment(site.aws):
        world = World(site)
        found = list(tables(world))
        world.close()
    return found


def test_as_the_template_makes_them(whole: Deployed) -> None:
    assert [f"{finding.status} {finding.message.removeprefix('plumbline-staging-test-')}" for finding in told()] == [
        "ok events has its key id, time to live, point-in-time recovery.",
        "ok accounts has its key pk, index due, index renewals, time to live, point-in-time recovery.",
        "ok ledger has its key user/entry, point-in-time recovery.",
    ]


def no_ttl(client: Any) -> None:
    off = {"Enabled": False, "AttributeName": "forget_at"}
    client.update_time_to_live(TableName=ACCOUNTS, TimeToLiveSpecification=off)


def other_ttl(client: Any) -> None:
    no_ttl(client)
    on = {"Enabled": True, "AttributeName": "expires_at"}
    client.update_time_to_live(TableName=ACCOUNTS, TimeToLiveSpecification=on)


def no_index(client: Any) -> None:
    client.update_table(TableName=ACCOUNTS, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "due"}}])


def other_keys(client: Any) -> None:
    no_index(client)
    created = {
        "IndexName": "due",
        "KeySchema": [{"AttributeName": "due_at", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    named = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "due_at")]
    client.update_table(
        TableName=ACCOUNTS, AttributeDefinitions=named, GlobalSecondaryIndexUpdates=[{"Create": created}]
    )


NO_TTL = f"warn {ACCOUNTS} has no time to live on forget_at, so records stay for ever."
NO_INDEX = f"fail {ACCOUNTS} has no usable index due with the key due_shard/due_at."


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (no_ttl, NO_TTL),
        (other_ttl, NO_TTL),
        (no_index, NO_INDEX),
        (other_keys, NO_INDEX),
    ],
)
def test_what_the_accounts_table_lacks_is_told(whole: Deployed, broken: Callable[[Any], None], sentence: str) -> None:
    broken(whole.dynamodb)
    assert [f"{f.status} {f.message}" for f in told() if f.status != "ok"] == [sentence]
