"""A list within an object shows its first ten rows and says `has_more`; an address of its own lists all of them.

Of an invoice's lines: "You'll get a lines property containing the total count of line items and the first handful of
those items. There is also a URL where you can retrieve the full (paginated) list":
https://docs.stripe.com/api/invoices/line_item . A subscription's items have such a list as well
(https://docs.stripe.com/api/subscription_items/list); how many of them it shows is not documented, so it is as many as
a list brings that is asked for without a limit.
"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.world import Obj, World

SHOWN = 10
_CUT = (("invoice", "lines"), ("subscription", "items"))
"""Objects, each with its list that may be longer. The others are cut where they are made."""


def note(world: World, rows: list[Obj]) -> None:
    """Remember that something is to be cut: looking for it in every answer would be slow."""
    world.long_lists |= len(rows) > SHOWN


def follow(world: World, event: Obj) -> None:
    """After an event: cut what it shows."""
    if world.long_lists:
        cut(event["data"]["object"])


def cut(shown: Any) -> None:
    """Cut each long list in a copy that is about to be shown, wherever it stands in it."""
    if isinstance(shown, list):
        for each in shown:
            cut(each)
    elif isinstance(shown, dict):
        for kind, name in _CUT:
            rows = shown.get(name) if shown.get("object") == kind else None
            if isinstance(rows, dict) and len(rows["data"]) > SHOWN:
                shown[name] = rows | {"data": rows["data"][:SHOWN], "has_more": True}
        for each in shown.values():
            cut(each)
