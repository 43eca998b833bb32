"""The billing core over fakes that share one journal of calls, and what may happen to it from outside."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from billing.domain.account import Account
from billing.domain.events import Origin
from billing.domain.ids import CustomerId, EventId, OrderId, SessionId, UserId
from billing.domain.notice import Notice, ObjectRef
from billing.domain.order import Order
from billing.domain.purchase import opened
from billing.domain.terms import SellingPolicy
from billing.services.change_subscription import ChangeDeps
from billing.services.consume_events import ConsumeDeps, consume_events
from billing.services.converge import ConvergeDeps
from billing.services.open_portal import PortalDeps
from billing.services.perform_once import CreditDeps
from billing.services.put_off import Message
from billing.services.read_account import ReadDeps
from billing.services.start_checkout import CheckoutDeps
from billing.services.sync_after_checkout import SyncDeps
from tests.fakes.credits import FakeCredits, FakeDue
from tests.fakes.snapshots import ALICE, CUSTOMER, NOW, POLICY, SESSION
from tests.fakes.stores import FakeAccounts, FakeCheckouts, FakeEvents, FakeLedger, FakeTables
from tests.fakes.stripe_plans import FakePlans
from tests.fakes.stripe_world import FakeStripe
from tests.fakes.world import Calls, FakeCache, FakeClock, FakeLog, FakeMetrics, FakeQueue, FakeRandomness


@dataclass
class Core:
    """One deployment, whole, with its Stripe."""

    calls: Calls = field(default_factory=Calls)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    random: FakeRandomness = field(default_factory=FakeRandomness)
    log: FakeLog = field(default_factory=FakeLog)
    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    cache: FakeCache = field(default_factory=FakeCache)
    queue: FakeQueue = field(default_factory=FakeQueue)
    tables: FakeTables = field(init=False)
    stripe: FakeStripe = field(init=False)

    def __post_init__(self) -> None:
        self.tables = FakeTables(self.calls)
        self.stripe = FakeStripe(self.calls)
        self.accounts = FakeAccounts(self.tables)
        self.checkouts = FakeCheckouts(self.tables)
        self.events = FakeEvents(self.tables)
        self.converge = ConvergeDeps(
            self.accounts, self.events, self.stripe, self.clock, self.random, self.log, self.metrics, POLICY
        )
        self.consume = ConsumeDeps(self.converge, self.queue, self.cache, Origin(livemode=False))
        self.sync = SyncDeps(self.converge, self.checkouts, self.cache)
        self.credits = FakeCredits(self.tables)
        self.due = FakeDue(self.tables)
        self.use = CreditDeps(self.credits, self.cache, self.clock, self.random, self.log, self.metrics, POLICY)
        self.read = ReadDeps(self.accounts, FakeLedger(self.tables), self.cache, self.clock, POLICY)
        self.checkout = CheckoutDeps(
            self.converge, self.stripe, self.stripe, self.checkouts, self.cache, SellingPolicy(max_quantity=10)
        )

        self.plans = FakePlans(self.stripe, self.clock)
        self.portal = PortalDeps(self.converge, self.stripe, self.plans, self.cache, adopting=False)
        self.change = ChangeDeps(self.converge, self.stripe, self.plans, self.cache, max_quantity=10)

    def has_customer(self, user: UserId = ALICE, customer: CustomerId = CUSTOMER) -> None:
        """The user's account stands and owns the customer, here and at Stripe."""
        self.tables.accounts[user] = Account(user, customers=(customer,), version=1)
        self.tables.owners[customer] = user
        self.stripe.customers[customer] = (user, None)

    def has_session(self, order: Order, session: SessionId = SESSION, customer: CustomerId = CUSTOMER) -> None:
        """The order is stored, and so is its open session, here and at Stripe."""
        self.tables.orders[order.id] = order
        purchase = replace(opened(order, session), version=1)
        self.tables.purchases[purchase.key] = purchase
        made = self.stripe.create_session(order, customer, f"checkout:{order.id}:{customer}")
        self.stripe.sessions[session] = replace(self.stripe.sessions.pop(made.id), id=session)
        self.calls.made.clear()

    def deliver(
        self, *notices: Notice | str, receive_count: int = 1, deadline: datetime | None = None
    ) -> frozenset[str]:
        """Deliver a batch; the numbers, from m1 on, of the messages that come again."""
        messages = [
            Message(f"m{number}", body_of(item), f"receipt-{number}", receive_count)
            for number, item in enumerate(notices, 1)
        ]
        unfinished = consume_events(messages, deadline or NOW + timedelta(minutes=1), self.consume)
        self.tables.check()
        return unfinished

    def deliver_change(self, event: str = "evt_change") -> None:
        """Something of alice's customer has changed, and the account follows."""
        assert self.deliver(a_notice("customer.updated", id=event, related={})) == frozenset()
        self.calls.made.clear()

    def outcomes(self) -> dict[str, str]:
        """What the events table says of each event."""
        return {event: record.outcome.value for event, record in self.tables.events.items()}

    def account(self, user: UserId = ALICE) -> Account:
        return self.tables.accounts[user]

    def granted(self, user: UserId = ALICE) -> list[tuple[str, int]]:
        """Kind and amount of each ledger entry, oldest first."""
        return [(entry.kind.value, entry.amount) for entry in self.tables.entries(user)]


def body_of(item: Notice | str) -> str:
    return item if isinstance(item, str) else json.dumps(item.to_message())


def a_notice(
    type: str = "checkout.session.completed",
    *,
    id: str = "evt_1",
    customer: str | None = CUSTOMER,
    related: dict[str, str] | None = None,
    order: str | None = None,
    **given: Any,
) -> Notice:
    """A notice of an event; by default of the session that the other builders make."""
    things = {"checkout.session": SESSION} if related is None else related
    kind, name = next(iter(things.items()), ("customer", customer))
    notice = Notice(
        id=EventId(id),
        type=type,
        created=NOW,
        livemode=False,
        account=None,
        api_version="2026-10-28.endive",
        customer=CustomerId(customer) if customer else None,
        object=ObjectRef(kind, name),
        related=things,
        order_id=OrderId(order) if order else None,
        received_at=NOW,
        correlation_id="correlation-1",
        quarantine=None,
    )
    return replace(notice, **given)
