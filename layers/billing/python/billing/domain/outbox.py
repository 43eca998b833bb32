"""What the team's other services are told: the type of an event and what it says, beside what is written anyway.

A write of the account or of the ledger carries this as one more attribute, and nobody of ours sends it: EventBridge
Pipes reads the tables' streams and puts it onto the bus (docs/events.md). Pipes can neither compare two images nor
leave out what is not there, so every value is a text and each is always present; an empty one says there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from billing.domain.account import Account
from billing.domain.ids import iso_seconds
from billing.domain.ledger import Entry, Kind
from billing.domain.subscription import SubscriptionState

_TYPES: Mapping[Kind, str] = {
    Kind.PURCHASE: "credits.granted",
    Kind.RENEWAL: "credits.granted",
    Kind.REFUND: "credits.reversed",
    Kind.DISPUTE: "credits.reversed",
    Kind.REFUND_FAILED: "credits.restored",
    Kind.DISPUTE_WON: "credits.restored",
    Kind.SPEND: "credits.spent",
    Kind.SPEND_REVERSAL: "credits.returned",
    Kind.EXPIRY: "credits.expired",
    Kind.ADJUSTMENT: "credits.adjusted",
    Kind.RESTORE: "credits.adjusted",
    Kind.ACCESS: "level.changed",
}
"""The event's type by the entry's kind: who adds up the amounts of all of them has the balance."""
SUBSCRIPTION_CHANGED = "subscription.changed"
_ENDED = "ended"
_ESCAPED = frozenset('"\\')
"""What JSON escapes, of the characters that an id may have which somebody has chosen (`CHOSEN_ID`)."""


def ledger_event(entry: Entry) -> Mapping[str, str]:
    """What is told of an entry beside its own attributes."""
    access = entry.access
    return {
        "type": _TYPES[entry.kind],
        "object": entry.stripe_object or "",
        "level": access.level if access is not None else "",
        "until": _time(access.until) if access is not None else "",
    }


def subscription_event(before: Account, after: Account) -> Mapping[str, str] | None:
    """What is told of a write that changes subscriptions; None of one that changes nothing which is told.

    One write may change several: the newest is told with its state, the others by their ids in `also`.
    """
    was = {state.id: _state(state) for state in before.subscriptions}
    now = {state.id: _state(state) for state in after.subscriptions}
    created = {state.id: state.created for state in (*before.subscriptions, *after.subscriptions)}
    changed = [id for id in created if was.get(id) != now.get(id)]
    if not changed:
        return None
    first, *others = sorted(changed, key=lambda id: (id in now, created[id], id), reverse=True)
    state = now[first] if first in now else {**was[first], "status": _ENDED}
    price = "" if _ESCAPED & set(state["price"]) else state["price"]  # left out at the end: a change of it is told
    return {"type": SUBSCRIPTION_CHANGED, "subscription": first, **state, "price": price, "also": " ".join(others)}


def _state(state: SubscriptionState) -> dict[str, str]:
    # neither plan nor level: they are Stripe's metadata, in which anything may stand, and Pipes says of no escaping
    ends = state.period_end if state.cancel_at_period_end else state.cancel_at
    return {
        "status": state.status,
        "price": state.price_id,
        "quantity": str(state.quantity),
        "period_end": _time(state.period_end),
        "ends_at": _time(ends),
    }


def _time(moment: datetime | None) -> str:
    return "" if moment is None else iso_seconds(moment)
