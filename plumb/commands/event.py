"""`plumb event`: what became of one event; `plumb event sign`: one as the webhook's function gets it, signed now."""

from typing import Any

import click

from billing.domain.ids import NOTICE_ID, EventId
from billing.domain.records import EventRecord
from plumb.cli import FAILED, OK, Subcommands, operator_command
from plumb.commands.sign_event import sign
from plumb.invocation import Invocation
from plumb.options import common
from plumb.output import Output, moment
from plumb.reasons import ExpectedErrors
from plumb.world import World

_NEXT = {
    "PARKED": "Its customer has no owner yet; once there is one it is applied by itself. By hand: plumb replay",
    "QUARANTINED": "It waits for a person: mend what the reason says, then plumb replay",
}


class _IdOrCommand(Subcommands):
    """A group that takes an event's id as well where a command's name would stand: none begins with evt_."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See click.Group."""
        if args and args[0] not in self.commands:
            return "show", show, args
        return super().resolve_command(ctx, args)


@click.group("event", cls=_IdOrCommand, subcommand_metavar="ID | show ID | sign WHAT")
@common
def command() -> None:
    """Show what became of one event, and sign one anew.

    \b
    Examples:
      plumb event evt_1QX2
      plumb event sign events/webhook/unsigned.json | sam local invoke WebhookFunction -e -
    """


@operator_command("show", command)
@click.argument("id")
def show(invocation: Invocation, id: str) -> int:
    """Show what became of the event ID: outcome, reason and when; and what Stripe says of it.

    The two views are independent: Stripe keeps events for 30 days, the record stays for 90, a parked one until it is
    applied. Exits 1 when neither knows it.

    \b
    Examples:
      plumb event evt_1QX2
      plumb event evt_1QX2 --stage prod --json
    """
    if NOTICE_ID.fullmatch(id) is None:
        raise click.UsageError(f"{id} is no event id: they begin with evt_.")
    world, out = invocation.world, invocation.out
    record = world.events.records([EventId(id)]).get(EventId(id))
    stripe = _at_stripe(world, id, out)
    if record is not None:
        out.facts(_facts(record), f"{id} {record.type}")
        if record.outcome in _NEXT:
            out.say(f"  -> {_NEXT[record.outcome]} {id}")
    else:
        out.say(f"{id} is not recorded here: it was not handled, or not yet, or more than 90 days ago.")
    if stripe:
        out.facts(stripe, "\nAt Stripe")
    out.document({"id": id, "record": _document(record), "stripe": stripe})
    return OK if record is not None or stripe else FAILED


command.add_command(sign)


def _facts(record: EventRecord) -> dict[str, object]:
    return {
        "outcome": record.outcome,
        "reason": record.reason,
        "recorded": record.recorded_at,
        "created": record.created,
        "customer": record.customer,
    }


def _document(record: EventRecord | None) -> dict[str, object] | None:
    """Without the stored message: it holds ids only, but its shape is the queue's own affair."""
    if record is None:
        return None
    facts = {"type": record.type, "recorded_at": moment(record.recorded_at), "created": moment(record.created)}
    return {**facts, "outcome": record.outcome, "reason": record.reason, "customer": record.customer}


def _at_stripe(world: World, event: str, out: Output) -> dict[str, Any] | None:
    """Stripe's own view, never the payload; None when it has none, or does not answer."""
    with ExpectedErrors(lambda why: out.note(f"Stripe's view is not shown: {why}")):
        found = world.event_at_stripe(event)
        if found is None:
            return None
        return {
            "type": found["type"],
            "object": found["data"]["object"].get("id"),
            "api_version": found["api_version"],
            "livemode": found["livemode"],
            "pending_webhooks": found["pending_webhooks"],
        }
    return None
