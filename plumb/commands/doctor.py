"""`plumb doctor`: every part of an installation, a line each, with how to mend what is wrong."""

from collections.abc import Mapping
from dataclasses import asdict

from plumb.cli import FAILED, OK, operator_command
from plumb.doctor import alarms, aws_side, pipes, portal, redis_side, releases, settings, stripe_side
from plumb.doctor.finding import Check, Finding, Status, run
from plumb.invocation import Invocation
from plumb.output import Output
from plumb.reasons import ExpectedErrors

CHECKS: Mapping[str, Check] = {
    "settings": settings.settings,
    "releases": releases.releases,
    "secrets": settings.secrets,
    "stripe": stripe_side.api,
    "catalog": stripe_side.catalog,
    "webhook": stripe_side.webhook,
    "portal": portal.portal,
    "tables": aws_side.tables,
    "queues": aws_side.queues,
    "pipes": pipes.pipes,
    "alarms": alarms.alarms,
    "redis": redis_side.functions,
}


@operator_command("doctor")
def command(invocation: Invocation) -> int:
    """Check settings, releases, secrets, Stripe, catalog, webhook endpoint, portal, tables, queues, pipes and Redis.

    Each line is ok, warn or fail; below a warn or fail stands how to mend it. Exit code 1 when something fails.
    Keys that it writes into Redis are its own, and removed again.

    \b
    Examples:
      plumb doctor
      plumb doctor --stage prod --json | jq '.findings[] | select(.status != "ok")'
    """
    out, world = invocation.out, invocation.world
    findings: list[Finding] = []
    with out.progress("checking", len(CHECKS)) as bar:
        for name, check in CHECKS.items():
            for finding in run(name, check, world):
                findings.append(finding)
                _show(finding, out)
            bar.advance(bar.task_ids[0])
    failed = [finding for finding in findings if finding.status is Status.FAIL]
    used = _used(invocation)
    out.document(
        {"stage": invocation.site.stage, "ok": not failed, "findings": [asdict(f) for f in findings], "redis": used}
    )
    warnings = sum(finding.status is Status.WARN for finding in findings)
    out.say()
    out.say(f"{len(findings) - len(failed) - warnings} ok, {warnings} to look at, {len(failed)} failed.", "bold")
    return FAILED if failed else OK


def _show(finding: Finding, out: Output) -> None:
    out.marked(finding.status, f"{finding.check:<9} {finding.message}")
    if finding.fix:
        out.say(f"{'':<16}-> {finding.fix}")


def _used(invocation: Invocation) -> Mapping[str, object] | None:
    """What Redis is used for, shown as a line; None when it does not answer, which a finding has said already."""
    usage = None
    with ExpectedErrors(lambda _: None):
        usage = redis_side.usage(invocation.world)
    if usage is None:
        return None
    rate = "unknown" if usage.hit_rate is None else f"{usage.hit_rate:.1%} ({usage.source})"
    told = {"keys": usage.keys, "commands": usage.commands, "memory in bytes": usage.memory_bytes}
    parts = [f"{name} {'unknown' if value is None else value}" for name, value in told.items()]
    invocation.out.marked("info", f"redis     {', '.join(parts)}, hit rate {rate}.")
    return {**asdict(usage), "hit_rate": usage.hit_rate}
