"""`plumb restore`: what there is to do after tables were put back to an earlier moment (docs/restore.md)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import click

from billing.domain.ids import UserId
from billing.domain.ledger import Kind
from plumb.cli import FAILED, OK, Subcommands, operator_command
from plumb.errors import PlumbError
from plumb.given import moment_of
from plumb.invocation import Invocation
from plumb.options import common
from plumb.output import counted, moment
from plumb.restore.copying import copy
from plumb.restore.fresh import must_be_fresh
from plumb.restore.mending import AccountRebuilt, CustomerTakenIn, RecordsForgotten, Step, mended
from plumb.restore.orders import Found
from plumb.restore.pausing import longest, must_be_paused, pause, resume

_GONE = (
    "answers under idempotency keys of requests since: a service that sends one again has it done again",
    "reservations since: capturing one answers reservation_not_found",
    "the end of credits that were given by hand since: they have none now",
)


@click.group("restore", cls=Subcommands)
@common
def command() -> None:
    """After tables were put back to an earlier moment (docs/restore.md)."""


@operator_command("pause", command)
def stop(invocation: Invocation) -> int:
    """Stop every function that writes; the webhook goes on to queue events. Asks first.

    Says until when an invocation that had begun may still write: the next steps refuse to begin before.

    \b
    Example:
      plumb restore pause --stage prod
    """
    site = invocation.site
    at_most = longest(site)  # before it asks, since the local system is refused here
    if not invocation.confirm("Stop all functions that write?"):
        return OK
    code = _named(invocation, "stopped", pause(site))
    invocation.out.say(f"What had begun is over at {moment(invocation.world.clock.now() + at_most)}.")
    return code


@operator_command("copy", command)
@click.argument("table", type=click.Choice(["accounts", "events", "ledger"]))
@click.argument("source")
def put_back(invocation: Invocation, table: str, source: str) -> int:
    """Make the accounts, events or ledger TABLE of the installation hold what the table SOURCE holds, and nothing else.

    SOURCE is what point-in-time recovery has made. Asks first; killed anywhere, run it again.

    \b
    Example:
      plumb restore copy accounts plumbline-prod-live-accounts-0914 --stage prod
    """
    world, out = invocation.world, invocation.out
    target = str(getattr(world.settings.tables, table))
    must_be_paused(world.site, world.clock.now())
    if not invocation.confirm(f"Replace all that is in {target} by what is in {source}?"):
        return OK
    with out.progress("items") as bar:
        done = copy(world.aws("dynamodb"), source, target, world.clock, lambda n: bar.advance(bar.task_ids[0], n))
    out.say(f"{target}: {counted(done.put, 'item')} put, {done.removed} removed that {source} does not have.")
    out.document({"table": target, "source": source, "put": done.put, "removed": done.removed})
    return OK


@dataclass
class _Tally:
    """What the ledger told of the time since, and how many sessions are left for a person."""

    users: set[UserId] = field(default_factory=set)
    redone: Counter[Kind] = field(default_factory=Counter)
    back: list[UserId] = field(default_factory=list)
    """Users whose personal data was removed since, and is back."""
    left: int = 0

    def add(self, step: Step) -> None:
        match step:
            case AccountRebuilt(user, found):
                self.users.add(user)
                self.redone.update(entry.kind for entry in found.redone)
                if found.forgotten:
                    self.back.append(user)
            case Found(outcome=outcome):
                self.left += outcome not in ("WRITTEN", "ENDED")


@operator_command("mend", command)
@click.option("--since", required=True, metavar="TIME", help="The moment to which the accounts were put back.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def mend(invocation: Invocation, since: str, dry_run: bool) -> int:
    """Bring tables that were put back to different moments in line with each other and with Stripe.

    Deletes the records of events from ten minutes before on, and lets Stripe's list be read anew; does again what the
    ledger says of spends, reversals and adjustments; takes in customers and orders that Stripe alone still knows. It
    asks first, may be run again, and says what can't come back. `plumb resync --all` is the step after it.

    \b
    Example:
      plumb restore mend --since 2026-11-28T09:14:00Z --stage prod
    """
    start = _time(since)
    world, out = invocation.world, invocation.out
    if start > world.clock.now():
        raise PlumbError(f"{since} is still to come.")
    must_be_paused(world.site, world.clock.now())
    must_be_fresh(world.redis, world.settings.redis.prefix, lambda user: world.accounts.load(user, []).account.version)
    if not dry_run and not invocation.confirm(f"Mend what was put back to {moment(start)}?"):
        return OK
    if dry_run:
        out.say("A dry run: nothing is written.")
    tally = _Tally()
    with out.progress("items") as bar:

        def seen() -> None:
            bar.advance(bar.task_ids[0])

        for step in mended(world, start, invocation.actor, seen, dry=dry_run):
            _told(invocation, step)
            tally.add(step)
    _tell_what_is_gone(invocation, start, tally)
    return FAILED if tally.left else OK


@operator_command("resume", command)
def go_on(invocation: Invocation) -> int:
    """Let the functions go on. What was queued meanwhile is worked off."""
    going_on = resume(invocation.site)  # before it asks, since the local system is refused here
    if not invocation.confirm("Let the functions go on?"):
        return OK
    return _named(invocation, "goes on", going_on)


def _told(invocation: Invocation, step: Step) -> None:
    match step:
        case RecordsForgotten(count):
            said = f"{counted(count, 'record')} of events deleted; all that Stripe still lists is to be read anew."
            _step(invocation, "events", said, count=count)
        case AccountRebuilt(user, found):
            _step(
                invocation,
                "account",
                f"{user}: {counted(len(found.redone), 'entry', 'entries')} of the ledger done again, "
                f"{found.taken_back:+} for the resync to book anew.",
                user=user,
                redone=len(found.redone),
                taken_back=found.taken_back,
            )
        case CustomerTakenIn(user, customer):
            _step(invocation, "customer", f"{customer} is {user}'s.", user=user, customer=customer)
        case Found():
            whose = f" of {step.user}" if step.user is not None else ""
            _step(invocation, "session", f"{step.session}{whose}: {_said_of(step.outcome)}.", **vars(step))


def _said_of(outcome: str) -> str:
    return {"WRITTEN": "its order is written again", "ENDED": "ended, so that nobody pays it"}.get(outcome, outcome)


def _tell_what_is_gone(invocation: Invocation, since: datetime, tally: _Tally) -> None:
    """What neither a table nor Stripe knows. It is said also where there may have been nothing."""
    gone = list(_GONE)
    if not tally.redone:
        gone.insert(
            0,
            f"spends, reversals and adjustments since {moment(since)}, if there were any: the ledger has none that an "
            "account has not seen. Was it put back, too? Then users have again what they used since",
        )
    gone += [f"that personal data of {user} was removed: plumb forget {user}" for user in tally.back]
    told = ", ".join(f"{number} {kind}" for kind, number in sorted(tally.redone.items()))
    invocation.out.say(f"{counted(len(tally.users), 'account')} rebuilt{f' ({told})' if told else ''}.")
    invocation.out.say("What can't come back:")
    for text in gone:
        invocation.out.say(f"  - {text}.")
    invocation.out.line({"step": "gone", "since": moment(since), "accounts": len(tally.users), "gone": gone})


def _step(invocation: Invocation, step: str, sentence: str, **facts: object) -> None:
    invocation.out.say(sentence)
    invocation.out.line({"step": step, **facts})


def _named(invocation: Invocation, what: str, names: Iterator[str]) -> int:
    done = []
    for name in names:
        done.append(name)
        invocation.out.say(f"{name} {what}.")
    invocation.out.document({"functions": done})
    return OK


def _time(text: str) -> datetime:
    try:
        return moment_of(text)
    except ValueError:
        raise click.UsageError(f"{text!r} is no time: write 2026-11-28T09:14:00Z.") from None
