"""Whose account does an event concern, and which of its payments?

Ownership comes from our own records only: the customer's owner record, or the purchase that a payment intent points to.
Metadata is never believed (failure-modes F35); it only tells a payment of ours, whose owner is missing, from a
foreign one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from billing.domain.ids import CustomerId, InvoiceId, PaymentIntentId, SessionId, UserId
from billing.domain.notice import Notice
from billing.domain.records import Outcome
from billing.ports.store import AccountStore
from billing.ports.stripe import StripeReader, Touched

_PAYMENTS = ("checkout.session.", "payment_intent.", "charge.", "refund.")
"""Event types of single payments: one of an unknown customer is foreign without an order id of ours (rule 10)."""


@dataclass(frozen=True, slots=True)
class Ownerless:
    """An event that concerns no account of ours, as far as we can know today."""

    notice: Notice
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Routed:
    """Notices by the user whose account they concern, and those of nobody."""

    users: Mapping[UserId, Sequence[Notice]]
    ownerless: Sequence[Ownerless]


def find_owners(notices: Sequence[Notice], accounts: AccountStore, stripe: StripeReader) -> Routed:
    """Give each notice to its user. One read for all customers, one for all payments whose event names no customer.

    Raises what the ports raise: StripeUnavailable only for a payment without a customer that no purchase points to,
    such as a dispute that overtakes its payment.
    """
    owners = dict(accounts.owners({CustomerId(notice.customer) for notice in notices if notice.customer}))
    intents = {intent for notice in notices if not notice.customer and (intent := _intent(notice))}
    sources = accounts.sources(intents)
    users: dict[UserId, list[Notice]] = {}
    nobodys: list[Notice] = []
    for notice in notices:
        user = _user_of(notice, owners, sources)
        if user is None and not notice.customer:
            user = _user_by_payment(notice, accounts, stripe)
        if user is not None:
            users.setdefault(user, []).append(notice)
        else:
            nobodys.append(notice)
    orders = accounts.orders({notice.order_id for notice in nobodys if notice.order_id is not None})
    ownerless = [_ownerless(notice, notice.order_id in orders) for notice in nobodys]
    return Routed(users, ownerless)


def find_touched(user: UserId, notices: Iterable[Notice], accounts: AccountStore, stripe: StripeReader) -> Touched:
    """The payments of this user that the notices speak of.

    A payment intent leads to its session or invoice by the pointer that was written when the purchase was granted; one
    that no purchase points from yet is looked up at Stripe, unless a notice of the same group names its session. What
    has no session is an invoice's: its registers are read with whichever invoice of the snapshot it paid, also when the
    refund overtakes the grant. An event of the payment intent itself tells of no refund, so it costs no such read.
    """
    group = list(notices)
    sessions = {SessionId(text) for notice in group if (text := notice.related.get("checkout.session"))}
    invoices = {InvoiceId(text) for notice in group if (text := notice.related.get("invoice"))}
    covered = {_intent(notice) for notice in group if "checkout.session" in notice.related}
    paid = [(notice, intent) for notice in group if (intent := _payment(notice, stripe)) and intent not in covered]
    payments = {intent for notice, intent in paid if "invoice" in notice.related}
    taken_back = {intent for notice, intent in paid if not notice.type.startswith("payment_intent.")}
    intents = {intent for _, intent in paid} - payments
    sources = accounts.sources(intents)
    for intent in sorted(intents):
        owner, source = sources.get(intent, (user, ""))
        if owner != user:
            continue
        if source.startswith("in_"):
            invoices.add(InvoiceId(source))
            payments.add(intent)
        elif source:
            sessions.add(SessionId(source))
        elif (session := stripe.session_of_payment(intent)) is not None:
            sessions.add(session)
        elif intent in taken_back:
            payments.add(intent)
    deleted = {CustomerId(item.customer) for item in group if item.type == "customer.deleted" and item.customer}
    return Touched(frozenset(sessions), frozenset(invoices), frozenset(payments), frozenset(deleted))


def _user_of(
    notice: Notice,
    owners: Mapping[CustomerId, UserId],
    sources: Mapping[PaymentIntentId, tuple[UserId, str]],
) -> UserId | None:
    if notice.customer:
        return owners.get(CustomerId(notice.customer))
    intent = _intent(notice)
    return sources[intent][0] if intent is not None and intent in sources else None


def _user_by_payment(notice: Notice, accounts: AccountStore, stripe: StripeReader) -> UserId | None:
    """A dispute carries no customer: ask Stripe whose payment it is."""
    intent = _payment(notice, stripe)
    customer = stripe.customer_of_payment(intent) if intent is not None else None
    return accounts.owners([customer]).get(customer) if customer is not None else None


def _ownerless(notice: Notice, ours: bool) -> Ownerless:
    """`ours` says that it names an order that we wrote: anybody can write an order id into a payment link."""
    if ours:
        return Ownerless(notice, Outcome.PARKED, "an order of ours, its owner is unknown")
    if notice.customer and not notice.type.startswith(_PAYMENTS):
        return Ownerless(notice, Outcome.PARKED, "the customer has no owner")
    return Ownerless(notice, Outcome.IGNORED, "foreign payment")


def _intent(notice: Notice) -> PaymentIntentId | None:
    text = notice.related.get("payment_intent")
    return PaymentIntentId(text) if text else None


def _payment(notice: Notice, stripe: StripeReader) -> PaymentIntentId | None:
    """The payment intent of a notice; a refund or dispute may name only its charge."""
    charge = notice.related.get("charge")
    intent = _intent(notice)
    if intent is None and charge is not None and "checkout.session" not in notice.related:
        return stripe.payment_of_charge(charge)
    return intent
