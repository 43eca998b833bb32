"""What docs/cost.md leaves out, with the numbers that the template and other pages have of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]


def uncounted() -> Iterator[str]:
    """The section."""
    template = (_REPOSITORY / "template.yaml").read_text()
    alarms = template.count("Type: AWS::CloudWatch::Alarm\n")
    schedules = template.count("Type: ScheduleV2\n")
    secrets = len(re.findall(r"^  \w+Secret:\n    Type: String\n", template, re.MULTILINE))
    optional = len(re.findall(r'^  \w+Secret:\n    Type: String\n    Default: ""\n', template, re.MULTILINE))
    (metrics,) = re.findall(r"USD (\d+) a\s+month", (_REPOSITORY / "docs/dashboard.md").read_text())
    yield "## What is not counted"
    yield ""
    yield "This page says what a purchase adds, and not what an installation costs in a month in which nobody buys:"
    yield "that is nowhere added up. Left out are"
    yield ""
    yield "- logs, which are mostly the dearest line of all, and traces;"
    yield f"- [metrics](dashboard.md#what-the-metrics-cost), up to {metrics} USD a month, and the dashboard;"
    yield f"- the {alarms} [alarms](alarms.md), by the month and by the metrics that each watches, and their messages;"
    yield f"- {secrets - optional} to {secrets} secrets, by the month, and the reads of them when a process starts;"
    yield f"- the {schedules} schedules: what they [read of Stripe's lists and of the tables](reconcile-cost.md), and"
    yield "  their invocations, which are there without any purchase;"
    yield "- [domain events](events.md), which are paid for each, and their pipes;"
    yield "- cold starts, storage, backups, data that leaves AWS, a domain of your own, and what Upstash bills besides"
    yield "  commands."
    yield ""
