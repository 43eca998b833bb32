"""Tables and queues, against what template.yaml makes."""

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from plumb.doctor.finding import Finding, fail, ok, warn
from plumb.queues import counts, dead_letter_queue
from plumb.world import World

_DEPLOY = "Deploy template.yaml: it makes the table with its keys, time to live and backups."
_KEYS = {"events": ["id"], "accounts": ["pk"], "ledger": ["user", "entry"]}
_TTL = {"events": "expires_at"}


def tables(world: World) -> Iterator[Finding]:
    """Each table is there with its keys; events have their time to live; deployed ones their backups."""
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
    found = [key["AttributeName"] for key in sorted(table["KeySchema"], key=lambda key: key["KeyType"] != "HASH")]
    if found != keys or table["TableStatus"] not in ("ACTIVE", "UPDATING"):
        yield fail("tables", f"{name} is {table['TableStatus']} with the key {'/'.join(found)}.", _DEPLOY)
        return
    missing = []
    if kind in _TTL:
        ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if ttl.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING") or ttl.get("AttributeName") != _TTL[kind]:
            missing.append(f"no time to live on {_TTL[kind]}, so records stay for ever")
    if not world.site.local:
        backups: Any = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
            missing.append("no point-in-time recovery, so nothing can be restored")
    if missing:
        yield warn("tables", f"{name} has {' and '.join(missing)}.", _DEPLOY)
        return
    extra = [*(["time to live"] if kind in _TTL else []), *([] if world.site.local else ["point-in-time recovery"])]
    yield ok("tables", f"{name} has its key {'/'.join(keys)}{''.join(f', {each}' for each in extra)}.")


def queues(world: World) -> Iterator[Finding]:
    """The events queue has a dead-letter queue, and nothing waits in that."""
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
