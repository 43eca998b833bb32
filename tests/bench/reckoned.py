"""What an event costs, beside what the design reckoned with: docs/design/performance.md, "Money"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tests.bench.cost import PARTS, gb_seconds, logged, total
from tests.bench.counted import IN_A_BATCH, NOTHING_NEW, ONE_BY_ONE, Step
from tests.bench.prices import A_BATCH, COMPUTE, MILLION, READ, TAKES, WRITE
from tests.bench.record import Record

DESIGN = {"HTTP API": 1.00, "Lambda": 0.40 + 0.29, "SQS": 0.48, "DynamoDB": 3.75, "Redis": 2.00}
"""Lambda's are the webhook and the consumer. Of logs and of domain events it said nothing."""


def compared(steps: Mapping[str, Step], record: Record) -> Iterator[str]:
    """The paragraphs: a plan's events, part by part."""
    webhooks = steps["plan: webhooks"]
    ways = [steps[f"plan: {way}"] for way in (NOTHING_NEW, IN_A_BATCH, ONE_BY_ONE)]
    priced = [total((webhooks, step), record, MILLION / step.events) for step in ways]

    def each(figure: Callable[[Step], float], digits: int = 2) -> str:
        first, second, third = (f"{figure(step):.{digits}f}" for step in ways)
        return f"{first}, {second} and {third}"

    yield f"The [design](design/performance.md) expected {sum(DESIGN.values()):.2f} USD, in batches of ten."
    yield "A plan's events, part by part:"
    yield ""
    yield "| Part | Design | Nothing new | The buyer has not returned | One by one |"
    yield "| --- | --- | --- | --- | --- |"
    for part in PARTS:
        yield _row(part, DESIGN.get(part, 0.0), [usd[part] for usd in priced])
    yield _row("All", sum(DESIGN.values()), [sum(usd.values()) for usd in priced])
    yield ""
    yield "Why they differ, with figures for the last three columns from left to right:"
    yield ""
    yield f"- *Lambda*: {each(_waiting)} USD of it is waiting for Stripe, {TAKES['Stripe'] * 1000:.0f} ms for each of"
    asked = each(lambda step: step.http["Stripe"], 0)
    yield f"  {asked} requests by {webhooks.events} events. The design left no room for that."
    commands = each(lambda step: webhooks.commands / webhooks.events + step.commands / step.events)
    yield f"- *Redis*: {commands} commands for each event instead of one. The webhook looks for an event's mark, which"
    yield "  saves everything after it when Stripe delivers twice; the consumer sets it, and publishes once a batch."
    written, reckoned = each(lambda step: step.write_units / step.events), DESIGN["DynamoDB"] / WRITE.of(MILLION)
    yield f"- *DynamoDB*: {written} write units for each event instead of {reckoned:.0f}. The events of a batch"
    yield f"  share one transaction; one by one they share nothing. Reads are {each(_reading)} USD of it."
    shared = each(lambda step: step.events / step.invocations, 0)
    yield f"- *SQS*: the {A_BATCH} requests for a batch are shared by {shared} events instead of ten."
    lines = each(lambda step: logged(webhooks) / webhooks.events + logged(step) / step.events, 0)
    yield f"- *Logs*: {lines} bytes for each event, from both functions, with the metrics and Lambda's own lines, and"
    yield "  from the gateway. The design left them out, and domain events as well."
    yield ""


def _waiting(step: Step) -> float:
    return COMPUTE.of(gb_seconds(step.http["Stripe"] * TAKES["Stripe"] * 1000)) * MILLION / step.events


def _reading(step: Step) -> float:
    return READ.of(step.read_units) * MILLION / step.events


def _row(part: str, design: float, found: list[float]) -> str:
    return f"| {part} | {design:.2f} | {' | '.join(f'{usd:.2f}' for usd in found)} |"
