"""Tables and queues, against what template.yaml makes."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from billing.adapters.dynamodb.puts import DUE_INDEX, RENEWAL_INDEX
from plumb.doctor.finding import Finding, fail, ok, warn
from plumb.queues import counts, dead_letter_queue
from plumb.world import World

_DEPLOY = "Deploy template.yaml: it makes the table with its keys, indexes, time to live and backups."
_USABLE = ("ACTIVE", "UPDATING")
"""States of a table, and of an index, in which it answers."""
_KEYS = {"events": ["id"], "accounts": ["pk"], "ledger": ["user", "entry"]}
_TTL = {"events": "expires_at", "accounts": "forget_at"}
_INDEXES = {"accounts": {DUE_INDEX: ["due_shard", "due_at"], RENEWAL_INDEX: ["renewal_shard", "renewal_at"]}}

GIVEN_UP = {
    "FailedRunsQueue": ("a run of a schedule, or records of the ledger's stream,", "See docs/alarms.md, failed-runs."),
    "UntoldQueue": (
        "records of a stream",
        "See docs/alarms.md, domain-events-untold, within 18 hours.",
    ),
}
"""Queues that nobody reads but a person, by their logical ids: what a message in it stands for, and what to do."""


def tables(world: World) -> Iterator[Finding]:
    """Each table is there with its keys, its indexes and its time to live; deployed ones with their backups."""
    for kind, keys in _KEYS.items():
        yield from _table(world, kind, getattr(world.settings.tables, kind), keys)


def _table(world: World, kind: str, name: str, keys: list[str]) -> Iterator[Finding]:
    client = world.dynamodb
    try:
        table = client.describe_table(TableName=name)["Table"]
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        yield fail("tables", f"There is no table {name}.", _DEPLOY)
        return
    found = _keys(table)
    if found != keys or table["TableStatus"] not in _USABLE:
        yield fail("tables", f"{name} is {table['TableStatus']} with the key {'/'.join(found)}.", _DEPLOY)
        return
    indexes = _INDEXES.get(kind, {})
    unusable = _unusable(table, indexes)
    if unusable:
        for index in unusable:
            key = "/".join(indexes[index])
            yield fail("tables", f"{name} has no usable index {index} with the key {key}.", _DEPLOY)
        return
    missing = _missing(world, kind, name)
    if missing:
        yield warn("tables", f"{name} has {' and '.join(missing)}.", _DEPLOY)
        return
    extra = [f"index {index}" for index in indexes]
    extra += [*(["time to live"] if kind in _TTL else []), *([] if world.site.local else ["point-in-time recovery"])]
    yield ok("tables", f"{name} has its key {'/'.join(keys)}{''.join(f', {each}' for each in extra)}.")


def _missing(world: World, kind: str, name: str) -> list[str]:
    """What a table works without, until somebody needs it."""
    client = world.dynamodb
    missing = []
    if kind in _TTL:
        ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if ttl.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING") or ttl.get("AttributeName") != _TTL[kind]:
            missing.append(f"no time to live on {_TTL[kind]}, so records stay for ever")
    if not world.site.local:
        backups: Any = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
            missing.append("no point-in-time recovery, so nothing can be restored")
    return missing


def _unusable(table: Any, indexes: Mapping[str, list[str]]) -> list[str]:
    """The indexes that are not there, have other keys, or are still being filled."""
    there = {found["IndexName"]: found for found in table.get("GlobalSecondaryIndexes", [])}
    usable = {name for name, found in there.items() if found["IndexStatus"] in _USABLE}
    return [name for name, keys in indexes.items() if name not in usable or _keys(there[name]) != keys]


def _keys(described: Any) -> list[str]:
    """Names of a table's or an index's keys, the partition key first."""
    return [key["AttributeName"] for key in sorted(described["KeySchema"], key=lambda key: key["KeyType"] != "HASH")]


def queues(world: World) -> Iterator[Finding]:
    """The events queue has a dead-letter queue, and nothing waits in that, nor where schedules and pipes give up."""
    yield from _events_queue(world)
    for logical_id, (holds, fix) in GIVEN_UP.items():
        url = world.site.resources.get(logical_id)
        if url is None:
            yield fail("queues", f"There is no {logical_id}.", "Deploy template.yaml as it is in this release.")
            continue
        waiting, seen, _ = counts(world.sqs, url)
        name = url.rpartition("/")[2]
        if waiting + seen:
            yield warn("queues", f"{name}: {waiting + seen} messages, each {holds} given up.", fix)
        else:
            yield ok("queues", f"{name}: empty.")


def _events_queue(world: World) -> Iterator[Finding]:
    client, url = world.sqs, world.queue_url
    waiting, in_flight, policy = counts(client, url)
    yield ok("queues", f"{url.rpartition('/')[2]}: {waiting} waiting, {in_flight} being worked on.")
    dead = dead_letter_queue(client, policy)
    if dead is None:
        yield fail("queues", "The events queue has no dead-letter queue: a poison message is lost.", _DEPLOY)
        return
    receives = json.loads(policy or "{}").get("maxReceiveCount")
    left, moving, _ = counts(client, dead)
    name, failed = dead.rpartition("/")[2], left + moving
    if failed:
        yield warn(
            "queues", f"{name}: {failed} messages failed {receives} times.", "Mend the cause, then plumb redrive."
        )
    else:
        yield ok("queues", f"{name}: empty (after {receives} receives).")
