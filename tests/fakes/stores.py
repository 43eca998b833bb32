"""DynamoDB's tables in memory: transactions that are all or nothing, under the conditions that the adapters write.

The state is plain dictionaries that a test may read and set. One call is one atomic step, so whatever can happen
between two of them is put there by a hook (`Calls.before`, `Calls.after`), and nothing else happens at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from billing.domain.account import Account
from billing.domain.credits import Lot, LotKey, balance_of
from billing.domain.decide import Before
from billing.domain.ids import CustomerId, EventId, OrderId, PaymentIntentId, PurchaseKey, SessionId, UserId
from billing.domain.ledger import EVERYTHING, Entry, EntryFilter
from billing.domain.order import Claim, Order
from billing.domain.purchase import Purchase
from billing.domain.receipt import Remembered
from billing.domain.records import Commit, CommitOutcome, Committed, EventRecord, Outcome, Recording, Unparked
from billing.errors import Contention, MalformedObject, StoreUnavailable
from billing.ports.store import Owner, Page, Parked
from tests.fakes.world import Calls

_MOST_ITEMS = 100  # of one transaction


@dataclass(frozen=True)
class Write:
    """One item of a transaction: where, whether its condition holds, and what it does."""

    key: str
    holds: bool
    act: Callable[[], object] = lambda: None


@dataclass
class FakeTables:
    """All that is stored, and how writing goes."""

    calls: Calls = field(default_factory=Calls)
    accounts: dict[UserId, Account] = field(default_factory=dict)
    owners: dict[CustomerId, UserId] = field(default_factory=dict)
    claims: dict[tuple[UserId, str], Claim] = field(default_factory=dict)
    orders: dict[OrderId, Order] = field(default_factory=dict)
    purchases: dict[PurchaseKey, Purchase] = field(default_factory=dict)
    lots: dict[tuple[UserId, LotKey], Lot] = field(default_factory=dict)
    """Lots that were moved out of their account; out of date for one that came back."""
    pointers: dict[PaymentIntentId, tuple[UserId, str]] = field(default_factory=dict)
    ledger: dict[tuple[UserId, str], Entry] = field(default_factory=dict)
    events: dict[EventId, EventRecord] = field(default_factory=dict)
    parked: dict[CustomerId, set[EventId]] = field(default_factory=dict)
    most_parked: int = 1000
    """Events that a customer's list of parked ones can hold."""
    requests: dict[tuple[UserId, str], Remembered] = field(default_factory=dict)
    undone: set[tuple[UserId, str]] = field(default_factory=set)
    conflicts: int = 0
    """So many of the next transactions meet another one in flight (TransactionConflict)."""

    def write(self, writes: Sequence[Write]) -> list[str]:
        """Do all of it or nothing; the reasons of a refusal, one for each item, or an empty list."""
        keys = [write.key for write in writes]
        if len(keys) > _MOST_ITEMS or len(keys) != len(set(keys)):
            raise MalformedObject("DynamoDB refused an item or a condition", reason=f"{len(keys)} items")
        if self.conflicts:
            self.conflicts -= 1
            return ["TransactionConflict"] * len(writes)
        if not all(write.holds for write in writes):
            return ["None" if write.holds else "ConditionalCheckFailed" for write in writes]
        for write in writes:
            write.act()
        return []

    def put_account(self, before: Account, after: Account) -> Write:
        there = self.accounts.get(before.user)
        same = there is not None and _counters(there) == _counters(before)
        holds = there is None if before.version == 0 else same
        return Write(f"ACCOUNT#{after.user}", holds, lambda: self.accounts.update({after.user: after}))

    def bump_account(self, before: Account) -> Write:
        there = self.accounts.get(before.user)
        bumped = replace(there or before, stripe_version=before.stripe_version + 1)
        bumped = replace(bumped, unlooked=None) if before.unlooked else bumped
        holds = there is not None and there.stripe_version == before.stripe_version
        return Write(f"ACCOUNT#{before.user}", holds, lambda: self.accounts.update({before.user: bumped}))

    def put_purchase(self, purchase: Purchase) -> Write:
        there = self.purchases.get(purchase.key)
        holds = there is None if purchase.version == 0 else there is not None and there.version == purchase.version
        stored = replace(purchase, version=purchase.version + 1)
        return Write(f"PURCHASE#{purchase.key}", holds, lambda: self.purchases.update({purchase.key: stored}))

    def put_lot(self, user: UserId, lot: Lot) -> Write:
        return Write(f"LOT#{user}#{lot.key}", True, lambda: self.lots.update({(user, lot.key): lot}))

    def put_entry(self, entry: Entry) -> Write:
        key = (entry.user, entry.key)
        return Write(
            f"LEDGER#{entry.user}#{entry.key}", key not in self.ledger, lambda: self.ledger.update({key: entry})
        )

    def put_event(self, record: EventRecord) -> Write:
        there = self.events.get(record.id)
        holds = there is None or there.outcome in (Outcome.PARKED, Outcome.QUARANTINED)
        return Write(f"EVENT#{record.id}", holds, lambda: self.events.update({record.id: record}))

    def put_parked(self, customer: CustomerId, event: EventId) -> Write:
        listed = self.parked.get(customer, set())
        holds = len(listed) < self.most_parked
        return Write(f"PARKED#{customer}", holds, lambda: self.parked.update({customer: listed | {event}}))

    def take_off(self, unparked: Unparked) -> Write:
        left = self.parked.get(unparked.customer, set()) - unparked.events

        def act() -> None:
            self.parked[unparked.customer] = left
            if unparked.last:
                del self.parked[unparked.customer]

        return Write(f"PARKED#{unparked.customer}", True, act)

    def entries(self, user: UserId) -> list[Entry]:
        """The user's ledger, oldest first."""
        return [self.ledger[key] for key in sorted(self.ledger) if key[0] == user]

    def check(self) -> None:
        """What must hold after every step, whatever happened before (system.md, "What is kept")."""
        for user, account in self.accounts.items():
            entries = self.entries(user)
            assert account.balance == balance_of(account.lots)
            assert account.balance == sum(entry.amount for entry in entries)
            assert [entry.balance_after for entry in entries[-1:]] in ([], [account.balance])
            assert all(0 <= lot.reversed <= lot.granted for lot in account.lots)
            assert sum(lot.held for lot in account.lots) == sum(item.amount for item in account.reservations)
            assert all(entry.actor and entry.reason for entry in entries)


