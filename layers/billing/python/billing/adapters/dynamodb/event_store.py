"""The events table: which Stripe events were handled, and how each ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from billing.adapters.dynamodb import calls
from billing.adapters.dynamodb.items import attributes, customer_key, to_item
from billing.config import Tables
from billing.domain.records import EventRecord, Outcome, Recording
from billing.errors import StoreUnavailable

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


class DynamoEvents:
    """The EventStore port over DynamoDB."""

    def __init__(self, client: DynamoDBClient, tables: Tables) -> None:
        self._client = client
        self._tables = tables

    def record(self, record: EventRecord) -> Recording:
        """See EventStore."""
        items = [event_put(self._tables.events, record)]
        if record.outcome is Outcome.PARKED and record.customer is not None:
            items.append(
                {
                    "ConditionCheck": {
                        "TableName": self._tables.accounts,
                        "Key": attributes({"pk": customer_key(record.customer)}),
                        **calls.conditioned("attribute_not_exists( #pk )", {}),
                    }
                }
            )
        try:
            calls.write(self._client, items)
        except calls.Refused as refused:
            if refused.reasons[0] == "ConditionalCheckFailed":
                return Recording.RECORDED
            if "ConditionalCheckFailed" in refused.reasons:
                return Recording.OWNED
            raise StoreUnavailable("another transaction on the event or its customer is in progress") from refused
        return Recording.WRITTEN
