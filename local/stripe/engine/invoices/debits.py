"""What has been billed for each subscription item, so that a later change can credit exactly that."""

from __future__ import annotations

from dataclasses import replace

from local.stripe.engine.subscriptions.proration import Debit, after_credit
from local.stripe.engine.world import Obj, World

KEPT = "/debits"
"""Kept hidden under the item's id with this ending."""


def of(world: World, item: str) -> list[Debit]:
    """The debits of an item, as far as they have not been credited."""
    found: list[Debit] = world.hidden.get(item + KEPT, [])
    return found


def add(world: World, item: str, debit: Debit) -> None:
    """Remember what was billed."""
    world.hidden[item + KEPT] = [*of(world, item), debit]


def take_back(world: World, item: str, moment: int) -> None:
    """Remember that everything from a moment on has been credited."""
    world.hidden[item + KEPT] = after_credit(of(world, item), moment)


def note(world: World, invoice: Obj) -> None:
    """Remember what an invoice bills: its periods as debits, its pending items as invoiced.

    What a trial gives away is not billed, so there is nothing to credit.
    """
    for line in invoice["lines"]["data"]:
        details = line["parent"]["subscription_item_details"] if line["parent"] else None
        pending = (details or line["parent"]["invoice_item_details"])["invoice_item"] if line["parent"] else None
        entry = world.find(pending) if pending else None
        if entry is not None:
            entry["invoice"] = invoice["id"]
        if details is None:
            continue
        if pending is not None:
            _invoiced(world, details["subscription_item"], pending, invoice["id"], line["id"])
        elif line["amount"] > 0:
            add(world, details["subscription_item"], _debit(line, invoice["id"]))


def forget(world: World, invoice: Obj) -> None:
    """What a void invoice had billed is not billed any more."""
    for line in invoice["lines"]["data"]:
        details = line["parent"]["subscription_item_details"] if line["parent"] else None
        if details is not None:
            item = details["subscription_item"]
            world.hidden[item + KEPT] = [each for each in of(world, item) if each.invoice != invoice["id"]]


def _debit(line: Obj, invoice: str) -> Debit:
    return Debit(
        amount=line["amount"] - sum(each["amount"] for each in line["discount_amounts"]),
        start=line["period"]["start"],
        end=line["period"]["end"],
        price=line["pricing"]["price_details"]["price"],
        quantity=line["quantity"],
        invoice=invoice,
        line=line["id"],
    )


def _invoiced(world: World, item: str, invoice_item: str, invoice: str, line: str) -> None:
    world.hidden[item + KEPT] = [
        replace(debit, invoice=invoice, line=line) if debit.invoice_item == invoice_item else debit
        for debit in of(world, item)
    ]
