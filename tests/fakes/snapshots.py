"""Builders of what is sold, ordered and paid, with defaults that a test overrides where it speaks of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from billing.domain.account import Account
from billing.domain.catalog import Gives, Price
from billing.domain.decide import Before, Decision, decide
from billing.domain.entitlement import AccessPolicy
from billing.domain.ids import (
    CustomerId,
    EventId,
    InvoiceId,
    OrderId,
    PaymentIntentId,
    PriceId,
    SessionId,
    SubscriptionId,
    UserId,
)
from billing.domain.ledger import Cause
from billing.domain.order import Order, OrderLine
from billing.domain.snapshot import (
    Card,
    CheckoutSession,
    Dispute,
    Invoice,
    InvoiceLine,
    LineItem,
    Payment,
    Refund,
    Snapshot,
    Subscription,
    SubscriptionItem,
)

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ALICE, BOB = UserId("alice"), UserId("bob")
CUSTOMER = CustomerId("cus_alice")
SESSION = SessionId("cs_1")
INTENT = PaymentIntentId("pi_1")
ORDER = OrderId("ord_1")
INVOICE = InvoiceId("in_1")
SUBSCRIPTION = SubscriptionId("sub_1")
POLICY = AccessPolicy(levels=("FREE", "PRO", "TEAM"), grace=3 * DAY)
CAUSE = Cause("test", ((EventId("evt_1"), frozenset({SESSION, INVOICE})),))


def a_price(name: str, amount: int | None, interval: str | None = None, **given: Any) -> Price:
    gives = {key: given.pop(key) for key in tuple(given) if key in Gives.__dataclass_fields__}
    return replace(
        Price(
            PriceId(f"price_{name}"), name, f"prod_{name}", name, None, True, "eur", amount, interval, Gives(**gives)
        ),
        **given,
    )


CREDITS = a_price("credits", 500, credits=500)
CREDITS_90 = a_price("credits_90", 1500, credits=2000, credits_expire_days=90)
PRO_30 = a_price("pro_30", 900, level="PRO", level_days=30)
PRO_MONTHLY = a_price("pro_monthly", 1200, "month", credits=100, level="PRO", plan="pro")
TEAM_YEARLY = a_price("team_yearly", 29000, "year", level="TEAM", plan="team")
PRICES = {price.id: price for price in (CREDITS, CREDITS_90, PRO_30, PRO_MONTHLY, TEAM_YEARLY)}


def an_order(*prices: Price, id: OrderId = ORDER, user: UserId = ALICE, quantity: int = 1) -> Order:
    sold = prices or (CREDITS,)
    mode = "subscription" if sold[0].recurring else "payment"
    lines = tuple(OrderLine(item.id, item.product_name, quantity, item.unit_amount, item.gives) for item in sold)
    return Order(id, user, mode, "eur", lines, NOW - DAY, NOW)


def a_payment(captured: int = 500, *, paid_at: datetime = NOW, **given: Any) -> Payment:
    """By card; a bank debit's has none."""
    return replace(Payment(INTENT, captured, "eur", paid_at, card=Card("visa", "4242")), **given)


def a_refund(amount: int, status: str = "succeeded", *, id: str = "re_1", at: datetime = NOW) -> Refund:
    return Refund(id, amount, status, at)


def a_dispute(
    amount: int, status: str = "needs_response", *, id: str = "dp_1", at: datetime = NOW, currency: str = "eur"
) -> Dispute:
    return Dispute(id, amount, currency, status, at)


def a_session(order: Order | None = None, **given: Any) -> CheckoutSession:
    """A session that is paid for in full; without `order`, one that is not ours."""
    lines = order.lines if order else an_order().lines
    total = sum((line.unit_amount or 0) * line.quantity for line in lines)
    mode = order.mode if order else "payment"
    paid = CheckoutSession(
        id=SESSION,
        mode=mode,
        status="complete",
        payment_status="paid",
        customer=CUSTOMER,
        currency="eur",
        amount_total=total,
        items=tuple(LineItem(line.price_id, line.quantity) for line in lines),
        created=NOW - timedelta(hours=1),
        order=order.id if order else None,
        payment=a_payment(total) if mode == "payment" else None,
    )
    return replace(paid, **given)


def unpaid(session: CheckoutSession, status: str = "open", **given: Any) -> CheckoutSession:
    return replace(session, status=status, payment_status="unpaid", payment=None, **given)


def an_item(price: Price = PRO_MONTHLY, quantity: int = 1, days: int = 30, **given: Any) -> SubscriptionItem:
    """Paid for so many days; each price has an item of its own."""
    item = SubscriptionItem(price.id, quantity, NOW + days * DAY, item_of(price.id), period_start=NOW, created=NOW)
    return replace(item, **given)


def item_of(price: PriceId) -> str:
    """The id of the item that a price has."""
    return f"si_{price}"


def a_subscription(price: Price = PRO_MONTHLY, **given: Any) -> Subscription:
    active = Subscription(SUBSCRIPTION, CUSTOMER, "active", NOW, (an_item(price),), False, None, None, None)
    return replace(active, **given)


def a_line(price: Price = PRO_MONTHLY, **given: Any) -> InvoiceLine:
    line = InvoiceLine(
        "il_1",
        price.id,
        1,
        price.unit_amount or 0,
        NOW + 30 * DAY,
        proration=False,
        of_subscription=True,
        period_start=NOW,
        item=item_of(price.id),
    )
    return replace(line, **given)


def an_invoice(*lines: InvoiceLine, **given: Any) -> Invoice:
    """A paid first invoice of a subscription."""
    taken = lines or (a_line(),)
    total = sum(line.amount for line in taken)
    paid = Invoice(
        INVOICE,
        CUSTOMER,
        SUBSCRIPTION,
        "paid",
        "subscription_create",
        "eur",
        taken,
        NOW,
        payment=Payment(PaymentIntentId("pi_in_1"), total, "eur", NOW) if total else None,
    )
    return replace(paid, **given)


def before(*orders: Order, **account: Any) -> Before:
    """An account that stands, with its orders; nothing of them is paid."""
    known = replace(Account(ALICE, customers=(CUSTOMER,), version=1, stripe_version=1), **account)
    return Before(known, orders={order.id: order for order in orders})


def a_truth(*things: CheckoutSession | Subscription | Invoice, **given: Any) -> Snapshot:
    return Snapshot(
        subscriptions=tuple(item for item in things if isinstance(item, Subscription)),
        sessions=tuple(item for item in things if isinstance(item, CheckoutSession)),
        invoices=tuple(item for item in things if isinstance(item, Invoice)),
        **{"prices": PRICES, **given},
    )


def step(state: Before, truth: Snapshot, now: datetime = NOW) -> tuple[Before, Decision]:
    """Decide, and store what was decided as the adapters do."""
    decision = decide(state, truth, now, POLICY, CAUSE)
    stored = {item.key: replace(item, version=item.version + 1) for item in decision.purchases}
    moved = {lot.key: lot for lot in (*state.moved.values(), *decision.moved)}
    for lot in decision.account.lots:
        moved.pop(lot.key, None)
    return Before(decision.account, {**state.purchases, **stored}, state.orders, moved), decision


def settled(state: Before, truths: Iterable[tuple[Snapshot, datetime]]) -> Before:
    """Decide on each truth in turn."""
    for truth, now in truths:
        state, _ = step(state, truth, now)
    return state
