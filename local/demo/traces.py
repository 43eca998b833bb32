"""What a purchase leaves behind, read where it is kept: DynamoDB, the ledger, Redis, the API, the logs."""

import json
from typing import Any

import httpx
import stripe
from boto3.dynamodb.types import TypeDeserializer
from upstash_redis import Redis

from local.stack import Stack

_deserialize = TypeDeserializer().deserialize


class Traces:
    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._tables = {name: table.name for name, table in stack.config.model().tables.items()}
        self._dynamodb = stack.dynamodb()
        self._stripe = stripe.StripeClient(stack.stripe_key, base_addresses={"api": stack.stripe_url})
        self._redis = Redis(url=stack.upstash_url, token=stack.upstash_token, rest_retries=0, allow_telemetry=False)
        environment = stack.config.model().functions["EventConsumerFunction"].environment
        self._prefix = ":".join(environment[name] for name in ("STAGE", "STRIPE_MODE", "REDIS_EPOCH")) + ":"

    def close(self) -> None:
        self._dynamodb.close()
        self._redis.close()  # type: ignore[no-untyped-call]

    def account(self, user: str) -> dict[str, Any] | None:
        return self._item("AccountsTable", {"pk": {"S": f"ACCOUNT#{user}"}})

    def event(self, event_id: str) -> dict[str, Any] | None:
        return self._item("EventsTable", {"id": {"S": event_id}})

    def ledger(self, user: str) -> list[dict[str, Any]]:
        answer = self._dynamodb.query(
            TableName=self._tables["LedgerTable"],
            KeyConditionExpression="#user = :user",
            ExpressionAttributeNames={"#user": "user"},
            ExpressionAttributeValues={":user": {"S": user}},
            ConsistentRead=True,
        )
        return [_plain(item) for item in answer["Items"]]

    def cached(self, key: str) -> str | None:
        """A value of the cache, through the official client."""
        value: str | None = self._redis.get(self._prefix + key)
        return value

    def completed_event(self, session_id: str) -> str | None:
        """The id of the event that says this session was completed, asked of Stripe."""
        events = self._stripe.v1.events.list({"type": "checkout.session.completed", "limit": 100})
        for event in events.data:
            if event.data.object["id"] == session_id:
                return str(event.id)
        return None

    def deliveries(self, event_id: str) -> list[dict[str, Any]]:
        """Every attempt to bring this event to the webhook."""
        answer = httpx.get(f"{self._stack.stripe_url}/_control/deliveries", trust_env=False).raise_for_status()
        return [
            attempt
            for delivery in answer.json()["deliveries"]
            if delivery["event"] == event_id
            for attempt in delivery["attempts"]
        ]

    def resend(self, event_id: str) -> None:
        url = f"{self._stack.stripe_url}/_control/deliveries/{event_id}/resend"
        httpx.post(url, trust_env=False, timeout=30).raise_for_status()

    def log_line(self, function: str, message: str, event_id: str) -> str | None:
        """The line a function logged about this event."""
        for line in self._stack.logs(function).splitlines():
            if line.startswith("{"):
                entry = json.loads(line)
                if entry.get("message") == message and entry.get("event_id") == event_id:
                    return line
        return None

    def _item(self, table: str, key: dict[str, Any]) -> dict[str, Any] | None:
        item = self._dynamodb.get_item(TableName=self._tables[table], Key=key, ConsistentRead=True).get("Item")
        return None if item is None else _plain(item)


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _deserialize(value) for name, value in item.items()}
