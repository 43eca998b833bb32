"""`decide`: the one pure function that makes an account follow Stripe. All money logic is reached from here.

It compares what is stored with what Stripe says now, and answers with the account, the purchases and the ledger entries
as they must be afterwards. Called twice with the same truth it changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from billing.domain.account import Account, record_access
from billing.domain.credits import Lot, LotKey, balance_of
from billing.domain.entitlement import AccessPolicy, LevelGrant
from billing.domain.ids import OrderId, PriceId, PurchaseKey
from billing.domain.judge import Judged, judge_invoice, judge_session
from billing.domain.ledger import Cause, Entry, booked
from billing.domain.order import Order
from billing.domain.payment_notes import last_payments
from billing.domain.purchase import Purchase, levels_of, lots_of
from billing.domain.reversal import reverse
from billing.domain.settle import move_out, settle
from billing.domain.snapshot import Snapshot, Subscription
from billing.domain.subscription import ENDED, NEVER_BEGAN, SubscriptionState, groups_of, state_of

_LINES_AT_ONCE = 15
"""Lines of invoices that are granted, or refunded, with one write: each takes up to three of the 100 items of a
transaction. A customer that was adopted may bring years of subscriptions with it, whose latest invoices all grant with
the first look; and one invoice has up to 250 lines, where it bills each period of a subscription that was backdated
(https://docs.stripe.com/billing/subscriptions/backdating).
"""


@dataclass(frozen=True, slots=True)
class Before:
    """What is stored, read before the snapshot (money rule 2)."""

    account: Account
    purchases: Mapping[PurchaseKey, Purchase] = field(default_factory=dict)
    orders: Mapping[OrderId, Order] = field(default_factory=dict)
    moved: Mapping[LotKey, Lot] = field(default_factory=dict)
    """Lots of these purchases that are not in the account any more: nothing was left of them (money rule 17)."""

    @property
    def absent(self) -> frozenset[LotKey]:
        """The lots of these purchases that are still to be read: they were granted, and are nowhere here."""
        granted = {lot.key for purchase in self.purchases.values() for lot in lots_of(purchase)}
        return frozenset(granted - {lot.key for lot in self.account.lots} - self.moved.keys())


@dataclass(frozen=True, slots=True)
class Decision:
    """What must be stored.

    `foreign` names sessions that are not ours; `refused` has, with the reason, sessions and invoices that are somebody
    else's or not what was ordered.
    """

    account: Account
    purchases: tuple[Purchase, ...]
    entries: tuple[Entry, ...]
    changed: bool
    foreign: frozenset[str]
    refused: Mapping[str, str]
    moved: tuple[Lot, ...] = ()
    """Lots to write as items of their own; the account does not hold them any more."""
    more: bool = False
    """Invoices are left, or lines of one: decide again after this is stored."""
    misconfigured: frozenset[PriceId] = frozenset()
    """Prices of what the user is subscribed to whose metadata can't be used: a renewal at one grants no credits."""


def decide(before: Before, truth: Snapshot, now: datetime, policy: AccessPolicy, cause: Cause) -> Decision:
    """Make the account match the truth.

    Credits and levels come from the purchases that the truth concerns; subscriptions are taken over as Stripe has them;
    lots that ran out expire. Each difference is one ledger entry.
    """
    account = before.account
    judged, more = _judge(before, truth, now, policy)
    own = {key: purchase for key, purchase in before.purchases.items() if purchase.user == account.user}
    purchases = {**own, **{purchase.key: purchase for purchase in judged.purchases}}
    changes = list(judged.granted)
    lots = {lot.key: lot for lot in (*account.lots, *before.moved.values())}
    lots |= {lot.key: _granted(lots.get(lot.key), lot) for lot in judged.lots}
    for key in sorted(purchases):
        reversed_lots, change = reverse(before.purchases.get(key), purchases[key], _of(lots.values(), key))
        lots.update({lot.key: lot for lot in reversed_lots})
        changes += change
    settled = settle(lots.values(), account.reservations, now)
    changes += settled.changes
    kept, moved = move_out(settled.lots, before.moved)

    after = replace(
        account,
        subscriptions=_subscriptions(before, truth, policy),
        subscribed=_subscribed(before, truth),
        levels=_levels(account, purchases),
        lots=kept,
        reservations=settled.reservations,
        balance=balance_of(kept),
        payments=last_payments(account.payments, purchases.values()),
        customers=tuple(item for item in account.customers if item not in truth.deleted_customers),
        deleted_customers=account.deleted_customers
        + tuple(item for item in account.customers if item in truth.deleted_customers),
        customer_generation=account.customer_generation
        + (account.customer is not None and account.customer in truth.deleted_customers),
    )
    dirty = tuple(purchase for key, purchase in sorted(purchases.items()) if purchase != before.purchases.get(key))
    moving = [state.id for state in after.subscriptions if state not in account.subscriptions]
    subject = next((purchase.source for purchase in dirty if levels_of(purchase)), next(iter(moving), None))
    after, turned = record_access(after, subject, now, policy)
    changes += turned
    changed = after != account or bool(dirty) or bool(moved) or account.version == 0
    after = replace(after, version=account.version + changed, stripe_version=account.stripe_version + 1, unlooked=None)
    return Decision(
        account=after,
        purchases=dirty,
        entries=booked(after.user, after.version, account.balance, changes, now, cause),
        changed=changed,
        foreign=judged.foreign,
        refused=judged.refused,
        moved=moved,
        more=more,
        misconfigured=_misconfigured(truth),
    )


def _misconfigured(truth: Snapshot) -> frozenset[PriceId]:
    """What somebody has mistyped (docs/decisions/0063)."""
    named = {item.price_id for sub in truth.subscriptions if sub.status not in ENDED for item in sub.items}
    return frozenset(name for name in named if (price := truth.prices.get(name)) and price.problem is not None)


def _judge(before: Before, truth: Snapshot, now: datetime, policy: AccessPolicy) -> tuple[Judged, bool]:
    """What was found of all payments; and whether some are left for the next time, since they would be too many."""
    judged, taken, more = Judged(), 0, False
    customers = {*before.account.customers, *before.account.deleted_customers}
    for session in sorted(truth.sessions, key=lambda item: item.id):
        judged += judge_session(session, before.purchases, before.orders, truth.prices, before.account.user, now)
    orders = {sub.id: sub.order for sub in truth.subscriptions}
    trials = {sub.id: sub.trial_end for sub in truth.subscriptions}
    prices = {name: price for name, price in truth.prices.items() if name not in truth.deleted_prices}
    for invoice in sorted(truth.invoices, key=lambda item: item.id):
        if invoice.customer not in customers:
            judged += Judged(refused={invoice.id: "another owner"})
            continue
        named = invoice.order or (orders.get(invoice.subscription) if invoice.subscription else None)
        order = before.orders.get(named) if named else None
        found = judge_invoice(
            invoice,
            before.purchases,
            order,
            prices,
            before.account.user,
            trial_credits=policy.trial_credits,
            trial_end=invoice.trial_end or (trials.get(invoice.subscription) if invoice.subscription else None),
        )
        changed = [line for line in found if any(item != before.purchases.get(item.key) for item in line.purchases)]
        if taken and taken + len(changed) > _LINES_AT_ONCE:
            more = True
            continue
        more = more or len(changed) > _LINES_AT_ONCE
        taken += len(changed)
        judged = sum(changed[:_LINES_AT_ONCE], judged)
    return judged, more


def _subscriptions(before: Before, truth: Snapshot, policy: AccessPolicy) -> tuple[SubscriptionState, ...]:
    known = {state.id: state for state in before.account.subscriptions}
    return tuple(
        state_of(item, known.get(item.id), truth.invoices, truth.prices, policy.levels, _own_order(before, item))
        for item in sorted(truth.subscriptions, key=lambda item: item.id)
        if item.status not in ENDED
    )


def _subscribed(before: Before, truth: Snapshot) -> tuple[str, ...]:
    known = {state.id: state for state in before.account.subscriptions}
    began = [item for item in truth.subscriptions if item.status not in NEVER_BEGAN]
    groups = {
        group
        for item in began
        for group in groups_of(item, known.get(item.id), truth.prices, _own_order(before, item)).values()
    }
    return tuple(sorted(groups | set(before.account.subscribed)))


def _own_order(before: Before, subscription: Subscription) -> Order | None:
    """The order that its metadata names, which anybody at Stripe can write: only if it is this user's (F35)."""
    order = before.orders.get(subscription.order) if subscription.order else None
    return order if order is not None and order.user == before.account.user else None


def _levels(account: Account, purchases: Mapping[PurchaseKey, Purchase]) -> tuple[LevelGrant, ...]:
    kept = [grant for grant in account.levels if grant.purchase not in purchases]
    fresh = [grant for key in purchases for grant in levels_of(purchases[key])]
    return tuple(sorted(kept + fresh, key=lambda grant: (grant.level, grant.paid_at, grant.purchase, grant.line)))


def _of(lots: Iterable[Lot], purchase: PurchaseKey) -> list[Lot]:
    return sorted((lot for lot in lots if lot.purchase == purchase), key=lambda lot: lot.line)


def _granted(known: Lot | None, lot: Lot) -> Lot:
    """A new lot. It is known before it is granted where a rebuild has found in the ledger what was used of it."""
    return lot if known is None else replace(lot, used=known.used)
