"""`decide`: the one pure function that makes an account follow Stripe. All money logic is reached from here.

It compares what is stored with what Stripe says now, and answers with the account, the purchases and the ledger entries
as they must be afterwards. Called twice with the same truth it changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from billing.domain.account import Account, ordered_lots
from billing.domain.credits import Lot, balance_of
from billing.domain.entitlement import AccessPolicy, LevelGrant
from billing.domain.ids import OrderId, PurchaseKey
from billing.domain.judge import Judged, judge_invoice, judge_session
from billing.domain.ledger import Cause, Entry, Kind
from billing.domain.order import Order
from billing.domain.purchase import Purchase, levels_of
from billing.domain.reversal import Change, reverse
from billing.domain.snapshot import Snapshot
from billing.domain.subscription import ENDED, NEVER_BEGAN, Span, SubscriptionState, groups_of, state_of


@dataclass(frozen=True, slots=True)
class Before:
    """What is stored, read before the snapshot (money rule 2)."""

    account: Account
    purchases: Mapping[PurchaseKey, Purchase] = field(default_factory=dict)
    orders: Mapping[OrderId, Order] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What must be stored. `foreign` and `refused` name the sessions that are not ours, or not what was ordered."""

    account: Account
    purchases: tuple[Purchase, ...]
    entries: tuple[Entry, ...]
    changed: bool
    foreign: frozenset[str]
    refused: Mapping[str, str]


def decide(before: Before, truth: Snapshot, now: datetime, policy: AccessPolicy, cause: Cause) -> Decision:
    """Make the account match the truth.

    Credits and levels come from the purchases that the truth concerns; subscriptions are taken over as Stripe has them;
    lots that ran out expire. Each difference is one ledger entry.
    """
    account = before.account
    judged = _judge(before, truth)
    purchases = {**before.purchases, **{purchase.key: purchase for purchase in judged.purchases}}
    changes = list(judged.granted)
    lots = {(lot.purchase, lot.line): lot for lot in account.lots}
    lots.update({(lot.purchase, lot.line): lot for lot in judged.lots})
    for key in sorted(purchases):
        reversed_lots, change = reverse(before.purchases.get(key), purchases[key], _of(lots.values(), key))
        lots.update({(lot.purchase, lot.line): lot for lot in reversed_lots})
        changes += change
    changes += _expire(lots, now)

    after = replace(
        account,
        subscriptions=_subscriptions(account, truth, policy),
        subscribed=_subscribed(account, truth),
        levels=_levels(account, purchases),
        lots=ordered_lots(lots.values()),
        balance=balance_of(lots.values()),
        customers=tuple(item for item in account.customers if item not in truth.deleted_customers),
        deleted_customers=account.deleted_customers
        + tuple(item for item in account.customers if item in truth.deleted_customers),
        customer_generation=account.customer_generation
        + (account.customer is not None and account.customer in truth.deleted_customers),
    )
    dirty = tuple(purchase for key, purchase in sorted(purchases.items()) if purchase != before.purchases.get(key))
    after, changes = _access(account, after, changes, dirty, now, policy)
    changed = after != account or bool(dirty) or account.version == 0
    after = replace(after, version=account.version + changed, stripe_version=account.stripe_version + 1)
    return Decision(
        account=after,
        purchases=dirty,
        entries=_entries(account.balance, after, changes, now, cause),
        changed=changed,
        foreign=judged.foreign,
        refused=judged.refused,
    )


def _judge(before: Before, truth: Snapshot) -> Judged:
    judged = Judged()
    for session in sorted(truth.sessions, key=lambda item: item.id):
        judged += judge_session(session, before.purchases, before.orders, before.account.user)
    orders = {sub.id: before.orders.get(sub.order) for sub in truth.subscriptions if sub.order}
    for invoice in sorted(truth.invoices, key=lambda item: item.id):
        order = orders.get(invoice.subscription) if invoice.subscription else None
        judged += judge_invoice(invoice, before.purchases, order, truth.prices, before.account.user)
    return judged


def _subscriptions(account: Account, truth: Snapshot, policy: AccessPolicy) -> tuple[SubscriptionState, ...]:
    known = {state.id: state for state in account.subscriptions}
    return tuple(
        state_of(item, known.get(item.id), truth.invoices, truth.prices, policy.levels)
        for item in sorted(truth.subscriptions, key=lambda item: item.id)
        if item.status not in ENDED
    )


def _subscribed(account: Account, truth: Snapshot) -> tuple[str, ...]:
    known = {state.id: state for state in account.subscriptions}
    began = [item for item in truth.subscriptions if item.status not in NEVER_BEGAN]
    groups = {group for item in began for group in groups_of(item, known.get(item.id), truth.prices).values()}
    return tuple(sorted(groups | set(account.subscribed)))


def _levels(account: Account, purchases: Mapping[PurchaseKey, Purchase]) -> tuple[LevelGrant, ...]:
    kept = [grant for grant in account.levels if grant.purchase not in purchases]
    fresh = [grant for key in purchases for grant in levels_of(purchases[key])]
    return tuple(sorted(kept + fresh, key=lambda grant: (grant.level, grant.paid_at, grant.purchase, grant.line)))


def _of(lots: Iterable[Lot], purchase: PurchaseKey) -> list[Lot]:
    return sorted((lot for lot in lots if lot.purchase == purchase), key=lambda lot: lot.line)


def _expire(lots: dict[tuple[PurchaseKey, int], Lot], now: datetime) -> list[Change]:
    changes = []
    for key, lot in sorted(lots.items()):
        settled = lot.settled_at(now)
        if settled != lot:
            lots[key] = settled
            changes.append(Change(Kind.EXPIRY, settled.left - lot.left, lot.purchase.split("#")[0], "credits expired"))
    return changes


def _access(
    account: Account,
    after: Account,
    changes: list[Change],
    dirty: tuple[Purchase, ...],
    now: datetime,
    policy: AccessPolicy,
) -> tuple[Account, list[Change]]:
    access = after.access_at(policy, now)
    was = account.access or Span(policy.levels[0], None)
    if access == was:
        return after, changes
    moved = [state.id for state in after.subscriptions if state not in account.subscriptions]
    subject = next((purchase.source for purchase in dirty if levels_of(purchase)), next(iter(moved), None))
    change = Change(Kind.ACCESS, 0, subject, f"{_said(was)} to {_said(access)}")
    return replace(after, access=access), [*changes, change]


def _said(access: Span) -> str:
    return access.level if access.until is None else f"{access.level} until {access.until:%Y-%m-%dT%H:%M:%SZ}"


def _entries(balance: int, after: Account, changes: list[Change], now: datetime, cause: Cause) -> tuple[Entry, ...]:
    entries = []
    for index, change in enumerate(changes):
        balance += change.amount
        entries.append(
            Entry(
                user=after.user,
                version=after.version,
                index=index,
                kind=change.kind,
                amount=change.amount,
                balance_after=balance,
                stripe_object=change.stripe_object,
                event=cause.event_of(change.stripe_object),
                actor=cause.actor,
                reason=change.reason,
                at=now,
            )
        )
    return tuple(entries)
