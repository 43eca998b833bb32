"""Whose account does an event concern?

Ownership comes from our own records only: the customer's owner record, the order of a checkout session, or the purchase
that a payment intent points to. Metadata is never believed (failure-modes F35); it only tells a payment of ours, whose
owner is missing, from a foreign one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from billing.domain.ids import CustomerId, PaymentIntentId, SessionId, UserId
from billing.domain.notice import Notice, ObjectRef
from billing.domain.records import Outcome
from billing.ports.store import AccountStore, Owner
from billing.ports.stripe import StripeReader

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
    parked: Mapping[UserId, Sequence[CustomerId]] = field(default_factory=dict)
    """Customers of these users of which events were parked before they had an owner."""
    unasked: Sequence[Notice] = ()
    """Those of which Stripe would have been asked when it was late."""


def find_owners(
    notices: Sequence[Notice],
    accounts: AccountStore,
    stripe: StripeReader,
    *,
    park_foreign: bool = True,
    late: Callable[[], bool] = lambda: False,
) -> Routed:
    """Give each notice to its user. One read for all customers, one for all payments whose event names no customer.

    Stripe is asked last, once for each notice that our own records lead nowhere: a dispute that overtakes its payment,
    a thin event of a subscription. What it answers is added to the notice. `park_foreign` False takes what concerns an
    unknown customer for another app's, unless it names an order of ours. Once it is `late`, Stripe is asked no more.

    Raises what the ports raise.
    """
    return _Routing(notices, accounts, stripe, park_foreign).done(late)


class _Routing:
    def __init__(
        self, notices: Sequence[Notice], accounts: AccountStore, stripe: StripeReader, park_foreign: bool
    ) -> None:
        self._notices = notices
        self._accounts = accounts
        self._stripe = stripe
        self._park_foreign = park_foreign
        self._owners: dict[CustomerId, Owner] = {}

    def done(self, late: Callable[[], bool]) -> Routed:
        """Route all of them."""
        self._owners.update(self._accounts.owners({item.customer for item in self._notices if item.customer}))
        nameless = [notice for notice in self._notices if not notice.customer]
        sources = self._accounts.sources({intent for notice in nameless if (intent := intent_of(notice))})
        sessions = {session for notice in nameless if (session := _session(notice))}
        buyers = self._accounts.buyers(sessions) if sessions else {}
        users: dict[UserId, list[Notice]] = {}
        nobodys: list[Notice] = []
        unasked: list[Notice] = []
        for given in self._notices:
            notice, user = given, self._user_of(given, sources, buyers)
            if user is None and not given.customer:
                if late():
                    unasked.append(given)
                    continue
                notice, user = self._asked(given)
            if user is None:
                nobodys.append(notice)
            else:
                users.setdefault(user, []).append(notice)
        return Routed(users, self._ownerless(nobodys), self._parked(), unasked)

    def _user_of(
        self,
        notice: Notice,
        sources: Mapping[PaymentIntentId, tuple[UserId, str]],
        buyers: Mapping[SessionId, UserId],
    ) -> UserId | None:
        if notice.customer:
            owner = self._owners.get(notice.customer)
            return owner.user if owner is not None else None
        session, intent = _session(notice), intent_of(notice)
        if session is not None and session in buyers:
            return buyers[session]
        return sources[intent][0] if intent is not None and intent in sources else None

    def _asked(self, given: Notice) -> tuple[Notice, UserId | None]:
        """Ask Stripe of whom the object is, and if it does not say so itself, of whom its payment is."""
        notice = given
        if not _speaks(given):
            notice = self._with_hints(given, given.object)
            user = self._user_by_records(notice)
            if user is not None or notice.customer:
                return notice, user
        charge, intent = notice.related.get("charge"), intent_of(notice)
        if intent is not None:
            notice = self._with_hints(notice, ObjectRef("payment_intent", intent))
        elif charge is not None:
            notice = self._with_hints(notice, ObjectRef("charge", charge))
        else:
            return notice, None
        return notice, self._user_by_records(notice)

    def _with_hints(self, notice: Notice, ref: ObjectRef) -> Notice:
        hints = self._stripe.hints(ref)
        return notice if hints is None else notice.with_hints(hints)

    def _user_by_records(self, notice: Notice) -> UserId | None:
        if notice.customer and notice.customer not in self._owners:
            self._owners.update(self._accounts.owners([notice.customer]))
        intent = intent_of(notice)
        sources = self._accounts.sources([intent]) if intent is not None and not notice.customer else {}
        return self._user_of(notice, sources, {})

    def _ownerless(self, nobodys: Sequence[Notice]) -> list[Ownerless]:
        orders = self._accounts.orders({notice.order_id for notice in nobodys if notice.order_id is not None})
        return [self._of_nobody(notice, notice.order_id in orders) for notice in nobodys]

    def _of_nobody(self, notice: Notice, ours: bool) -> Ownerless:
        """`ours` says that it names an order that we wrote: anybody can write an order id into a payment link."""
        if ours:
            return Ownerless(notice, Outcome.PARKED, "an order of ours, its owner is unknown")
        if notice.kind.startswith(_PAYMENTS) or not notice.customer:
            return Ownerless(notice, Outcome.IGNORED, "foreign payment")
        if self._park_foreign:
            return Ownerless(notice, Outcome.PARKED, "the customer has no owner")
        return Ownerless(notice, Outcome.IGNORED, "foreign customer")

    def _parked(self) -> dict[UserId, list[CustomerId]]:
        found: dict[UserId, list[CustomerId]] = {}
        for customer, owner in sorted(self._owners.items()):
            if owner.parked:
                found.setdefault(owner.user, []).append(customer)
        return found


def _speaks(notice: Notice) -> bool:
    """Whether the event itself names a payment or an order: a thin event names nothing but its object."""
    return notice.kind == notice.type


def intent_of(notice: Notice) -> PaymentIntentId | None:
    """The payment intent that a notice names."""
    text = notice.related.get("payment_intent")
    return PaymentIntentId(text) if text else None


def _session(notice: Notice) -> SessionId | None:
    text = notice.related.get("checkout.session")
    return SessionId(text) if text else None
