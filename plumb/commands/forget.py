"""`plumb forget`: personal data removed, the ledger kept."""

import click

from billing.domain.subscription import LIVE
from plumb.cached import forget_cache
from plumb.cli import OK, operator_command
from plumb.errors import PlumbError
from plumb.invocation import Invocation
from plumb.personal import forget_account, forget_customer, forget_items
from plumb.scan import user_id

_LEFT = (
    "the user id, in the ledger, purchases and orders: the books must stay",
    "at Stripe: invoices, receipts, charges and events; Stripe's own data redaction is in its dashboard",
    "brand and last four of a card, which come back here when Stripe is asked for the payment again",
    "your issuer's user, the logs until they expire, and backups of the tables for 35 days",
)


@operator_command("forget")
@click.argument("user")
@click.option(
    "--stripe", "at_stripe", is_flag=True, help="Also empty the user's customers at Stripe, and our metadata."
)
def command(invocation: Invocation, user: str, at_stripe: bool) -> int:
    """Remove the personal data of USER: e-mail addresses and cards. The ledger is kept, and says who did it.

    Asks first. Says what is left, and where.

    \b
    Examples:
      plumb forget alice
      plumb forget alice --stripe --stage prod --actor jo
    """
    world, out, name = invocation.world, invocation.out, user_id(user)
    account = world.account_of(name)
    live = [state.id for state in account.subscriptions if state.status in LIVE]
    if at_stripe and live:
        raise PlumbError(
            f"{name} still has the subscription {live[0]}: cancel it first, its receipts need the address."
        )
    where = "here and at Stripe" if at_stripe else "here"
    answer = {"user": name, "done": False, "account": False, "items": 0, "stripe": [], "left": list(_LEFT)}
    if not invocation.confirm(f"Remove the personal data of {name}, {where}? It can't be brought back."):
        out.document(answer)
        return OK
    customers = (*account.customers, *account.deleted_customers)
    emptied: list[str] = []
    with out.progress("items") as bar:
        if at_stripe:  # first: what reads Stripe afterwards finds nothing to bring back
            for customer in account.customers:
                emptied += forget_customer(world.stripe, customer)
        had = forget_account(world, name, invocation.actor)
        changed = forget_items(world, name, lambda: bar.advance(bar.task_ids[0]))
    forget_cache(world, name, customers)
    out.say(
        f"Removed from: the account ({'done' if had else 'nothing was there'}), orders and purchases ({changed}), "
        f"objects at Stripe ({len(emptied)})."
    )
    out.say("Left:")
    for left in _LEFT:
        out.say(f"  - {left}")
    out.document({**answer, "done": True, "account": had, "items": changed, "stripe": emptied})
    return OK
