"""Which level a user has: subscriptions and one-time levels together, the highest speaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from billing.domain.ids import PurchaseKey
from billing.domain.subscription import Span, SubscriptionState, access_of


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """What the installation decided: `levels` from lowest to highest (the first is everybody's), and the grace."""

    levels: tuple[str, ...]
    grace: timedelta
    trial_credits: bool = False
    """Whether a trial grants the plan's credits when it begins (money rule 12)."""


@dataclass(frozen=True, slots=True)
class LevelGrant:
    """A level that was bought once. `days` None never ends by itself; `ended_at` is when it was fully refunded."""

    purchase: PurchaseKey
    line: int
    level: str
    paid_at: datetime
    days: int | None
    ended_at: datetime | None = None


def one_time_spans(grants: Iterable[LevelGrant], now: datetime) -> list[Span]:
    """The levels that one-time purchases give at `now`, each until its chain of purchases ends.

    Purchases of one level stack in the order of payment: each begins where the one before it ends, or at its own
    payment if that is later. A refunded one ends at its refund and the next follows on from there (money rule 19).
    """
    ordered = sorted(grants, key=lambda grant: (grant.level, grant.paid_at, grant.purchase, grant.line))
    spans = [
        _chain(level, list(purchases), now) for level, purchases in groupby(ordered, key=lambda grant: grant.level)
    ]
    return [span for span in spans if span is not None]


def _chain(level: str, grants: list[LevelGrant], now: datetime) -> Span | None:
    """What one level's purchases give, one after the other.

    All of them are paid, so what reaches past `now` holds now, also while Stripe's clock is a little ahead of ours.
    """
    reach = grants[0].paid_at
    for grant in grants:
        end = _end(grant, max(reach, grant.paid_at))
        if end is None:
            return Span(level, None)
        reach = end
    return Span(level, reach) if now < reach else None


def _end(grant: LevelGrant, start: datetime) -> datetime | None:
    natural = None if grant.days is None else _days_after(start, grant.days)
    if grant.ended_at is None:
        return natural
    refunded = max(start, grant.ended_at)
    return refunded if natural is None else min(natural, refunded)


def _days_after(start: datetime, days: int) -> datetime | None:
    """The end of so many days; None when it lies beyond the calendar's year 9999: that is no end in sight."""
    try:
        return start + timedelta(days=days)
    except OverflowError:
        return None


def access_at(
    subscriptions: Iterable[SubscriptionState], grants: Iterable[LevelGrant], policy: AccessPolicy, now: datetime
) -> Span:
    """The level that speaks at `now` and when it ends; everybody has the lowest."""
    spans = [span for state in subscriptions if (span := access_of(state, policy.grace, now)) is not None]
    spans += one_time_spans(grants, now)
    spans = [span for span in spans if span.level in policy.levels]
    if not spans:
        return Span(policy.levels[0], None)
    top = max(spans, key=lambda span: policy.levels.index(span.level)).level
    ends = [span.until for span in spans if span.level == top]
    return Span(top, None if None in ends else max(end for end in ends if end is not None))
