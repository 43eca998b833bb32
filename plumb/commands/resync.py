"""`plumb resync`: make accounts match Stripe in all that they ever bought."""

from datetime import timedelta
from typing import Any

import click

from billing.domain.ids import UserId
from billing.errors import BillingError, Permanent
from billing.services.resync import Resynced, resync
from plumb.cached import forget_cache
from plumb.cli import FAILED, OK, operator_command
from plumb.errors import PlumbError
from plumb.invocation import Invocation
from plumb.output import counted
from plumb.reasons import reason
from plumb.scan import user_id, users

_PATIENCE = timedelta(days=1)
"""For one account: thousands of payments are read one after the other, and each of Stripe's answers takes its time. A
second run would begin where the first one did, so this one reads to the end.
"""

_PAUSE_SECONDS = 1.0
"""After an account for which Stripe or DynamoDB asked to be asked later."""


@operator_command("resync")
@click.argument("user", required=False)
@click.option("--all", "everybody", is_flag=True, help="Every account: after a restore, or when events were lost.")
def command(invocation: Invocation, user: str | None, everybody: bool) -> int:
    """Read all that USER ever bought at Stripe, with refunds and disputes, and bring the account in line.

    The same converge as after a webhook: a second run changes nothing. With --all a failing account stops no other, and
    is named; the exit code is then 1. With --json a line for each account.

    \b
    Examples:
      plumb resync alice
      plumb resync --all --stage prod --yes
    """
    if (user is None) == (not everybody):
        raise click.UsageError("Give a USER, or --all.")
    invocation.must_confirm("Resync every account?" if everybody else f"Resync {user}?")
    world = invocation.world
    if user is not None:
        name = user_id(user)
        account = world.account_of(name)
        _forget(invocation, name, (*account.customers, *account.deleted_customers))
        return FAILED if tell(invocation, name, _one(invocation, name)) else OK
    failed = done = 0
    with invocation.out.progress("accounts") as bar:
        for name in users(world.dynamodb, world.settings.tables.accounts):
            try:
                failed += tell(invocation, name, _one(invocation, name), quiet=True)
            except BillingError as exc:
                told = reason(exc)
                failed += 1
                invocation.out.note(f"{name}: {told[1] if told else exc.message}")
                invocation.out.line({"user": name, "ok": False, "error": exc.code})
                if not isinstance(exc, Permanent):
                    world.clock.sleep(_PAUSE_SECONDS)
            done += 1
            bar.advance(bar.task_ids[0])
    invocation.out.say(summary(done, failed))
    return FAILED if failed else OK


def _forget(invocation: Invocation, user: UserId, customers: tuple[str, ...]) -> None:
    """Have the resync's own publish taken: the cache keeps a value of the same or a later version, be it a wrong one.

    Before the account is read: whatever is published since then is no older than what is read.
    """
    try:
        forget_cache(invocation.world, user, customers)
    except PlumbError as exc:
        invocation.out.note(str(exc))


def _one(invocation: Invocation, user: UserId) -> Resynced:
    world = invocation.world
    world.shared_cache.start_request()
    deadline = world.clock.now() + _PATIENCE
    return resync(user, world.converge, world.shared_cache, deadline, actor=invocation.actor)


def summary(done: int, failed: int) -> str:
    """The last line of --all. Whole is an account of which all was read, and brought in line."""
    if done == 0:
        return "There is no account yet."
    if done == 1:
        verdict = "and it is not whole (standard error says why)" if failed else "and it is whole"
    else:
        verdict = f"{failed} of them not whole (standard error says which, and why)" if failed else "all whole"
    return f"{counted(done, 'account')} looked at, {verdict}."


def tell(invocation: Invocation, user: UserId, result: Resynced, *, quiet: bool = False) -> bool:
    """Tell of one account; whether something of it could not be looked at. `quiet` leaves out what did not change."""
    out = invocation.out
    document: dict[str, Any] = {
        "user": user,
        "ok": result.whole and not result.failed,
        "payments": result.payments,
        "entries": [{"kind": e.kind, "amount": e.amount, "stripe_object": e.stripe_object} for e in result.entries],
        "balance": result.account.balance,
        "failed": list(result.failed),
        "whole": result.whole,
    }
    out.line(document)
    if result.entries or not quiet:
        read = counted(result.payments, "checkout session or invoice", "checkout sessions and invoices")
        written = counted(len(result.entries), "ledger entry", "ledger entries")
        out.say(f"{user}: {read} looked at, {written} written, balance {result.account.balance}.")
    for entry in result.entries:
        out.say(f"  {entry.kind} {entry.amount:+} {entry.stripe_object or ''}".rstrip())
    for failed in result.failed:
        out.note(f"{user}: {failed} can't be read; the rest was brought up to date.")
    if not result.whole:
        out.note(f"{user}: there is more than was looked at.")
    return not document["ok"]
