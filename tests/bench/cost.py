"""USD, made of counts, of prices, and of the processor time that was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil

from tests.bench.counted import Step
from tests.bench.deployed import OF_A_RUN, memory_mb, of_a_request
from tests.bench.prices import (
    A_BATCH,
    COMPUTE,
    EVENT,
    GATEWAY,
    INVOCATION,
    LOGS,
    PIPE,
    QUEUE,
    READ,
    REDIS,
    TAKES,
    WHOLE_CORE,
    WRITE,
)
from tests.bench.record import Record
from tests.bench.subjects import OURS

PARTS = ("HTTP API", "Lambda", "SQS", "DynamoDB", "Redis", "Logs", "Domain events")
_BY_ITSELF = ("catch_up", "event_consumer", "reconcile")
"""Functions that no request of the API starts."""

Usd = Mapping[str, float]


def usd(step: Step, record: Record) -> Usd:
    """What a step costs, part by part."""
    requests = 0 if step.function in _BY_ITSELF else step.invocations
    batches = step.invocations if step.function == "event_consumer" else 0
    return {
        "HTTP API": GATEWAY.of(requests),
        "Lambda": INVOCATION.of(step.invocations) + COMPUTE.of(step.invocations * gb_seconds(billed_ms(step, record))),
        "SQS": QUEUE.of(step.http.get("SQS", 0) + A_BATCH * batches),
        "DynamoDB": WRITE.of(step.write_units) + READ.of(step.read_units),
        "Redis": REDIS.of(step.commands),
        "Logs": LOGS.of(logged(step) + requests * of_a_request()),
        "Domain events": PIPE.of(step.told) + EVENT.of(step.told),
    }


def billed_ms(step: Step, record: Record) -> int:
    """Milliseconds that Lambda bills for an invocation: our share of a core makes the processor's time longer, and what
    is waited for takes as long with any. https://aws.amazon.com/lambda/pricing/: rounded up to the millisecond.
    """
    processor = record.start(step.function, OURS).again.median * max(1.0, WHOLE_CORE / memory_mb())
    waited = sum(TAKES[service] * times for service, times in step.http.items()) * 1000 / step.invocations
    return ceil(processor + waited)


def gb_seconds(milliseconds: float) -> float:
    """Of a function as large as ours are."""
    return memory_mb() / 1024 * milliseconds / 1000


def logged(step: Step) -> int:
    """Bytes in the functions' log groups: their own lines, and Lambda's."""
    return step.logged + step.invocations * OF_A_RUN


def total(steps: Iterable[Step], record: Record, times: float) -> Usd:
    """Of all these steps, so many times."""
    found = [usd(step, record) for step in steps]
    return {part: times * sum(each[part] for each in found) for part in PARTS}
