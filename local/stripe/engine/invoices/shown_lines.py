"""An invoice shows the first ten of its lines; `/v1/invoices/{id}/lines` lists all of them.

"You'll get a lines property containing the total count of line items and the first handful of those items. There is
also a URL where you can retrieve the full (paginated) list": https://docs.stripe.com/api/invoices/line_item
"""

from __future__ import annotations

from typing import Any

from local.stripe.engine.world import Obj, World

SHOWN = 10


def follow(world: World, event: Obj) -> None:
    """After an event: cut what it shows."""
    if world.long_invoices:
        cut(event["data"]["object"])


def cut(shown: Any) -> None:
    """Cut each invoice in a copy that is about to be shown, wherever it stands in it."""
    if isinstance(shown, list):
        for each in shown:
            cut(each)
    elif isinstance(shown, dict):
        lines = shown.get("lines")
        if shown.get("object") == "invoice" and isinstance(lines, dict) and len(lines["data"]) > SHOWN:
            shown["lines"] = lines | {"data": lines["data"][:SHOWN], "has_more": True}
        for each in shown.values():
            cut(each)
