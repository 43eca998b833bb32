"""`plumb catalog`: what is for sale, and plans as code."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from billing.adapters.stripe_api.prices import price_of
from billing.domain.catalog import Gives, Price
from plumb.cli import OK, Subcommands, operator_command
from plumb.invocation import Invocation
from plumb.options import common
from plumb.output import money
from plumb.plans.account import read_account
from plumb.plans.apply import apply
from plumb.plans.changes import Change, changes
from plumb.plans.file import read_plan
from plumb.world import World


@click.group("catalog", cls=Subcommands, invoke_without_command=True)
@common
@click.option("--all", "everything", is_flag=True, help="Show archived prices too.")
@click.pass_context
def command(ctx: click.Context, everything: bool) -> int:
    """Show the prices with what they give; a broken one with the reason why it can't be sold.

    \b
    Examples:
      plumb catalog
      plumb catalog --all --json --stage prod | jq '.prices[] | select(.problem)'
      plumb catalog apply docs/examples/catalog.yaml
    """
    if ctx.invoked_subcommand is not None:
        return OK
    invocation = ctx.ensure_object(Invocation)
    out, prices = invocation.out, _prices(invocation.world, everything)
    out.table(
        ("lookup key", "price", "product", ">amount", "gives", "state"),
        ((p.lookup_key, p.id, p.product_name, _amount(p), _gives(p.gives), _state(p)) for p in prices),
    )
    out.document({"prices": [_document(price) for price in prices]})
    return OK


@operator_command("apply", command)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show the changes, and make none.")
def apply_file(invocation: Invocation, file: Path, dry_run: bool) -> int:
    """Make a Stripe account sell what FILE says: products, prices, lookup keys, metadata.

    Shows the changes first, and asks. Nothing is deleted: what the file no longer names is archived, and a price
    with another amount is a new price that takes over the lookup key. Products not made from a file are left alone.
    A second run finds nothing to do.

    \b
    Examples:
      plumb catalog apply plans.yaml --dry-run
      plumb catalog apply plans.yaml --stage prod
      plumb catalog apply plans.yaml --stage staging --yes --json
    """
    out, world = invocation.out, invocation.world
    plan = read_plan(file, world.settings.policy.levels)
    there = read_account(world.stripe)
    planned = list(changes(plan, there))
    for change in planned:
        out.marked(change.action, f"{change.kind:<7} {change.name}: {change.why}")
    answer: dict[str, Any] = {"changes": [_change(change) for change in planned], "applied": 0}
    if not planned:
        out.say("Nothing to do: the account sells what the file says.")
    elif not dry_run and invocation.confirm(f"Make these {len(planned)} changes in Stripe?"):
        with out.progress("applying", len(planned)) as bar:
            for _ in apply(world.stripe, planned, plan, there):
                answer["applied"] += 1
                bar.advance(bar.task_ids[0])
        out.say("Done. The public catalog shows it within two minutes.")
    out.document(answer)
    return OK


def _prices(world: World, everything: bool) -> Sequence[Price]:
    """Active prices as the functions read them; with archived ones the same reader, on all of Stripe's list."""
    if not everything:
        return world.catalog.active_prices()
    listed = world.stripe.v1.prices.list({"limit": 100, "expand": ["data.product"]})
    objects = [item.to_dict() for item in listed.auto_paging_iter()]
    return [price_of(item, item["product"], world.settings.policy.levels) for item in objects]


def _amount(price: Price) -> str:
    if price.unit_amount is None:
        return "-"
    every = (
        f" / {'' if price.interval_count == 1 else f'{price.interval_count} '}{price.interval}"
        if price.interval
        else ""
    )
    return f"{money(price.unit_amount, price.currency)}{every}"


def _gives(gives: Gives) -> str:
    parts = []
    if gives.credits:
        days = gives.credits_expire_days
        parts.append(f"{gives.credits} credits{f' for {days} days' if days else ''}")
    if gives.level:
        parts.append(f"{gives.level}{f' for {gives.level_days} days' if gives.level_days else ''}")
    return ", ".join(parts) or "nothing"


def _state(price: Price) -> str:
    if price.problem:
        return f"broken: {price.problem}"
    if not price.active:
        return "archived"
    if price.barred:
        return f"not sold: {price.barred}"
    return "for sale" if price.sellable else "not sold: it gives nothing"


def _document(price: Price) -> dict[str, Any]:
    gives = price.gives
    return {
        "id": price.id,
        "lookup_key": price.lookup_key,
        "product": price.product_id,
        "name": price.product_name,
        "active": price.active,
        "sellable": price.sellable,
        "currency": price.currency,
        "unit_amount": price.unit_amount,
        "interval": price.interval,
        "interval_count": price.interval_count if price.interval else None,
        "gives": {
            "credits": gives.credits,
            "credits_expire_days": gives.credits_expire_days,
            "level": gives.level,
            "level_days": gives.level_days,
            "plan": gives.plan,
            "plan_group": gives.plan_group,
        },
        "problem": price.problem or price.barred,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "action": change.action,
        "kind": change.kind,
        "name": change.name,
        "id": change.id,
        "why": change.why,
        "params": dict(change.params),
    }
