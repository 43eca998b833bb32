"""Lists: newest first, in pages by cursor. https://docs.stripe.com/api/pagination"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local.stripe.engine.errors import invalid_request, missing
from local.stripe.engine.world import Obj


def list_object(data: list[Obj], url: str, has_more: bool = False) -> Obj:
    """Wrap objects as Stripe wraps a list."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def page(items: Sequence[Obj], params: Mapping[str, Any], url: str, noun: str) -> Obj:
    """Cut the page out of `items` (newest first) that limit, starting_after and ending_before ask for.

    It holds the objects themselves: a route's answer is copied as a whole before anybody sees it.
    """
    limit = params.get("limit", 10)
    if limit > 100:
        raise invalid_request(
            "Invalid integer: must be less than or equal to 100", param="limit", code="parameter_invalid_integer"
        )
    if limit < 1:
        raise invalid_request(
            "This value must be greater than or equal to 1.", param="limit", code="parameter_invalid_integer"
        )
    after, before = params.get("starting_after"), params.get("ending_before")
    if after is not None and before is not None:
        raise invalid_request("You cannot use `starting_after` and `ending_before` in the same request.")
    ids = [item["id"] for item in items]
    if before is not None:
        end = _position(ids, before, "ending_before", noun)
        start = max(0, end - limit)
        return list_object([*items[start:end]], url, has_more=start > 0)
    start = 0 if after is None else _position(ids, after, "starting_after", noun) + 1
    return list_object([*items[start : start + limit]], url, has_more=start + limit < len(items))


def _position(ids: list[str], cursor: str, param: str, noun: str) -> int:
    if cursor not in ids:
        raise missing(noun, cursor, param=param)
    return ids.index(cursor)


def created_within(items: Sequence[Obj], created: int | Mapping[str, int] | None) -> list[Obj]:
    """Keep what was created at a time, or within gt/gte/lt/lte."""
    if created is None:
        return list(items)
    if isinstance(created, int):
        return [item for item in items if item["created"] == created]
    low = max(created.get("gte", 0), created.get("gt", -1) + 1)
    return [
        item
        for item in items
        if low <= item["created"]
        and ("lt" not in created or item["created"] < created["lt"])
        and ("lte" not in created or item["created"] <= created["lte"])
    ]


def matching(items: Sequence[Obj], params: Mapping[str, Any], *names: str) -> list[Obj]:
    """Keep what equals each of the named parameters that are given."""
    given = {name: params[name] for name in names if name in params}
    return [item for item in items if all(item.get(name) == value for name, value in given.items())]
