"""Which level a user has, by Stripe's subscriptions and by what was bought once (money.md 19, 21)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.simulation.oracle.payments import DAY, Bought

type Span = tuple[str, int | None]
"""A level, and until when; None has no end in sight."""


def one_time(bought: Iterable[Bought], now: int) -> list[Span]:
    """Levels that were bought once stack by the time of payment; one that was refunded ends then."""
    spans: list[Span] = []
    of_level: dict[str, list[Bought]] = {}
    for each in bought:
        if each.level is not None:
            of_level.setdefault(each.level, []).append(each)
    for level, grants in of_level.items():
        reach: int | None = 0
        for grant in sorted(grants, key=lambda each: (each.paid_at, each.key, each.line)):
            start = max(reach or 0, grant.paid_at)
            reach = None if grant.days is None else start + grant.days * DAY
            ended = grant.ended_at
            if ended is not None:
                ended = max(start, ended)
                reach = ended if reach is None else min(reach, ended)
            if reach is None:
                break
        if reach is None or reach > now:
            spans.append((level, reach))
    return spans


def of_subscription(
    subscription: Mapping[str, Any],
    invoices: Iterable[Mapping[str, Any]],
    ranks: tuple[str, ...],
    grace: int,
    now: int,
) -> Span | None:
    """What one subscription gives now: the highest level of what there is some of."""
    item = _speaking(subscription, ranks)
    if item is None:
        return None
    level, status = item["price"]["metadata"]["entitlement_level"], subscription["status"]
    if status == "active":
        return level, None
    if status == "trialing":
        return (level, subscription["trial_end"]) if now < subscription["trial_end"] else None
    if status == "past_due":
        paid = paid_through(subscription, item, invoices)
        return (level, paid + grace) if paid is not None and now < paid + grace else None
    return None


def _speaking(subscription: Mapping[str, Any], ranks: tuple[str, ...]) -> Mapping[str, Any] | None:
    """The item that gives the level; of equals, that of the last price."""
    found = [item for item in subscription["items"]["data"] if item["quantity"] and _level(item) in ranks]
    return max(found, key=lambda item: (ranks.index(_level(item)), item["price"]["id"]), default=None)


def _level(item: Mapping[str, Any]) -> str:
    return str(item["price"]["metadata"].get("entitlement_level"))


def paid_through(
    subscription: Mapping[str, Any], item: Mapping[str, Any], invoices: Iterable[Mapping[str, Any]]
) -> int | None:
    """Rule 21: the end of the item's last line of a paid invoice, but for prorations; a trial within is its end. Where
    there is none, that of the others, until the period ended in which it was added.
    """
    last: dict[str, tuple[int, int]] = {}
    added = [item["current_period_end" if item["created"] >= item["current_period_start"] else "current_period_start"]]
    for invoice in invoices:
        details = (invoice["parent"] or {}).get("subscription_details")
        if invoice["status"] != "paid" or not details or details["subscription"] != subscription["id"]:
            continue
        for line in invoice["lines"]["data"]:
            of = (line["parent"] or {}).get("subscription_item_details")
            if not of:
                continue
            mine = of["subscription_item"] == item["id"]
            if not of["proration"] or invoice["billing_reason"] == "subscription_create":
                start, end = line["period"]["start"], line["period"]["end"]
                trial = subscription["trial_end"]
                end = trial if trial is not None and start < trial < end else end
                last[of["subscription_item"]] = max((start, end), last.get(of["subscription_item"], (0, 0)))
            elif mine:
                added.append(line["period"]["end"])
    if item["id"] in last:
        return last[item["id"]][1]
    return min(max(end for _, end in last.values()), *added) if last else None


def highest(spans: Iterable[Span], ranks: tuple[str, ...]) -> Span:
    """The level that speaks, and when it ends."""
    found = list(spans)
    if not found:
        return ranks[0], None
    top = max(found, key=lambda span: ranks.index(span[0]))[0]
    ends = [until for level, until in found if level == top]
    return top, None if None in ends else max(end for end in ends if end is not None)
