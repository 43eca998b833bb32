"""The end state that there must be: from Stripe's objects, and from what local requests were told.

Nothing of the product is imported here or anywhere in this package; tests/simulation/test_oracle.py proves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulation.oracle.access import Span, highest, of_subscription, one_time
from tests.simulation.oracle.payments import All, Bought, Known, Obj, Payments


@dataclass(frozen=True)
class Local:
    """What requests of ours did: credits given by hand, and credits used, by lot."""

    given: Mapping[tuple[str, int], int]
    used: Mapping[tuple[str, int], int]


@dataclass(frozen=True)
class Lot:
    """The credits of one line."""

    granted: int
    reversed: int
    used: int
    expired: int
    expires: int | None = None
    """When, in Unix seconds; None for never."""

    @property
    def left(self) -> int:
        """What it adds to the balance."""
        return self.granted - self.reversed - self.used - self.expired


@dataclass(frozen=True)
class Expected:
    """What a user must have."""

    lots: Mapping[tuple[str, int], Lot]
    access: Span
    levels: Mapping[tuple[str, int], tuple[str, int, int | None, int | None]]
    """Of each line that gave a level once: which, when it was paid, for how many days, and when all went back."""
    subscriptions: Mapping[str, tuple[str, bool, int | None]]
    """By id, the status of each that has not ended, whether it cancels at its period's end, and when it does."""

    @property
    def balance(self) -> int:
        """Rule 17."""
        return sum(lot.left for lot in self.lots.values())


def expected(
    users: Iterable[str],
    all_of: All,
    lines_of: Callable[[str], list[Obj]],
    local: Mapping[str, Local],
    known: Known,
    ranks: tuple[str, ...],
    grace: int,
    now: int,
) -> dict[str, Expected]:
    """What each user must have at `now`."""
    payments = Payments(all_of, known)
    bought: dict[str, list[Bought]] = {}
    for each in payments.bought(lines_of):
        bought.setdefault(each.user, []).append(each)
    subscriptions: dict[str, list[dict[str, Any]]] = {}
    for subscription in all_of("subscription"):
        user = payments.owner_of(subscription["customer"])
        if user is not None and subscription["status"] not in ("canceled", "incomplete_expired"):
            subscriptions.setdefault(user, []).append(subscription)
    invoices = all_of("invoice")
    found = {}
    for user in users:
        own, mine = subscriptions.get(user, []), bought.get(user, [])
        spans = [span for each in own if (span := of_subscription(each, invoices, ranks, grace, now)) is not None]
        found[user] = Expected(
            lots=_lots(mine, local[user], now),
            access=highest([*spans, *one_time(mine, now)], ranks),
            levels={
                (each.key, each.line): (each.level, each.paid_at, each.days, each.ended_at)
                for each in mine
                if each.level is not None
            },
            subscriptions={
                each["id"]: (each["status"], each["cancel_at_period_end"], each["cancel_at"]) for each in own
            },
        )
    return found


def _lots(bought: list[Bought], local: Local, now: int) -> dict[tuple[str, int], Lot]:
    """Rules 16 and 18: all credit lines of a purchase by one ratio, rounded down once; what ran out is gone. What was
    used stays used, though a restore has left nobody who owns the customer that paid for it.
    """
    lots = {key: Lot(0, 0, used, 0) for key, used in local.used.items()}
    lots |= {key: Lot(granted, 0, local.used.get(key, 0), 0) for key, granted in local.given.items()}
    of_purchase: dict[str, list[Bought]] = {}
    for each in bought:
        if each.credits:
            of_purchase.setdefault(each.key, []).append(each)
    for lines in of_purchase.values():
        granted = before = 0
        for line in sorted(lines, key=lambda each: each.line):
            granted += line.credits
            payment = line.payment
            upto = granted * payment.taken_back // payment.captured if payment is not None and payment.captured else 0
            used = local.used.get((line.key, line.line), 0)
            back, before = upto - before, upto
            over = line.expires is not None and now >= line.expires
            gone = max(0, line.credits - back - used) if over else 0
            lots[line.key, line.line] = Lot(line.credits, back, used, gone, line.expires)
    return lots
