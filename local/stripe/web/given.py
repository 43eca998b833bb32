"""Reading the JSON of a control request."""

from __future__ import annotations

import json
from typing import Any

from local.stripe.engine.errors import missing
from local.stripe.engine.world import Obj, World

Given = dict[str, Any]


class BadRequest(ValueError):
    """The control request itself is wrong."""


def read(body: bytes) -> Given:
    """Read a JSON object; nothing at all is an empty one."""
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON") from None
    if not isinstance(given, dict):
        raise BadRequest("the body is not a JSON object")
    return given


def only(given: Given, *names: str) -> None:
    """Refuse names that a deed does not know, and an amount that is none."""
    unknown = sorted(given.keys() - set(names))
    if unknown:
        raise BadRequest(f"unknown: {', '.join(unknown)}; known: {', '.join(names)}")
    amount = given.get("amount", 0)
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise BadRequest("amount is an integer in minor units")


def need(world: World, kind: str, object_id: object) -> Obj:
    """The object, or Stripe's 404."""
    found = world.get(kind, str(object_id))
    if found is None:
        raise missing(kind, str(object_id), param=kind, in_path=True)
    return found
