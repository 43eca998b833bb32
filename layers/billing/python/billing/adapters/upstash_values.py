"""What stands in a cached value, and the checks before one is believed.

A value names the user and the account version that it was written from (failure-modes.md S24): a value that was
moved, truncated, written by something else or by another release is no value. What people look for stands first, as
plain text, so that `GET` in any Redis tool answers `PRO …` or `500 …`; the rest follows as JSON, `version` first.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from billing.domain import ids
from billing.domain.ids import UserId

if TYPE_CHECKING:
    from billing.ports.cache import CachedEntitlement, PublishedAccount

_LEVEL: Final = re.compile(r"[A-Z][A-Z0-9_]{0,31}", re.ASCII)
_NOTHING = "-"
_OLDEST = timedelta(hours=1)
_SKEW = timedelta(minutes=1)
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))


def entitlement_text(state: PublishedAccount) -> str:
    """Return `PRO {"version":12,"user":"alice","until":"…","at":"…"}`."""
    until = state.until.isoformat() if state.until else None
    return f"{state.level} {_rest(state, until=until, at=state.at.isoformat())}"


def read_entitlement(text: object, user: UserId, now: datetime) -> CachedEntitlement | None:
    """Return the level, if the value is whole, this user's, and not older than a cached one may be.

    Its own time counts beside Redis's time to live: a value without an end, put there by anybody, must not give access
    for ever.
    """
    from billing.ports.cache import CachedEntitlement

    try:
        level, rest = _parted(text, user)
        until = rest.get("until")
        if not now - _OLDEST < ids.moment(rest.get("at"), "at") <= now + _SKEW:
            return None
        return CachedEntitlement(
            level=ids.required(level, _LEVEL, "level"),
            until=None if until is None else ids.moment(until, "until"),
            version=rest["version"],
        )
    except ids.UnfitError:
        return None


def credits_text(state: PublishedAccount) -> str:
    """Return `500 {"version":12,"user":"alice"}`; never used to authorise a spend."""
    return f"{state.balance} {_rest(state)}"


def customer_text(state: PublishedAccount) -> str:
    """Return `cus_… {"version":12,"user":"alice"}`, or `- {…}` for nobody."""
    return f"{state.customer or _NOTHING} {_rest(state)}"


def subscription_text(state: PublishedAccount) -> str:
    """Return the subscription and payment state of a customer as JSON."""
    return _rest(state, **state.subscription)


def catalog_text(document: str, until: datetime) -> str:
    """Return `2026-11-21T10:02:00+00:00 {"prices":[…]}`."""
    return f"{until.isoformat()} {document}"


def read_catalog(text: object, now: datetime) -> str | None:
    """Return the document, if it is JSON that looks like our catalog, before its own end: as of a level, Redis's time
    to live is not all that counts.
    """
    end, _, document = str(text).partition(" ")
    try:
        if not now < ids.moment(end, "until") <= now + _OLDEST:
            return None
        value = json.loads(document)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(value, dict) and isinstance(value.get("prices"), list) else None


def seconds_until(moment: datetime | None, now: datetime, most: int) -> int:
    """Return how long to keep something that ends at `moment`: at least a second, since Redis refuses less."""
    return most if moment is None else max(1, min(most, int((moment - now).total_seconds())))


def _rest(state: PublishedAccount, **more: object) -> str:
    fixed = {"version": state.version, "user": state.user}
    return _json({**fixed, **more, **fixed})  # first in the text, and last to speak


def _json(value: dict[str, object]) -> str:
    return _ENCODER.encode(value)


def _parted(text: object, user: UserId) -> tuple[str, dict[str, Any]]:
    word, space, rest = text.partition(" ") if isinstance(text, str) else ("", "", "")
    if not space:
        raise ids.UnfitError("text")
    value = _object(rest, user)
    version: object = value.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 0:
        raise ids.UnfitError("version")
    return word, value


def _object(text: object, user: UserId) -> dict[str, Any]:
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError) as exc:
        raise ids.UnfitError("json") from exc
    if not isinstance(value, dict) or value.get("user") != user:
        raise ids.UnfitError("user")
    return value
