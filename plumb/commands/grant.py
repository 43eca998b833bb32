"""`plumb grant`: adjustments by hand, one or a file of them."""

import uuid
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from billing.domain.ids import UserId
from billing.errors import BillingError, IdempotencyConflict
from billing.services.adjust_credits import adjust_credits, adjustment
from plumb.cli import FAILED, OK, operator_command
from plumb.grants import Grant, read_grants
from plumb.invocation import Invocation
from plumb.reasons import reason as told
from plumb.scan import user_id

_OTHER = "Its key was used for another request; nothing was changed."


class _Grant(click.Command):
    """Says of an amount below 0, which looks like an option, how credits are taken away."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See click.Command."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as exc:
            if exc.option_name.removeprefix("-").isdecimal():
                raise click.UsageError("AMOUNT is from 1 on: add --take to take credits away.", ctx) from exc
            raise


@operator_command("grant", cls=_Grant)
@click.argument("user", required=False)
@click.argument("amount", required=False, type=click.IntRange(min=1))
@click.option("--reason", help="Why; it stands in the ledger. Needed, except where a file says it.")
@click.option("--take", is_flag=True, help="Take the credits away instead.")
@click.option("--expires-days", type=click.IntRange(1, 3650), help="They expire so many days from now.")
@click.option("--key", help="Done once under this key, however often it is called.")
@click.option(
    "--csv", "file", type=click.Path(path_type=Path), help="A file: user, amount, reason [, key, expires_at]."
)
@click.option("--batch", default="", help="With --csv: a name that tells this file from one that says the same.")
@click.option("--dry-run", is_flag=True, help="With --csv: show what would be done.")
def command(
    invocation: Invocation,
    user: str | None,
    amount: int | None,
    reason: str | None,
    take: bool,
    expires_days: int | None,
    key: str | None,
    file: Path | None,
    batch: str,
    dry_run: bool,
) -> int:
    """Give USER so many credits: an ADJUSTMENT in the ledger, with who did it and why.

    With --csv for every row of a file, whose amounts may be negative. The whole file is checked first, and shown; a
    second run of it does nothing.

    \b
    Examples:
      plumb grant alice 500 --reason "sorry for the outage" --expires-days 90
      plumb grant alice 20 --take --reason "granted twice" --stage prod --actor jo
      plumb grant --csv welcome.csv --dry-run
    """
    if file is not None:
        if user is not None or take or expires_days is not None or key is not None:
            raise click.UsageError("With --csv the file says who, how much, until when (expires_at) and the key.")
        return _bulk(invocation, read_grants(file, reason, batch), dry_run)
    if user is None or amount is None:
        raise click.UsageError("Give a USER and an AMOUNT, or --csv with a file.")
    if not reason or not reason.strip():
        raise click.UsageError("Say why, with --reason: it stands in the ledger.")
    if dry_run or batch:
        raise click.UsageError("--dry-run and --batch are for --csv.")
    return _by_hand(invocation, user_id(user), -amount if take else amount, reason, expires_days, key)


def _by_hand(
    invocation: Invocation, user: UserId, amount: int, reason: str, expires_days: int | None, key: str | None
) -> int:
    """Ask, adjust, and show what is left. An amount below 0 takes credits away."""
    invocation.must_confirm(f"{'Give' if amount > 0 else 'Take'} {user} {abs(amount)} credits?")
    expires = None if expires_days is None else timedelta(days=expires_days)
    used = key or f"plumb:{uuid.uuid4()}"
    done = adjust_credits(user, amount, reason, invocation.actor, used, expires, invocation.world.credits)
    credits = done.receipt.credits
    again = " That was done before under this key; nothing was changed." if done.replayed else ""
    invocation.out.say(f"{user}: {amount:+}, balance {credits.balance}, {credits.available} available.{again}")
    invocation.out.document(
        {
            "user": user,
            "amount": amount,
            "balance": credits.balance,
            "available": credits.available,
            "entry": done.receipt.entry.key if done.receipt.entry else None,
            "key": used,
            "replayed": done.replayed,
            "actor": invocation.actor,
        }
    )
    return OK


def _bulk(invocation: Invocation, grants: list[Grant], dry_run: bool) -> int:
    out = invocation.out
    with out.progress("looking", len(grants)) as bar:
        before: dict[int, str] = {}
        for grant in grants:
            state = _before(invocation, grant)
            if state is not None:
                before[grant.row] = state
            bar.advance(bar.task_ids[0])
    left = [grant for grant in grants if grant.row not in before]
    given, taken = (sum(max(0, sign * grant.amount) for grant in left) for sign in (1, -1))
    people = len({grant.user for grant in left})
    states = Counter(before.values())
    out.say(f"{len(left)} adjustments of {people} users: {given} credits given, {taken} taken.")
    out.say(f"{states['done_before']} of the file were done before.")
    if states["conflict"]:
        out.say(f"{states['conflict']} are in conflict: their keys were used for something else.")
    if not left or dry_run or not invocation.confirm("Write them?"):
        for grant in grants:
            _line(invocation, grant, before.get(grant.row, "new"))
        return FAILED if states["conflict"] else OK
    return _write(invocation, grants, before)


def _before(invocation: Invocation, grant: Grant) -> str | None:
    """What a row's key was used for before: for what the row says, for something else, or not at all."""
    found = invocation.world.credits.credits.find(grant.user, grant.key).remembered
    if found is None:
        return None
    same = found.fingerprint == adjustment(grant.amount, grant.reason, grant.expires_at)
    return "done_before" if same else "conflict"


def _write(invocation: Invocation, grants: list[Grant], before: dict[int, str]) -> int:
    """One transaction for each row. A row that fails stops no other, and is named; the next run tries it again."""
    out, world, states = invocation.out, invocation.world, Counter[str]()
    with out.progress("granting", len(grants)) as bar:
        for grant in grants:
            more: dict[str, Any] = {}
            state = before.get(grant.row)
            if state is None:
                state, more = _row(invocation, grant)
                world.shared_cache.start_request()
            states[state] += 1
            _line(invocation, grant, state, **more)
            bar.advance(bar.task_ids[0])
    conflicts = f", {states['conflict']} in conflict" if states["conflict"] else ""
    out.say(f"{states['granted']} written, {states['done_before']} done before, {states['failed']} failed{conflicts}.")
    return FAILED if states["failed"] or states["conflict"] else OK


def _row(invocation: Invocation, grant: Grant) -> tuple[str, dict[str, Any]]:
    try:
        done = adjust_credits(
            grant.user,
            grant.amount,
            grant.reason,
            invocation.actor,
            grant.key,
            grant.expires_at,
            invocation.world.credits,
        )
    except IdempotencyConflict:
        return "conflict", {}
    except BillingError as exc:
        found = told(exc)
        return "failed", {"message": found[1] if found else exc.message}
    return "done_before" if done.replayed else "granted", {"balance": done.receipt.credits.balance}


def _line(invocation: Invocation, grant: Grant, state: str, **more: Any) -> None:
    if state == "conflict":
        more["message"] = _OTHER
    if "message" in more:
        invocation.out.note(f"row {grant.row}, {grant.user}: {more['message']}")
    invocation.out.line(
        {"row": grant.row, "user": grant.user, "amount": grant.amount, "key": grant.key, "state": state, **more}
    )
