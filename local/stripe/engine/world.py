"""The state that all resources share: the objects, the time, the ids, and the events that changes leave behind."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local.stripe.engine.errors import METADATA_KEYS, invalid_request, too_many_keys

API_VERSION = "2026-10-28.endive"
"""The version that stripe 16.1.0 pins (stripe/_api_version.py); the only one this stand-in speaks."""

Obj = dict[str, Any]


@dataclass(frozen=True)
class Cause:
    """The API request that causes events; both None when Stripe acts by itself."""

    id: str | None = None
    idempotency_key: str | None = None


NOBODY = Cause()


@dataclass(frozen=True)
class Outgoing:
    """One event due to one endpoint."""

    event: str
    endpoint: str


@dataclass
class World:
    """Everything there is in one Stripe account."""

    clock: Callable[[], float]
    """Unix seconds; the caller's, so that a simulation can own the time."""
    token: Callable[[int], str]
    """n random letters and digits; the caller's, for the same reason."""
    public_url: str = "http://127.0.0.1:8789"
    account: str = "acct_1PlumblineStandIn"
    offset: int = 0
    """How far the furthest test clock is ahead of `clock`. It never falls: a clock that steps back helps nobody."""
    cause: Cause = NOBODY
    outbox: list[Outgoing] = field(default_factory=list)
    _moment: int | None = None
    _kinds: dict[str, dict[str, Obj]] = field(default_factory=dict)
    _ids: dict[str, Obj] = field(default_factory=dict)
    _removed: dict[str, Obj] = field(default_factory=dict)
    hidden: dict[str, Any] = field(default_factory=dict)
    """By id, what Stripe keeps and never shows: the card behind a payment method, the secrets of an endpoint,
    the order of a session."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What an account sets in its dashboard and no API object shows."""
    followers: list[Callable[[World, str, Obj], None]] = field(default_factory=list)
    """Told of each change that makes an event, whether or not the event is made."""
    readers: list[Callable[[World, Obj], None]] = field(default_factory=list)
    """Handed each event that is made."""
    rendered: dict[tuple[str, str], Obj] = field(default_factory=dict)
    """Events in the shape of another API version, by event and version, as they were when they were made."""
    indexed: dict[str, list[tuple[int, Obj | None]]] = field(default_factory=dict)
    """What search may find later: by customer its versions, each with the account's time. None: deleted."""
    search_lag: int = 2
    """How many seconds search is behind."""
    later: list[tuple[int, str, str]] = field(default_factory=list)
    """What Stripe does by itself later: (when, what, object id), the next one first; `plan` adds to it."""
    long_lists: bool = False
    """Whether any invoice or subscription has more rows within than it shows (shown_rows.py)."""
    lose_next: int = 0
    """So many of the next events are never made: rare, but it happens, and only the objects show it then."""
    hides_deleted: bool = False
    """Whether a list by a customer that was deleted is refused (routes.Call.by_customer)."""
    duplicate_next: int = 0
    """So many of the next events are made twice, as two objects with different ids for one change:
    https://docs.stripe.com/webhooks#handle-duplicate-events"""

    # time

    def now(self) -> int:
        """The account's time in Unix seconds; within `at`, the moment that is being played."""
        return self._moment if self._moment is not None else self.account_now()

    def account_now(self) -> int:
        """The account's time, whatever moment is being played."""
        return int(self.clock()) + self.offset

    @contextmanager
    def at(self, moment: int | None) -> Iterator[None]:
        """Play a moment: everything created within carries this time. None changes nothing."""
        before, self._moment = self._moment, moment if moment is not None else self._moment
        try:
            yield
        finally:
            self._moment = before

    def plan(self, when: int, what: str, object_id: str) -> None:
        """Have something done later (scheduler.DEEDS); what was planned first comes first within a second."""
        bisect.insort(self.later, (when, what, object_id), key=lambda planned: planned[0])

    def time_of(self, customer: str | None) -> int | None:
        """The frozen time of the test clock that a customer lives on, if any."""
        owner = self.find(customer) if customer else None
        clock = self.find(owner["test_clock"]) if owner and owner.get("test_clock") else None
        return clock["frozen_time"] if clock else None

    # objects

    def id(self, prefix: str, length: int = 23) -> str:
        """Make an id in the shape of Stripe's: cus_…, but price_1… and cs_test_a1…"""
        return prefix + ("" if "_" in prefix else "_") + self.token(length)

    def add(self, obj: Obj) -> Obj:
        """Keep a new object."""
        self._kinds.setdefault(obj["object"], {})[obj["id"]] = obj
        self._ids[obj["id"]] = obj
        return obj

    def find(self, id: str) -> Obj | None:
        """Find any object by its id."""
        return self._ids.get(id)

    def get(self, kind: str, id: str) -> Obj | None:
        """Find an object of one kind."""
        return self._kinds.get(kind, {}).get(id)

    def need(self, kind: str, id: str) -> Obj:
        """Find an object that must exist, or have existed until it was deleted: else it is a defect of the engine."""
        return self._kinds[kind].get(id) or self._removed[id]

    def all(self, kind: str) -> list[Obj]:
        """All of a kind, newest first, as Stripe lists them."""
        kept = self._kinds.get(kind)
        return [*reversed(kept.values())] if kept else []

    def kinds(self) -> list[str]:
        """The kinds of objects there are."""
        return sorted(self._kinds)

    def remove(self, obj: Obj) -> Obj:
        """Let nobody find an object any more; what remains is Stripe's tombstone."""
        self._removed[obj["id"]] = self._kinds[obj["object"]].pop(obj["id"])
        self._ids.pop(obj["id"])
        return {"id": obj["id"], "object": obj["object"], "deleted": True}

    # events

    def emit(self, type: str, obj: Obj, before: Obj | None = None) -> None:
        """Record an event with a snapshot of the object, and what changed when `before` is given.

        The snapshot never changes later, and an event is made whether or not an endpoint wants it:
        https://docs.stripe.com/api/events/object
        """
        self._tell(type, obj, None if before is None else changes(before, obj))

    def emit_updated(self, type: str, obj: Obj, before: Obj) -> None:
        """Record an `*.updated` event, unless nothing changed."""
        changed = changes(before, obj)
        if changed:
            self._tell(type, obj, changed)

    def _tell(self, type: str, obj: Obj, changed: Obj | None) -> None:
        if self.lose_next > 0:
            self.lose_next -= 1
        else:
            data: Obj = {"object": obj}
            if changed is not None:
                data["previous_attributes"] = changed
            for _ in range(2 if self.duplicate_next > 0 else 1):
                self._record(type, snapshot(data))
            self.duplicate_next = max(0, self.duplicate_next - 1)
        for follow in self.followers:
            follow(self, type, obj)

    def _record(self, type: str, data: Obj) -> None:
        hooks = self.all("webhook_endpoint") + self.all("v2.core.event_destination")
        wanted = [hook for hook in hooks if wants(hook, type)]
        event = self.add(
            {
                "id": self.id("evt_1"),
                "object": "event",
                "api_version": API_VERSION,
                "created": self.now(),
                "data": data,
                "livemode": False,
                "pending_webhooks": len(wanted),
                "request": {"id": self.cause.id, "idempotency_key": self.cause.idempotency_key},
                "type": type,
            }
        )
        self.outbox.extend(Outgoing(event["id"], hook["id"]) for hook in wanted)
        for read in self.readers:
            read(self, event)


