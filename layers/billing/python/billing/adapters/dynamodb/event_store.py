"""The events table: which Stripe events were handled, and how each ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import SCHEMA, attributes, customer_key, from_item, parked_key, plain, to_item
from billing.adapters.dynamodb.puts import PARKED_SHARD
from billing.config import Tables
from billing.domain.ids import CustomerId, EventId
from billing.domain.records import EventRecord, Outcome, Recording, Unparked
from billing.errors import StoreUnavailable
from billing.ports.store import Parked

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT = timedelta(days=90)
_NEW_OR_OPEN = "attribute_not_exists( #id ) OR #outcome IN ( :parked , :quarantined )"


def event_put(table: str, record: EventRecord) -> dict[str, Any]:
    """The put of an event: the guard that makes its effect happen once (money rule 8).

    An event that waits for a person (parked, quarantined) has no time to live, and a replay may move it.
    """
    ends = int((record.recorded_at + _KEPT).timestamp()) if record.outcome.terminal else None
    item = to_item(record, **({"expires_at": ends} if ends else {}))
    return calls.put(table, item, _NEW_OR_OPEN, parked=Outcome.PARKED.value, quarantined=Outcome.QUARANTINED.value)


_LIST_IS_FULL = [False, False, True]
MOST_PARKED = 1000
"""Events on a customer's list. A further one is parked all the same, but only a replay by hand moves it: the account
itself needs none of them to be right, since a converge asks Stripe."""


def taken_off(table: str, unparked: Unparked) -> dict[str, Any]:
    """Take events off their customer's list. It only shrinks once the customer has an owner, so this needs no
    condition: whoever does it second finds them gone.
    """
    key = attributes({"pk": parked_key(unparked.customer)})
    if unparked.last:
        return {"Delete": {"TableName": table, "Key": key}}
    return {
        "Update": {
            "TableName": table,
            "Key": key,
            "UpdateExpression": "DELETE #events :events",
            **calls.conditioned("", {"events": unparked.events}, ["events"]),
        }
    }


class DynamoEvents:
    """The EventStore port over DynamoDB."""

    def __init__(self, client: DynamoDBClient, tables: Tables, most_parked: int = MOST_PARKED) -> None:
        self._client = client
        self._tables = tables
        self._most_parked = most_parked

    def record(self, record: EventRecord) -> Recording:
        """See EventStore."""
        items = [event_put(self._tables.events, record)]
        if record.outcome is Outcome.PARKED and record.customer is not None:
            items.append(self._still_unowned(record.customer))
            items.append(self._onto_list(record.customer, record.id))
        refused = self._refusal(items)
        if refused == _LIST_IS_FULL:
            refused = self._refusal(items[:2])
        if not refused:
            return Recording.WRITTEN
        if refused[0]:
            return Recording.RECORDED
        if any(refused):
            return Recording.OWNED
        raise StoreUnavailable("another transaction on the event or its customer is in progress")

    def records(self, events: Collection[EventId]) -> Mapping[EventId, EventRecord]:
        """See EventStore."""
        found = calls.get_all(self._client, self._tables.events, events, name="id") if events else {}
        return {EventId(key): from_item(EventRecord, item) for key, item in found.items()}

    def parked(self, customer: CustomerId, most: int) -> Parked:
        """See EventStore."""
        item = calls.get(self._client, self._tables.accounts, parked_key(customer))
        if item is None:
            return Parked((), None)
        listed = sorted(plain(item).get("events", ()))
        taken = [EventId(event) for event in listed[:most]]
        records = self.records(taken)
        unparked = Unparked(customer, frozenset(taken), last=len(taken) == len(listed))
        return Parked(tuple(records[event] for event in taken if event in records), unparked)

    def _refusal(self, items: list[dict[str, Any]]) -> list[bool]:
        """Write the items; an empty list, or which of their conditions did not hold."""
        try:
            calls.write(self._client, items)
        except calls.Refused as refused:
            return [reason == "ConditionalCheckFailed" for reason in refused.reasons]
        return []

    def _still_unowned(self, customer: CustomerId) -> dict[str, Any]:
        return {
            "ConditionCheck": {
                "TableName": self._tables.accounts,
                "Key": attributes({"pk": customer_key(customer)}),
                **calls.conditioned("attribute_not_exists( #pk )", {}),
            }
        }

    def _onto_list(self, customer: CustomerId, event: EventId) -> dict[str, Any]:
        """The index hears of a list once: its place there does not change with what is added."""
        values = {"events": frozenset({event}), "most": self._most_parked, "customer": customer, "schema": SCHEMA}
        values |= {"shard": PARKED_SHARD}
        sets = "#customer = :customer, #schema = :schema, #due_shard = :shard, #due_at = :customer"
        return {
            "Update": {
                "TableName": self._tables.accounts,
                "Key": attributes({"pk": parked_key(customer)}),
                "UpdateExpression": f"ADD #events :events SET {sets}",
                **calls.conditioned(
                    "attribute_not_exists( #events ) OR size( #events ) < :most",
                    values,
                    ["customer", "schema", "due_shard", "due_at"],
                ),
            }
        }
