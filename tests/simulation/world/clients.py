"""The clients of AWS and Redis, each call through the gate. What they do is in `stores`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NoReturn

from tests.simulation.stores import refusals
from tests.simulation.stores.dynamo import Paginator
from tests.simulation.world.gate import Gate, Otherwise, raising


class RedisDown(Exception):
    """Redis did not answer: the client has no error of its own for most of what can go wrong."""


class GatedDynamo:
    """boto3's client of DynamoDB, as far as the adapters call it."""

    def __init__(self, client: Any, gate: Gate, written: Callable[[list[dict[str, Any]]], None]) -> None:
        self._client = client
        self._gate = gate
        self._written = written
        self._otherwise = {
            "refused": raising(lambda: refusals.throttled("Simulated")),
            "lost": raising(refusals.no_answer),
        }

    def get_item(self, **given: Any) -> Any:
        return self._gate.call("dynamodb", "get_item", lambda: self._client.get_item(**given), self._otherwise)

    def query(self, **given: Any) -> Any:
        return self._gate.call("dynamodb", "query", lambda: self._client.query(**given), self._otherwise)

    def scan(self, **given: Any) -> Any:
        return self._gate.call("dynamodb", "scan", lambda: self._client.scan(**given), self._otherwise)

    def get_paginator(self, operation: str) -> Paginator:
        return Paginator({"scan": self.scan, "query": self.query}[operation])

    def batch_get_item(self, **given: Any) -> Any:
        """Read a batch; DynamoDB may leave keys of it unread, whichever, and others write before they are asked for
        again. So a batch is no snapshot
        (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html).
        """

        def read() -> Any:
            task = self._gate.scheduler.current
            if task is None or not task.reads_in_parts or self._gate.healed or not _has_account(given):
                return self._client.batch_get_item(**given)
            return in_parts()

        def in_parts() -> Any:
            ((table, asked),) = given["RequestItems"].items()
            keys, task = asked["Keys"], self._gate.scheduler.current
            if len(keys) == 1 or task is None:
                return self._client.batch_get_item(**given)
            whole = self._gate.chance.happens((task.name, task.calls, "unread first"), 0.3)
            at = 0 if whole else self._gate.chance.number((task.name, task.calls, "unread"), len(keys))
            first = [key for key in keys if key is not keys[at]]
            answer = self._client.batch_get_item(RequestItems={table: {**asked, "Keys": first}})
            answer["UnprocessedKeys"] = {table: {**asked, "Keys": [keys[at]]}}
            steps, task.reads_in_parts = task.stalls_for if task.reads_in_parts else 0, False
            self._gate.scheduler.stall(steps)
            return answer

        return self._gate.call("dynamodb", "batch_get_item", read, {**self._otherwise, "unprocessed": in_parts})

    def transact_write_items(self, **given: Any) -> Any:
        """Write a transaction; another one may be in the way, or its own: the answer was lost, and the SDK asks again.

        The token that it sends along makes that the same request for ten minutes only
        (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html), so here it meets
        the conditions that it has made false itself.
        """
        items = given["TransactItems"]

        def write() -> Any:
            answer = self._client.transact_write_items(**given)
            self._written(items)
            return answer

        def again() -> Any:
            write()
            return write()

        def met() -> Any:
            task = self._gate.scheduler.current
            name = (task.name, task.calls, "met at") if task is not None else ("met at",)
            raise refusals.conflict(len(items), len(items) - 1 - self._gate.chance.number(name, len(items)))

        otherwise = {**self._otherwise, "conflict": met, "own write": again}
        return self._gate.call("dynamodb", "transact_write_items", write, otherwise)


def _has_account(batch: Mapping[str, Any]) -> bool:
    ((_, asked),) = batch["RequestItems"].items()
    return any(key.get("pk", {}).get("S", "").startswith("ACCOUNT#") for key in asked["Keys"])


class GatedQueue:
    """boto3's client of SQS, as far as the functions and the operator's command call it."""

    def __init__(self, client: Any, gate: Gate) -> None:
        self._client = client
        self._gate = gate

    def send_message(self, **given: Any) -> Any:
        return self._called("SendMessage", lambda: self._client.send_message(**given))

    def receive_message(self, **given: Any) -> Any:
        return self._called("ReceiveMessage", lambda: self._client.receive_message(**given))

    def delete_message(self, **given: Any) -> Any:
        return self._called("DeleteMessage", lambda: self._client.delete_message(**given))

    def change_message_visibility(self, **given: Any) -> Any:
        return self._called("ChangeMessageVisibility", lambda: self._client.change_message_visibility(**given))

    def _called[T](self, what: str, do: Callable[[], T]) -> T:
        return self._gate.call("sqs", what, do, _queue_fails(what))


@cache
def _queue_fails(what: str) -> Otherwise[NoReturn]:
    refused = raising(lambda: refusals.refused("InternalError", "simulated", what, 500))
    return {"refused": refused, "lost": raising(lambda: refusals.no_answer("https://sqs.us-east-1.amazonaws.com"))}


class GatedRedis:
    """The Upstash client, as far as the cache calls it. A pipeline is one request."""

    def __init__(self, client: Any, gate: Gate) -> None:
        self._client = client
        self._gate = gate

    def get(self, *given: Any) -> Any:
        return self._called("GET", lambda: self._client.get(*given))

    def set(self, *given: Any, **options: Any) -> Any:
        return self._called("SET", lambda: self._client.set(*given, **options))

    def pipeline(self) -> GatedPipeline:
        return GatedPipeline(self._client.pipeline(), self._called)

    def _called[T](self, what: str, do: Callable[[], T]) -> T:
        return self._gate.call("redis", what, do, _redis_fails(what))


@cache
def _redis_fails(what: str) -> Otherwise[NoReturn]:
    down = raising(lambda: RedisDown(what))
    return {"refused": down, "lost": down}


class GatedPipeline:
    """A pipeline: commands are collected, and sent at once."""

    def __init__(self, pipeline: Any, called: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._pipeline = pipeline
        self._called = called

    def eval(self, *given: Any) -> None:
        self._pipeline.eval(*given)

    def set(self, *given: Any, **options: Any) -> None:
        self._pipeline.set(*given, **options)

    def exec(self) -> Any:
        return self._called("pipeline", self._pipeline.exec)


class GatedSecrets:
    """boto3's client of Secrets Manager."""

    def __init__(self, values: dict[str, dict[str, Any]], gate: Gate) -> None:
        self._values = values
        self._gate = gate

    def get_secret_value(self, SecretId: str) -> Any:  # noqa: N803 - AWS's name
        refused = raising(lambda: refusals.refused("InternalServiceError", "simulated", "GetSecretValue", 500))
        return self._gate.call(
            "secrets",
            "GetSecretValue",
            lambda: {"SecretString": json.dumps(self._values[SecretId])},
            {"refused": refused, "lost": refused},
        )
