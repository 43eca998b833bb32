"""USD of a month in which nobody buys: what is billed because it is there, and what runs anyway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.bench import deployed
from tests.bench.cost import PARTS, usd
from tests.bench.counted import Step
from tests.bench.idle import JOBS, NAMED
from tests.bench.prices import ALARM, DASHBOARD, IDLE, METRIC, QUEUE, SCHEDULER, SECRET, TRACE
from tests.bench.record import Record

MOST_METRICS = 150
"""With purchases, refunds, and ten types of events (docs/dashboard.md, "What the metrics cost")."""

_REST = """\
The schedules' runs were counted in a system without accounts; what they [read from Stripe's lists](reconcile-cost.md)
grows with the shop. With purchases, however many, there are up to {most} metrics, for {metrics:.0f} USD a month.

## What is not counted

- traces: {traces:.0f} USD for a million. Lambda traces the first request of each second and 5 % of the others, so it
  traces every one if there is no more than one a second;
- what [pipes read from the tables' streams](events.md), if AWS bills it;
- the storage of logs, tables and backups, and data that leaves AWS;
- cold starts, with the secrets that they read; the alarms' messages; a domain of your own;
- what Upstash bills besides commands.
"""


def month(steps: Mapping[str, Step], record: Record) -> Iterator[str]:
    """The section."""
    alarms, watched = deployed.alarms()
    least, most = deployed.secrets()
    told = {name for job in JOBS for name in steps[f"{NAMED}{job}"].metrics}
    runs = sum(times for _, times in JOBS.values())
    fixed = (
        (f"{alarms} [alarms](alarms.md), which watch {watched} metrics", ALARM.of(watched)),
        (f"{deployed.dashboards()} [dashboard](dashboard.md)", DASHBOARD.of(1)),
        (f"{least} secrets; {most} if functions have Stripe keys of their own", SECRET.of(least)),
        (f"at most {len(told)} metrics that schedules write", METRIC.of(len(told))),
        (f"{IDLE:,} looks into an empty queue", QUEUE.of(IDLE)),
        (f"{runs:,} runs of schedules: the scheduler", SCHEDULER.of(runs)),
        *_runs(steps, record),
    )
    yield "## USD for a month in which nobody buys"
    yield ""
    yield "A month of 30 days, in an account whose free tier is already used up by others."
    yield ""
    yield "| What | USD |"
    yield "| --- | --- |"
    for what, each in fixed:
        yield f"| {what} | {each:.2f} |"
    yield f"| All | {sum(each for _, each in fixed):.2f} |"
    yield ""
    yield _REST.format(most=MOST_METRICS, metrics=METRIC.of(MOST_METRICS), traces=TRACE.of(1_000_000))


def _runs(steps: Mapping[str, Step], record: Record) -> Iterator[tuple[str, float]]:
    """The same runs by what they use."""
    each = [(times, usd(steps[f"{NAMED}{job}"], record)) for job, (_, times) in JOBS.items()]
    for part in PARTS:
        found = sum(times * priced[part] for times, priced in each)
        if found:
            yield f"the same runs: {part}", found