@dataclass
class FakeAccounts:
    """The AccountStore port."""

    tables: FakeTables

    def load(self, user: UserId, purchases: Collection[PurchaseKey], orders: Collection[OrderId] = ()) -> Before:
        with self.tables.calls.called("load"):
            return self._with(Before(self.tables.accounts.get(user, Account(user=user))), purchases, orders)

    def extend(self, before: Before, purchases: Collection[PurchaseKey], orders: Collection[OrderId]) -> Before:
        with self.tables.calls.called("extend"):
            return self._with(before, purchases, orders)

    def open_account(self, account: Account) -> Account:
        with self.tables.calls.called("open_account"):
            fresh = replace(account, version=account.version + 1)
            refused = self.tables.write([self.tables.put_account(account, fresh)])
        return self.load(account.user, []).account if refused else fresh

    def commit(self, commit: Commit) -> Committed:
        tables = self.tables
        with tables.calls.called("commit"):
            events = [tables.put_event(record) for record in commit.events]
            changed = commit.changed
            account = tables.put_account(commit.before, commit.after) if changed else tables.bump_account(commit.before)
            reasons = tables.write(
                [
                    *events,
                    account,
                    *(tables.put_purchase(purchase) for purchase in commit.purchases),
                    *self._pointers(commit.purchases),
                    *(tables.put_lot(commit.after.user, lot) for lot in commit.moved),
                    *(tables.put_entry(entry) for entry in commit.entries),
                    *(tables.take_off(unparked) for unparked in commit.unparked),
                ]
            )
        if not reasons:
            return Committed(CommitOutcome.DONE)
        failed = [reason == "ConditionalCheckFailed" for reason in reasons]
        recorded = frozenset(record.id for record, there in zip(commit.events, failed, strict=False) if there)
        return Committed(CommitOutcome.RECORDED if recorded else CommitOutcome.CONFLICT, recorded)

    def owners(self, customers: Collection[CustomerId]) -> Mapping[CustomerId, Owner]:
        with self.tables.calls.called("owners"):
            return {
                customer: Owner(user, customer in self.tables.parked)
                for customer, user in self.tables.owners.items()
                if customer in customers
            }

    def buyers(self, sessions: Collection[SessionId]) -> Mapping[SessionId, UserId]:
        with self.tables.calls.called("buyers"):
            found = {session: self.tables.purchases.get(PurchaseKey(session)) for session in sessions}
            return {session: purchase.user for session, purchase in found.items() if purchase is not None}

    def sources(self, intents: Collection[PaymentIntentId]) -> Mapping[PaymentIntentId, tuple[UserId, str]]:
        with self.tables.calls.called("sources"):
            return {intent: source for intent, source in self.tables.pointers.items() if intent in intents}

    def orders(self, orders: Collection[OrderId]) -> Mapping[OrderId, Order]:
        with self.tables.calls.called("orders"):
            return {order: self.tables.orders[order] for order in orders if order in self.tables.orders}

    def own_customers(self, before: Account, customers: Sequence[CustomerId]) -> Account | None:
        tables = self.tables
        own = (*before.customers, *customers)
        after = replace(before, customers=own, version=before.version + 1, unlooked=True)
        with tables.calls.called("own_customers"):
            owned = [self._own(customer, before.user) for customer in customers]
            refused = tables.write([*owned, tables.put_account(before, after)])
        return None if refused else after

    def _own(self, customer: CustomerId, user: UserId) -> Write:
        free = customer not in self.tables.owners
        return Write(f"CUSTOMER#{customer}", free, lambda: self.tables.owners.update({customer: user}))

    def _with(self, before: Before, purchases: Collection[PurchaseKey], orders: Collection[OrderId]) -> Before:
        found = {key: self.tables.purchases[key] for key in purchases if key in self.tables.purchases}
        named = {order: self.tables.orders[order] for order in orders if order in self.tables.orders}
        before = replace(before, purchases={**before.purchases, **found}, orders={**before.orders, **named})
        there = {key: self.tables.lots.get((before.account.user, key)) for key in before.absent}
        return replace(before, moved={**before.moved, **{key: lot for key, lot in there.items() if lot is not None}})

    def _pointers(self, purchases: Collection[Purchase]) -> list[Write]:
        paid = [(item.payment.intents, item) for item in purchases if item.payment]
        pointers = {intent: (item.user, item.source) for intents, item in paid for intent in intents}
        return [self._pointer(intent, source) for intent, source in pointers.items()]

    def _pointer(self, intent: PaymentIntentId, source: tuple[UserId, str]) -> Write:
        return Write(f"PAYMENT#{intent}", True, lambda: self.tables.pointers.update({intent: source}))


