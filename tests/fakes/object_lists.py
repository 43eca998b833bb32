"""Stripe's lists of objects, and what is stored of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from billing.domain.ids import CustomerId, OrderId, PaymentIntentId, PurchaseKey, SubscriptionId
from billing.domain.purchase import PurchaseState
from billing.domain.registers import statuses
from billing.domain.subscription import SubscriptionState, next_renewal
from billing.domain.walk import Walk
from billing.errors import StripeRefused
from billing.ports.stripe import Listed, ObjectLists
from tests.fakes.stores import FakeTables
from tests.fakes.world import Calls

PAGE = 100


@dataclass
class FakeObjectList:
    """Objects, as Stripe tells them, in the order in which they were made."""

    calls: Calls
    name: str = "objects"
    made: list[dict[str, Any]] = field(default_factory=list)

    def page(self, walk: Walk) -> Listed:
        with self.calls.called(f"list {self.name}"):
            low, high = walk.since.timestamp(), walk.until.timestamp() if walk.until else float("inf")
            found = self.made[::-1]
            if walk.after is not None:
                names = [each["id"] for each in found]
                if walk.after not in names:
                    raise StripeRefused("No such object", stripe_code="resource_missing", param="starting_after")
                found = found[names.index(walk.after) + 1 :]
            found = [each for each in found if int(low) <= each["created"] < int(high)]
            page = found[:PAGE]
            return Listed(tuple(page), page[-1]["id"] if len(found) > PAGE else None)


class FakeLists:
    """All of them."""

    def __init__(self, calls: Calls) -> None:
        self.sessions = FakeObjectList(calls, "sessions")
        self.subscriptions = FakeObjectList(calls, "subscriptions")
        self.invoices = FakeObjectList(calls, "invoices")
        self.refunds = FakeObjectList(calls, "refunds")
        self.disputes = FakeObjectList(calls, "disputes")
        self.every = ObjectLists(self.sessions, self.subscriptions, self.invoices, self.refunds, self.disputes)


@dataclass
class FakeParked:
    """Customers whose events are parked, by id."""

    tables: FakeTables

    def page(self, walk: Walk) -> Listed:
        with self.tables.calls.called("list parked"):
            found = sorted(each for each in self.tables.parked if walk.after is None or each > walk.after)
            page = found[:PAGE]
            told = tuple({"object": "customer", "id": customer} for customer in page)
            return Listed(told, page[-1] if len(found) > PAGE else None)


@dataclass
class FakeRenewals:
    """Customers of which a subscription should have changed by now, the longest overdue first."""

    tables: FakeTables

    def page(self, walk: Walk) -> Listed:
        with self.tables.calls.called("list renewals"):
            until = (walk.until or walk.since) - timedelta(days=2)
            every = (next_renewal(account.subscriptions) for account in self.tables.accounts.values())
            found = sorted(f"{end.isoformat()}#{customer}" for end, customer in filter(None, every) if end < until)
            found = [each for each in found if walk.after is None or each > walk.after]
            told = (each.split("#") for each in found[:PAGE])
            page = tuple(
                {"object": "customer", "id": customer, "period_end": int(datetime.fromisoformat(end).timestamp())}
                for end, customer in told
            )
            return Listed(page, found[PAGE - 1] if len(found) > PAGE else None)


@dataclass
class FakeKnown:
    """The KnownObjects port: what the tables say."""

    tables: FakeTables

    def states(self, purchases: Collection[PurchaseKey]) -> Mapping[PurchaseKey, PurchaseState]:
        with self.tables.calls.called("states"):
            stored = self.tables.purchases
            return {key: stored[key].state for key in purchases if key in stored}

    def ordered(self, named: Collection[tuple[OrderId, CustomerId]]) -> Collection[tuple[OrderId, CustomerId]]:
        with self.tables.calls.called("ordered"):
            orders, owners = self.tables.orders, self.tables.owners
            return {
                (order, customer)
                for order, customer in named
                if order in orders and orders[order].user == owners.get(customer)
            }

    def subscriptions(
        self, customers: Collection[CustomerId]
    ) -> Mapping[CustomerId, Mapping[SubscriptionId, SubscriptionState]]:
        with self.tables.calls.called("known subscriptions"):
            owners, accounts = self.tables.owners, self.tables.accounts
            found = {each: accounts[owners[each]] for each in customers if owners.get(each) in accounts}
            return {each: {state.id: state for state in held.subscriptions} for each, held in found.items()}

    def registers(self, intents: Collection[PaymentIntentId]) -> Mapping[PaymentIntentId, Mapping[str, str]]:
        with self.tables.calls.called("registers"):
            paid = [each.payment for each in self.tables.purchases.values() if each.payment is not None]
            return {intent: statuses(payment) for payment in paid for intent in payment.intents if intent in intents}
