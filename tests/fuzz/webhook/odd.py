"""Events of Stripe's in which members have values that Stripe would never give them."""

from __future__ import annotations

import json
from copy import deepcopy
from itertools import islice
from typing import Any

from tests.fakes.webhook_edge import FIXTURES

EVENTS = tuple(json.loads(path.read_text()) for path in sorted(FIXTURES.glob("*.json")))
CHANGES = 8
"""At most, in one event."""
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    "",
    " ",
    "x" * 5000,
    "é\ud800\x00\n",
    "evt_1",
    "cus_other",
    "../../x",
    "1e400",
    [],
    {},
    [[[]]],
    [None],
    {"id": "cs_test_other"},
    {"id": None},
    {"object": "customer", "id": "cus_1"},
    {"data": [{}], "has_more": True},
    "v1.checkout.session.completed",
    "checkout.session.completed",
    "customer.deleted",
    "2026-11-21T10:00:00Z",
)


def odd_event(data: bytes) -> bytes:
    """Read bytes as: which event, then pairs of which member and its new value, or none at all."""
    event = json.loads(json.dumps(EVENTS[data[0] % len(EVENTS)] if data else EVENTS[0]))
    for place, value in islice(zip(data[1::2], data[2::2], strict=False), CHANGES):
        members = _members(event)
        holder, name = members[place % len(members)]
        if value % (len(VALUES) + 1) == len(VALUES):
            del holder[name]
        else:
            holder[name] = deepcopy(VALUES[value % (len(VALUES) + 1)])
        if not event:
            break
    return json.dumps(event).encode()


def _members(node: Any) -> list[tuple[Any, Any]]:
    """Every member of every object and list within, the outer ones first."""
    found: list[tuple[Any, Any]] = []
    waiting = [node]
    while waiting:
        holder = waiting.pop(0)
        pairs = list(holder.items()) if isinstance(holder, dict) else list(enumerate(holder))
        found += [(holder, name) for name, _ in pairs]
        waiting += [value for _, value in pairs if isinstance(value, dict | list)]
    return found
