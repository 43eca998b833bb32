"""Judging one payment: is it ours, is it what was ordered, is it paid, and what does it grant for the first time?

One-time payments grant by session only, subscriptions by invoice line only: any other rule grants twice somewhere
(money rule 12).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from billing.domain.catalog import METERED, Price
from billing.domain.credits import Lot
from billing.domain.ids import OrderId, PriceId, PurchaseKey, UserId, invoice_line_key
from billing.domain.ledger import Change, Kind
from billing.domain.order import Order, OrderLine
from billing.domain.paid_lines import lines_of_payment, lines_of_subscription
from billing.domain.purchase import Purchase, PurchaseState, lots_of, opened
from billing.domain.registers import merged
from billing.domain.snapshot import CheckoutSession, Invoice, InvoiceLine, Snapshot

GRANTING_REASONS = {"subscription_create": Kind.PURCHASE, "subscription_cycle": Kind.RENEWAL}
"""Why an invoice may grant credits, by Stripe's `billing_reason`."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found of some payments; found separately, it adds up."""

    purchases: tuple[Purchase, ...] = ()
    lots: tuple[Lot, ...] = ()
    granted: tuple[Change, ...] = ()
    foreign: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: Judged) -> Judged:
        return Judged(
            self.purchases + other.purchases,
            self.lots + other.lots,
            self.granted + other.granted,
            self.foreign | other.foreign,
            {**self.refused, **other.refused},
        )


def judge_session(
    session: CheckoutSession,
    purchases: Mapping[PurchaseKey, Purchase],
    orders: Mapping[OrderId, Order],
    prices: Mapping[PriceId, Price],
    user: UserId,
    now: datetime,
) -> Judged:
    """Judge a checkout session of a customer of `user`.

    It is ours when its purchase is stored, or when it carries the id of an order of ours (the function that made it
    died before it could store the purchase). Anything else belongs to a payment link or to another app on the same
    Stripe account (money rule 10). Currency and lines must be as ordered, but for what Stripe's page lets a buyer add
    (money rule 14); amounts are not compared: promotion codes, tax and trials change them rightly.
    """
    known = purchases.get(PurchaseKey(session.id))
    if known is None:
        order = orders.get(session.order) if session.order else None
        if order is None:
            return Judged(foreign=frozenset({session.id}))
        known = opened(order, session.id)
    if known.user != user:
        return Judged(refused={session.id: "another owner"})
    if known.state is PurchaseState.PAID:
        return Judged(purchases=(replace(known, payment=merged(known.payment, session.payment)),))
    if not session.settled:
        return Judged(purchases=(replace(known, state=_unpaid_state(session)),))
    lines_of = lines_of_payment if known.mode == "payment" else lines_of_subscription
    lines = lines_of(known.lines, session.items, prices, known.currency)
    if session.currency != known.currency or lines is None:
        refused = replace(known, state=PurchaseState.REFUSED, payment=session.payment)
        why = "other lines" if session.currency == known.currency else "another currency"
        return Judged(purchases=(refused,), refused={session.id: why})
    paid = replace(
        known,
        lines=lines,
        state=PurchaseState.PAID,
        amount_total=session.amount_total,
        paid_at=_paid_at(session, now),
        payment=session.payment,
    )
    return _granted(paid, Kind.PURCHASE)


def _paid_at(session: CheckoutSession, now: datetime) -> datetime:
    """When it was paid for: Stripe's time of the charge. A bank debit's is that of sending it to the bank, which may
    take 14 business days, and no object of Stripe's tells when the money came. Where nothing was due there is no
    charge, and the page may have been open for a day. So what is paid for by anything but a card begins when it is
    first seen paid (docs/decisions/0061). Nothing begins with a subscription's session, whose invoices grant.
    """
    payment = session.payment
    if payment is not None and payment.card is not None:
        return payment.paid_at
    if session.mode == "subscription":
        return session.created
    return max(payment.paid_at if payment is not None else session.created, now.replace(microsecond=0))


