"""What callers were told, in plain values: what the oracle adds to Stripe's truth, and what must not be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.world.sold import Sold


@dataclass
class Request:
    """One request of a machine that uses credits. It is sent under its key until it is answered.

    `answer` is what it came to: `done`, or the name of a refusal. None: nobody knows yet.
    """

    key: str
    user: str
    act: str
    given: Mapping[str, Any]
    answer: str | None = None
    entry: str | None = None
    """The key of the ledger entry that it was told of."""
    reservation: str | None = None
    under_way: int = 0
    """How many invocations are at it."""
    unknown: int = 0
    """How many invocations ended without an answer: each may have done it."""


@dataclass
class Foreign:
    """A Stripe customer that somebody else has made."""

    email: str
    hints: set[str | None]
    """Every user id that its metadata has named."""


@dataclass
class Journal:
    """What is known outside of the system under test."""

    requests: dict[str, Request] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)
    """Stripe's events that were answered 2xx and are of a kind that we handle, with their types."""
    made: dict[str, set[str]] = field(default_factory=dict)
    """By checkout, the sessions that Stripe has answered it with."""
    handed_out: dict[str, str] = field(default_factory=dict)
    """Checkout sessions whose address somebody was given, with the user."""
    wished: dict[str, Mapping[str, int]] = field(default_factory=dict)
    """What each user has last asked for at a checkout, and how many of it."""
    strange: set[str] = field(default_factory=set)
    """Events that are not for this deployment: accepted, and to be quarantined."""
    forged: set[str] = field(default_factory=set)
    """Checkout sessions that are not ours, though they say so."""
    owners: dict[str, str | None] = field(default_factory=dict)
    """Stripe customers whose metadata does not tell the truth, with the user that each belongs to."""
    foreign: dict[str, Foreign] = field(default_factory=dict)
    """Stripe customers that somebody else has made."""
    taken: dict[str, float] = field(default_factory=dict)
    """When each of these was taken over."""
    sold: Sold = field(default_factory=Sold)
    handled: list[str] = field(default_factory=list)
    """Bodies of messages that the consumer has finished."""
    lost: list[str] = field(default_factory=list)
    """Events that nobody will ever deliver: why, for each."""
    cut_short: set[str] = field(default_factory=set)
    """Functions of which an invocation died or failed."""
    entries: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    """Every ledger entry of each user, as it was written."""