def wants(endpoint: Obj, type: str) -> bool:
    """Whether an endpoint, or a destination of snapshot events, is to get events of this type."""
    if endpoint.get("event_payload", "snapshot") != "snapshot":
        return False
    return endpoint["status"] == "enabled" and ("*" in endpoint["enabled_events"] or type in endpoint["enabled_events"])


def snapshot[T](obj: T) -> T:
    """Copy an object, or a part of one, as it is now. They are plain JSON: only its hashes and arrays are copied, which
    is more than twice as fast as through marshal, and twenty times as fast as copy.deepcopy.
    """
    copied: Any = obj
    if obj.__class__ is dict:
        copied = copied.copy()
        for key, value in copied.items():
            kind = value.__class__
            if kind is dict:
                copied[key] = snapshot(value) if value else {}
            elif kind is list:
                copied[key] = _each(value) if value else []
    elif obj.__class__ is list:
        copied = _each(copied)
    found: T = copied
    return found


def _each(array: list[Any]) -> list[Any]:
    return [snapshot(each) if each.__class__ is dict or each.__class__ is list else each for each in array]


def changes(before: Obj, after: Obj) -> Obj:
    """Tell the old values of what differs: within hashes only the members that differ, of arrays the whole array.

    https://docs.stripe.com/api/events/object#event_object-data-previous_attributes
    """
    found: Obj = {}
    for key, old in before.items():
        new = after.get(key)
        if old != new:
            found[key] = changes(old, new) if isinstance(old, dict) and isinstance(new, dict) else snapshot(old)
    found |= {key: None for key in after.keys() - before.keys() if after[key] is not None}
    return dict(sorted(found.items()))


def merge_metadata(current: dict[str, str], given: dict[str, str] | str | None) -> dict[str, str]:
    """Apply an update of metadata: keys merge, an empty value unsets its key, an empty string unsets all.

    https://docs.stripe.com/api/metadata
    """
    if given is None:
        return current
    if given == "" or isinstance(given, str):
        return {}
    merged = {key: value for key, value in {**current, **given}.items() if value != ""}
    if len(merged) > METADATA_KEYS:
        raise invalid_request(too_many_keys(len(merged)), param="metadata")
    return merged