@dataclass
class FakeEvents:
    """The EventStore port."""

    tables: FakeTables

    def record(self, record: EventRecord) -> Recording:
        with self.tables.calls.called("record"):
            writes = [self.tables.put_event(record)]
            if record.outcome is Outcome.PARKED and record.customer is not None:
                writes.append(Write(f"CUSTOMER#{record.customer}", record.customer not in self.tables.owners))
                writes.append(self.tables.put_parked(record.customer, record.id))
            reasons = self.tables.write(writes)
            if reasons == ["None", "None", "ConditionalCheckFailed"]:
                reasons = self.tables.write(writes[:2])
        if not reasons:
            return Recording.WRITTEN
        if "ConditionalCheckFailed" not in reasons:
            raise StoreUnavailable("another transaction on the event or its customer is in progress")
        return Recording.RECORDED if reasons[0] == "ConditionalCheckFailed" else Recording.OWNED

    def records(self, events: Collection[EventId]) -> Mapping[EventId, EventRecord]:
        with self.tables.calls.called("records"):
            return {event: self.tables.events[event] for event in events if event in self.tables.events}

    def parked(self, customer: CustomerId, most: int) -> Parked:
        with self.tables.calls.called("parked"):
            listed = self.tables.parked.get(customer)
            if listed is None:
                return Parked((), None)
            taken = sorted(listed)[:most]
            records = tuple(self.tables.events[event] for event in taken if event in self.tables.events)
            return Parked(records, Unparked(customer, frozenset(taken), last=len(taken) == len(listed)))


@dataclass
class FakeCheckouts:
    """The CheckoutStore port."""

    tables: FakeTables

    def claim(self, user: UserId, slot: str) -> Claim | None:
        with self.tables.calls.called("claim"):
            return self.tables.claims.get((user, slot))

    def take(self, claim: Claim, order: Order, ended: SessionId | None = None) -> bool:
        tables = self.tables
        with tables.calls.called("take"):
            there = tables.claims.get((claim.user, claim.slot))
            follows = (there.generation if there is not None else 0) == claim.generation - 1
            holds = follows and (there is None or there.session == ended)
            return self._write(
                [
                    self._put_claim(claim, holds),
                    Write(
                        f"ORDER#{order.id}",
                        order.id not in tables.orders,
                        lambda: tables.orders.update({order.id: order}),
                    ),
                ]
            )

    def attach(self, claim: Claim, purchase: Purchase) -> bool:
        with self.tables.calls.called("attach"):
            there = self.tables.claims.get((claim.user, claim.slot))
            ours = there is not None and (there.generation, there.order) == (claim.generation, claim.order)
            free = there is not None and there.session is None
            first = replace(purchase, version=0)
            return self._write([self._put_claim(claim, ours and free), self.tables.put_purchase(first)])

    def order(self, order: OrderId) -> Order | None:
        with self.tables.calls.called("order"):
            return self.tables.orders.get(order)

    def purchase(self, key: PurchaseKey) -> Purchase | None:
        with self.tables.calls.called("purchase"):
            return self.tables.purchases.get(key)

    def _write(self, writes: Sequence[Write]) -> bool:
        reasons = self.tables.write(writes)
        if reasons and "ConditionalCheckFailed" not in reasons:
            raise Contention("another transaction on the same checkout is in progress")
        return not reasons

    def _put_claim(self, claim: Claim, holds: bool) -> Write:
        key = (claim.user, claim.slot)
        return Write(f"CLAIM#{claim.user}#{claim.slot}", holds, lambda: self.tables.claims.update({key: claim}))


@dataclass
class FakeLedger:
    """The LedgerReader port."""

    tables: FakeTables

    def page(self, user: UserId, limit: int, cursor: str | None, wanted: EntryFilter = EVERYTHING) -> Page:
        with self.tables.calls.called("page"):
            newest = [entry for entry in reversed(self.tables.entries(user)) if cursor is None or entry.key < cursor]
            newest = [entry for entry in newest if wanted.fits(entry)]
            shown = tuple(newest[:limit])
            return Page(shown, shown[-1].key if len(newest) > limit else None)


def _counters(account: Account) -> tuple[int, int]:
    return account.version, account.stripe_version
