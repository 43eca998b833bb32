"""Which payments of an account must be looked at because of these events?"""

from __future__ import annotations

from collections.abc import Iterable

from billing.domain.ids import (
    CHARGE_ID,
    PAYMENT_INTENT_ID,
    CustomerId,
    InvoiceId,
    PaymentIntentId,
    SessionId,
    UserId,
    fits,
)
from billing.domain.notice import Notice, ObjectRef
from billing.ports.store import AccountStore
from billing.ports.stripe import StripeReader, Touched
from billing.services.find_owner import intent_of

_BACK = ("charge.", "refund.")
"""Event types that tell of a refund or a dispute."""

_MONEY = ("invoice.", *_BACK)
"""Event types after which the refunds and disputes of a named invoice may be others. An event of the payment intent
itself tells of neither, and one of the subscription only that there is an invoice."""


def find_touched(user: UserId, notices: Iterable[Notice], accounts: AccountStore, stripe: StripeReader) -> Touched:
    """The payments of this user that the notices speak of.

    A payment intent leads to its session or invoice by the pointer that was written when the purchase was granted: also
    where the event names an invoice, since a one-time payment may have one, too (money rule 12). One that no purchase
    points from yet is looked up at Stripe, unless a notice of the same group names its session. What has no session is
    an invoice's: its registers are read with whichever invoice of the snapshot it paid, also when the refund overtakes
    the grant.
    """
    group = list(notices)
    sessions = {SessionId(text) for notice in group if (text := notice.related.get("checkout.session"))}
    invoices = {InvoiceId(text) for notice in group if (text := notice.related.get("invoice"))}
    registers = {
        InvoiceId(text)
        for notice in group
        if notice.kind.startswith(_MONEY) and (text := notice.related.get("invoice"))
    }
    covered = {intent_of(notice) for notice in group if "checkout.session" in notice.related}
    paid = [(notice, intent) for notice in group if (intent := _payment(notice, stripe)) and intent not in covered]
    taken_back = {intent for notice, intent in paid if notice.kind.startswith(_BACK)}
    ordered = {intent for notice, intent in paid if _may_have_session(notice)}
    intents = {intent for _, intent in paid}
    sources = accounts.sources(intents)
    payments = set()
    for intent in sorted(intents):
        owner, source = sources.get(intent, (user, ""))
        if owner != user:
            continue
        if source.startswith("in_"):
            invoices.add(InvoiceId(source))
            payments.add(intent)
        elif source:
            sessions.add(SessionId(source))
        elif intent in ordered and (session := stripe.session_of_payment(intent)) is not None:
            sessions.add(session)
        elif intent in taken_back:
            payments.add(intent)
    deleted = {CustomerId(item.customer) for item in group if item.kind == "customer.deleted" and item.customer}
    return Touched(
        frozenset(sessions), frozenset(invoices), frozenset(payments), frozenset(registers), frozenset(deleted)
    )


def _payment(notice: Notice, stripe: StripeReader) -> PaymentIntentId | None:
    """The payment intent of a notice; a refund or dispute may name only its charge, and a thin one not even that."""
    intent = intent_of(notice)
    if intent is not None or "checkout.session" in notice.related:
        return intent
    charge = notice.related.get("charge")
    ref = ObjectRef("charge", charge) if charge is not None else notice.object
    if not _pays(ref):
        return None
    hints = stripe.hints(ref)
    text = fits(hints.related.get("payment_intent"), PAYMENT_INTENT_ID) if hints is not None else None
    return PaymentIntentId(text) if text else None


def _may_have_session(notice: Notice) -> bool:
    """Whether a payment without a pointer may belong to a checkout session.

    A refund or dispute names only the payment, and a thin event nothing but its object. Any other event carries the
    order's id if its payment is of a one-time order, for checkout writes it into the payment intent; without one the
    payment is an invoice's, and asking for its session would be a question in vain for each renewal.
    """
    return notice.kind.startswith(_BACK) or notice.kind != notice.type or notice.order_id is not None


def _pays(ref: ObjectRef) -> bool:
    """Whether the object is one that belongs to a payment."""
    return ref.id is not None and (ref.type in ("refund", "dispute") or fits(ref.id, CHARGE_ID) is not None)