def judge_invoice(
    invoice: Invoice,
    purchases: Mapping[PurchaseKey, Purchase],
    order: Order | None,
    prices: Mapping[PriceId, Price],
    user: UserId,
    *,
    trial_credits: bool = False,
    trial_end: datetime | None = None,
) -> list[Judged]:
    """Judge a subscription's invoice: what each line is found to be. `order` is the one that started the subscription,
    if we know it.

    The first invoice grants what was ordered; a renewal grants what the catalog says when it is first seen paid, and
    what was ordered where Stripe has no price any more that says it (docs/decisions/0062). What a line grants is the
    credits of its price times its quantity: none, too, and then its purchase keeps that, so that a later edit of the
    price grants nothing for it. The invoice of a plan change grants nothing: who toggles between two plans would be
    granted without end (money rule 12). But where a change has ended the trial, the period that begins at `trial_end`
    is the first one that is paid for; no other begins then (docs/decisions/0060).
    """
    judged: list[Judged] = []
    if invoice.status != "paid" or invoice.subscription is None or invoice.paid_at is None:
        return judged
    kind = GRANTING_REASONS.get(invoice.billing_reason)
    ended = trial_end if invoice.billing_reason == "subscription_update" else None
    order = order if order is not None and order.user == user else None
    first = order if kind is Kind.PURCHASE else None
    for line in invoice.lines:
        known = purchases.get(invoice_line_key(invoice.id, line.id))
        if known is not None:
            judged.append(Judged(purchases=(replace(known, payment=merged(known.payment, invoice.payment)),)))
            continue
        reason = Kind.RENEWAL if ended is not None and line.period_start == ended else kind
        ordered = first if line.price_id in prices else order
        if reason is not None and (sold := _sold(line, ordered, prices, trial_credits=trial_credits)):
            judged.append(_granted(_line_purchase(invoice, line, sold, invoice.paid_at, first, user), reason))
    return judged


def _sold(
    line: InvoiceLine, order: Order | None, prices: Mapping[PriceId, Price], *, trial_credits: bool
) -> OrderLine | None:
    """What a line sells; None for prorations, an unusable price, what is no plan, metered usage, and for a trial unless
    trials have credits. A trial's line costs nothing where its price does; a discount shows elsewhere. The quantity of
    metered usage is what was used, not how many were bought
    (https://docs.stripe.com/billing/subscriptions/usage-based).
    """
    if not line.of_subscription or line.proration or line.price_id is None:
        return None
    frozen = order.line_of(line.price_id) if order else None
    price = prices.get(line.price_id)
    unit_amount = frozen.unit_amount if frozen else price.unit_amount if price else None
    if line.amount == 0 and unit_amount != 0 and not trial_credits:
        return None
    sold = None
    if frozen is not None:
        sold = replace(frozen, quantity=line.quantity)
    elif price is not None and price.problem is None and price.barred != METERED:
        sold = OrderLine(price.id, price.product_name, line.quantity, price.unit_amount, price.gives)
    return sold


def _line_purchase(
    invoice: Invoice, line: InvoiceLine, sold: OrderLine, paid_at: datetime, order: Order | None, user: UserId
) -> Purchase:
    return Purchase(
        key=invoice_line_key(invoice.id, line.id),
        user=user,
        order=order.id if order else None,
        mode="invoice",
        currency=invoice.currency,
        lines=(sold,),
        created_at=paid_at,
        state=PurchaseState.PAID,
        amount_total=line.amount,
        paid_at=paid_at,
        payment=invoice.payment,
    )


def _granted(purchase: Purchase, kind: Kind) -> Judged:
    lots = tuple(lots_of(purchase))
    names = ", ".join(f"{line.quantity} x {line.name}" for line in purchase.lines)
    change = Change(kind, sum(lot.granted for lot in lots), purchase.source, names)
    return Judged(purchases=(purchase,), lots=lots, granted=(change,) if lots else ())


def _unpaid_state(session: CheckoutSession) -> PurchaseState:
    if session.status == "expired":
        return PurchaseState.EXPIRED
    if session.status == "complete":
        return PurchaseState.FAILED if session.payment_failed else PurchaseState.PROCESSING
    return PurchaseState.OPEN


def prices_named(truth: Snapshot) -> frozenset[PriceId]:
    """The prices whose gifts a decision on this truth may need."""
    items = {item.price_id for sub in truth.subscriptions for item in sub.items}
    lines = {line.price_id for invoice in truth.invoices for line in invoice.lines if line.price_id}
    bought = {item.price_id for session in truth.sessions if session.settled for item in session.items}
    return frozenset(items | lines | bought)
