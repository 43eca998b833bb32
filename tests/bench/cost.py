"""USD, made of counts, of prices, and of the processor time that was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.bench.counted import Step
from tests.bench.prices import A_BATCH, COMPUTE, GATEWAY, INVOCATION, QUEUE, READ, REDIS, TAKES, WRITE
from tests.bench.record import Record
from tests.bench.subjects import OURS

PARTS = ("HTTP API", "Lambda", "SQS", "DynamoDB", "Redis")
_QUEUED = "event_consumer"
MEMORY = 1.0
"""GB (template.yaml)."""

Usd = Mapping[str, float]


def usd(step: Step, record: Record) -> Usd:
    """What a step costs, part by part."""
    queued = step.function == _QUEUED
    processor = record.start(step.function, OURS).again.median / 1000
    seconds = step.invocations * processor + sum(TAKES[service] * times for service, times in step.http.items())
    return {
        "HTTP API": GATEWAY.of(0 if queued else step.invocations),
        "Lambda": INVOCATION.of(step.invocations) + COMPUTE.of(seconds * MEMORY),
        "SQS": QUEUE.of(step.http.get("SQS", 0) + (A_BATCH * step.invocations if queued else 0)),
        "DynamoDB": WRITE.of(step.write_units) + READ.of(step.read_units),
        "Redis": REDIS.of(step.commands),
    }


def total(steps: Iterable[Step], record: Record, times: float) -> Usd:
    """Of all these steps, so many times."""
    found = [usd(step, record) for step in steps]
    return {part: times * sum(each[part] for each in found) for part in PARTS}
