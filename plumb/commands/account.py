"""`plumb account`: everything that is kept of one user."""

from typing import Any

import click

from billing.adapters.dynamodb.shapes import written
from billing.domain.account import Account, Credits, credits_at
from billing.domain.ids import unix_time
from billing.domain.ledger import Entry
from billing.domain.subscription import Span, SubscriptionState
from plumb.cached import CachedAccount, read_cached
from plumb.cli import OK, operator_command
from plumb.errors import PlumbError
from plumb.invocation import Invocation
from plumb.output import Output, moment
from plumb.reasons import ExpectedErrors
from plumb.scan import user_id
from plumb.world import World


@operator_command("account")
@click.argument("user")
@click.option("--entries", default=10, show_default=True, type=click.IntRange(0, 100), help="Ledger entries to show.")
def command(invocation: Invocation, user: str, entries: int) -> int:
    """Show all that is kept of USER: access, subscriptions, credits, the newest ledger entries, open checkouts.

    Open checkouts are asked of Stripe, and cached values of Redis; when one does not answer, the rest is shown all
    the same.
    This is the one command that shows an e-mail address.

    \b
    Examples:
      plumb account alice
      plumb account alice --stage prod --entries 100 --json
    """
    world, out = invocation.world, invocation.out
    name = user_id(user)
    account = world.account_of(name)
    ledger = world.ledger.page(name, entries, None).entries if entries else ()
    checkouts, cached = _open_checkouts(world, account, out), _cached(world, account, out)
    now = world.clock.now()
    access, credits = account.access_at(world.policy, now), credits_at(account, now)
    _show(out, account, access, credits)
    _show_ledger(out, ledger)
    if checkouts:
        out.table(("open checkout", "expires"), ((c["id"], c["expires_at"]) for c in checkouts), "Open checkouts")
    out.document(
        {
            "account": _without_cards(written(account)),
            "now": {
                "level": access.level,
                "until": moment(access.until),
                "balance": credits.balance,
                "reserved": credits.reserved,
                "available": credits.available,
            },
            "ledger": [{"key": e.key, **written(e)} for e in ledger],
            "open_checkouts": checkouts,
            "cached": cached,
        }
    )
    return OK


def _without_cards(account: dict[str, Any]) -> dict[str, Any]:
    """Brand and last four of a card are kept beside a payment; no command shows them."""
    for payment in account.get("payments", ()):
        payment.pop("card", None)
    return account


def _show(out: Output, account: Account, access: Span, credits: Credits) -> None:
    customers = [*account.customers, *(f"{customer} (deleted)" for customer in account.deleted_customers)]
    level = f"{access.level}{f' until {moment(access.until)}' if access.until else ''}"
    out.facts(
        {
            "e-mail": account.email,
            "customers": ", ".join(customers) or None,
            "level": level,
            "credits": f"{credits.available} available, balance {credits.balance}",
            "version": f"{account.version}, of Stripe {account.stripe_version}",
        },
        account.user,
    )
    if account.subscriptions:
        out.table(
            ("subscription", "status", "plan", "price", "period end", "cancels"),
            ((s.id, s.status, s.plan, s.price_id, s.period_end, _cancels(s)) for s in account.subscriptions),
            "Subscriptions",
        )
    if account.lots:
        out.table(
            ("lot", ">granted", ">reversed", ">used", ">expired", ">left", "expires"),
            (
                (lot.purchase, lot.granted, lot.reversed, lot.used, lot.expired, lot.left, lot.expires_at)
                for lot in account.lots
            ),
            "Lots of credits",
        )
    if account.levels:
        out.table(
            ("level", "purchase", "paid", ">days", "ended"),
            ((grant.level, grant.purchase, grant.paid_at, grant.days, grant.ended_at) for grant in account.levels),
            "Levels bought",
        )


def _cancels(subscription: SubscriptionState) -> object:
    """When it ends: at a moment of its own (the portal sets one), or with its period."""
    return subscription.cancel_at or (subscription.cancel_at_period_end and subscription.period_end)


def _show_ledger(out: Output, ledger: tuple[Entry, ...]) -> None:
    if ledger:
        out.table(
            ("at", "kind", ">amount", ">balance", "reason", "Stripe object", "actor"),
            ((e.at, e.kind, e.amount, e.balance_after, e.reason, e.stripe_object, e.actor) for e in ledger),
            "Ledger, newest first",
        )


def _open_checkouts(world: World, account: Account, out: Output) -> list[dict[str, Any]] | None:
    """Sessions of the user's customers that can still be paid; None when Stripe does not answer."""
    with ExpectedErrors(lambda why: out.note(f"Open checkouts are not shown: {why}")):
        return [
            {
                "id": session.id,
                "mode": session.mode,
                "amount_total": session.amount_total,
                "currency": session.currency,
                "expires_at": moment(unix_time(session.expires_at, "expires_at")),
            }
            for customer in account.customers
            for session in world.stripe.v1.checkout.sessions.list(
                {"customer": customer, "status": "open", "limit": 100}
            ).auto_paging_iter()
        ]
    return None


def _cached(world: World, account: Account, out: Output) -> dict[str, Any] | None:
    try:
        cached: CachedAccount = read_cached(world.redis, world.settings.redis.prefix, account.user)
    except PlumbError as exc:
        out.note(str(exc))
        return None
    return {
        name: None if part is None else {"value": part.value, "version": part.version}
        for name, part in (("credits", cached.credits), ("level", cached.level))
    }
