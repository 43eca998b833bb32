"""The puts of an account and of its lots, for every transaction that writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import SCHEMA, account_key, attributes, lot_key, to_item, undone_key
from billing.domain.account import Account, due_at
from billing.domain.credits import Lot
from billing.domain.ids import UserId
from billing.domain.outbox import subscription_event
from billing.domain.subscription import next_renewal

DUE_INDEX = "due"
PARKED_SHARD = "parked"
"""A partition of the index for lists of parked events: they stand in it by their customer's id instead of a time."""
RENEWAL_INDEX = "renewals"
DUE_SHARDS = tuple("01234567")
"""Each is a partition of an index, which takes 1,000 writes a second; a full one would hold up the table itself
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations)."""

_UNTOUCHED = "#version = :version AND #stripe_version = :stripe_version"


def account_put(table: str, before: Account, after: Account) -> dict[str, Any]:
    """The put of an account: refused when anybody has written it since it was read."""
    item = to_item(after, pk=account_key(after.user), **_due(after), **_renewal(after), **_outbox(before, after))
    if before.version == 0:
        return calls.put(table, item, "attribute_not_exists( #pk )")
    return calls.put(table, item, _UNTOUCHED, version=before.version, stripe_version=before.stripe_version)


def due_text(moment: datetime) -> str:
    """A time as the index sorts it: in UTC, always with its fraction."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _due(account: Account) -> dict[str, str]:
    """When something of the account next ends by itself; without that it is not in the index at all."""
    due = due_at(account)
    if due is None:
        return {}
    return {"due_at": due_text(due), "due_shard": _shard(account.user)}


def _renewal(account: Account) -> dict[str, str]:
    """By when a subscription of the account must have changed, and of which customer it is: all that a look needs."""
    renewal = next_renewal(account.subscriptions)
    if renewal is None:
        return {}
    end, customer = renewal
    return {"renewal_at": f"{due_text(end)}#{customer}", "renewal_shard": _shard(account.user)}


def _outbox(before: Account, after: Account) -> dict[str, Mapping[str, str]]:
    """What the table's stream has to tell of this very write: the next one puts the item without it."""
    event = subscription_event(before, after)
    return {} if event is None else {"told": event}


def _shard(user: UserId) -> str:
    return DUE_SHARDS[crc32(user.encode()) % len(DUE_SHARDS)]


def lot_put(table: str, user: UserId, lot: Lot) -> dict[str, Any]:
    """The put of a lot that leaves its account.

    Its guard is that of the account in the same transaction. What an earlier time has left under this key is out of
    date: a lot that came back to its account is looked for nowhere else.
    """
    return calls.put(table, to_item(lot, pk=lot_key(user, lot.key)))


def undone_put(table: str, user: UserId, key: str, by: str | None) -> dict[str, Any]:
    """The mark that a spend was undone, and by which entry; it stays for ever, as the spend's entry does."""
    item = {"pk": undone_key(user, key), "schema": SCHEMA, "user": user, "undone": key, "by": by}
    return calls.put(table, attributes(item), "attribute_not_exists( #pk )")
