"""What can be made to go wrong: counters that deliveries and API requests use up."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass
class Faults:
    """All off. Set through POST /_control/faults; every counter counts down as it strikes."""

    duplicate: int = 0
    """so many deliveries are made twice, with the same event id"""
    duplicate_events: int = 0
    """so many events are made as two event objects for one change"""
    lose_events: int = 0
    """so many events are never made at all: the Events API does not know them either"""
    drop: int = 0
    """so many events are never delivered, nor retried"""
    delay_seconds: float = 0.0
    """every delivery waits so long first"""
    reorder: bool = False
    """deliveries of one burst go out last first, one after another"""
    hide_deleted: bool = False
    """lists of what a deleted customer has are refused, as are those of one that never was"""
    fail: int = 0
    """so many API requests fail"""
    status: int = 500
    """how they fail: 500, 502, 503, 429, or 0 for a hang"""
    fail_late: bool = False
    """whether those that fail with 500 or more have had their effect"""
    hang_seconds: float = 60.0
    """how long a hanging API request takes before it is cut off"""
    hold: int = 0
    """so many API requests with an idempotency key are answered late: another one with that key gets 409 meanwhile"""
    hold_seconds: float = 1.0
    """how late"""

    def change(self, given: dict[str, Any]) -> None:
        """Take over what is given; raise ValueError for an unknown name or a wrong type."""
        known = {field.name: field for field in fields(self)}
        for name, value in given.items():
            if name not in known:
                raise ValueError(f"unknown fault {name}; known: {', '.join(sorted(known))}")
            current = getattr(self, name)
            kind = type(current)
            if isinstance(value, bool) != isinstance(current, bool) or not isinstance(value, int | float):
                raise ValueError(f"{name} must be of type {kind.__name__}")
            setattr(self, name, kind(value))

    def take(self, name: str) -> bool:
        """Use one up, if there is one left."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0
