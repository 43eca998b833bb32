"""Open one payable session for an order, however many tabs ask.

The order is written before Stripe hears of it, the session is attached to the claim's generation, and only then is its
URL handed out (money rule 13). A stalled call that wakes up after another took over finds its generation gone, ends its
own session and hands out nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billing.domain.account import Account
from billing.domain.cart import Cart
from billing.domain.ids import CustomerId, OrderId, PurchaseKey, SessionId, UserId
from billing.domain.order import Claim, Order, order_hash, slot_of
from billing.domain.purchase import PurchaseState, opened
from billing.domain.terms import Terms
from billing.errors import (
    CheckoutConflict,
    Contention,
    PriceUnavailable,
    StripeKeyInUse,
    StripeRefused,
    SubscriptionExists,
)
from billing.ports.cache import Cache
from billing.ports.store import CheckoutStore
from billing.ports.stripe import OpenSession, StripeCheckout
from billing.services.backoff import Backoff
from billing.services.converge import ConvergeDeps, converge, touched_session
from billing.services.publish import published
from billing.services.wait_for_key import KEY_TURNS, wait_for_key

ACTOR = "create_checkout"
_ORDER_LIFE = timedelta(hours=23)
"""Stripe allows 30 minutes to 24 hours; an hour is left for calls that stall
(https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-expires_at)."""
_SHORTEST_LIFE = timedelta(minutes=35)
_TURNS = 4
_BACKOFF = Backoff(first_seconds=0.05, longest_seconds=0.4)


@dataclass(frozen=True, slots=True)
class WantedOrder:
    """What an order is to hold. The terms are those of a user who has never had a subscription in the group."""

    user: UserId
    email: str | None
    cart: Cart
    terms: Terms

    @property
    def group(self) -> str | None:
        """The plan group that a subscription is wanted in; None for a one-time order."""
        return self.cart.lines[0].gives.group if self.cart.mode == "subscription" else None


@dataclass(frozen=True, slots=True)
class SessionDeps:
    """What opening a session needs of the world."""

    converge: ConvergeDeps
    stripe: StripeCheckout
    checkouts: CheckoutStore
    cache: Cache


def refuse_second_subscription(account: Account, group: str) -> None:
    """Raise SubscriptionExists when a subscription of this plan group stands in the way of a second one."""
    for state in account.subscriptions:
        if state.live and group in state.groups:
            raise SubscriptionExists(
                "there is a subscription already: change it instead", user_id=account.user, subscription_id=state.id
            )


class SessionOpener:
    """Opens a session for one order, in turns: each looks at the slot's claim anew."""

    def __init__(self, wanted: WantedOrder, account: Account, customer: CustomerId, deps: SessionDeps) -> None:
        self._wanted = wanted
        self._user = wanted.user
        self._account = account
        self._customer = customer
        self._deps = deps
        self._slot = slot_of(wanted.cart.mode, wanted.cart.lines)
        self._spent: OrderId | None = None

    @property
    def _terms(self) -> Terms:
        """A trial is for the first subscription in a group; what the account says of that may change on the way."""
        had = self._wanted.group in self._account.subscribed
        return self._wanted.terms.without_trial() if had else self._wanted.terms

    @property
    def _hash(self) -> str:
        cart = self._wanted.cart
        return order_hash(cart.mode, cart.currency, cart.lines, self._terms)

    def open(self) -> OpenSession:
        """Reuse, resume or replace what the slot's claim holds, until one session is ours to hand out."""
        for turn in range(KEY_TURNS):
            now = self._deps.converge.clock.now()
            claim = self._deps.checkouts.claim(self._user, self._slot)
            if claim is not None and claim.session is not None:
                reused = self._reuse_or_end(claim, claim.session, now)
                if reused is not None:
                    return reused
            order: Order | None
            if claim is not None and self._resumable(claim, now):
                held: Claim | None = claim
                order = self._deps.checkouts.order(claim.order)
            else:
                held, order = self._take(claim, now)
            if held is None or order is None:
                continue
            try:
                session = self._make(held, order)
            except StripeKeyInUse:  # another click is at this very order: it will have attached its session
                wait_for_key(turn, self._deps.converge)
                continue
            if session is not None:
                return session
        raise CheckoutConflict("another checkout of this order is in progress: try again", user_id=self._user)

    def end_open(self) -> None:
        """End the slot's session where something else has taken its place: a subscription that the portal moved into
        this group, or that was made by hand. In another tab it could still be paid.
        """
        claim = self._deps.checkouts.claim(self._user, self._slot)
        if claim is None or claim.session is None:
            return
        purchase = self._deps.checkouts.purchase(PurchaseKey(claim.session))
        if purchase is not None and purchase.state is PurchaseState.OPEN:
            self._deps.stripe.expire_session(claim.session)

    def _resumable(self, claim: Claim, now: datetime) -> bool:
        """Whether somebody has begun on this very order, and has no session yet: they are at it, or have died."""
        usable = claim.order_hash == self._hash and claim.order != self._spent
        return claim.session is None and usable and claim.expires_at > now + _SHORTEST_LIFE

    def _reuse_or_end(self, claim: Claim, session: SessionId, now: datetime) -> OpenSession | None:
        """The claim's session if it is the same order and can be paid; else make sure that it can't be paid any more.

        A session that our records call open may have been paid a moment ago, or have ended: Stripe knows. Raises
        SubscriptionExists when a subscription was paid, or is being paid, in the meantime, and CheckoutConflict when
        the session stays payable against our will.
        """
        purchase = self._deps.checkouts.purchase(PurchaseKey(session))
        state = purchase.state if purchase is not None else PurchaseState.EXPIRED
        if state is PurchaseState.OPEN:
            fresh = claim.order_hash == self._hash and claim.expires_at > now + _SHORTEST_LIFE
            if fresh and self._deps.stripe.is_open(session):
                return OpenSession(session, claim.url, claim.expires_at, claim.client_secret)
            ended = self._deps.stripe.expire_session(session)
            state = self._settle(session)
            if not ended and state is PurchaseState.OPEN and self._deps.stripe.is_open(session):
                raise CheckoutConflict("the open session can't be ended: try again", user_id=self._user)
        elif state is PurchaseState.PROCESSING and self._wanted.group is not None:
            state = self._settle(session)  # its debit may have failed: the end of its subscription tells no session
        elif state is PurchaseState.PAID and self._wanted.group is not None:
            # it may have been recorded after this call has read the account, with the subscription that it began
            self._look_again(self._deps.converge.accounts.load(self._user, []).account)
        if state is PurchaseState.REFUSED and claim.expires_at > now:
            raise CheckoutConflict("a payment for this order is being looked at", user_id=self._user)
        if self._wanted.group is not None and state is PurchaseState.PROCESSING:
            raise SubscriptionExists("a payment for a subscription is being processed", user_id=self._user)
        return None

    def _settle(self, session: SessionId) -> PurchaseState:
        """Converge a session that is no longer open, and look at the account again."""
        core = self._deps.converge
        result = converge(self._user, touched_session(session), [], ACTOR, core)
        self._deps.cache.publish([published(result.account, core.policy, core.clock.now())], [])
        self._look_again(result.account)
        return result.purchases[PurchaseKey(session)].state

    def _look_again(self, account: Account) -> None:
        """Go on with what the account has by now, unless that stands in the way."""
        self._account = account
        if self._wanted.group is not None:
            refuse_second_subscription(account, self._wanted.group)

    def _take(self, stale: Claim | None, now: datetime) -> tuple[Claim | None, Order | None]:
        """Take the slot's next generation with a fresh order; None when somebody else was faster."""
        order = Order(
            id=self._deps.converge.random.order_id(),
            user=self._user,
            mode=self._wanted.cart.mode,
            currency=self._wanted.cart.currency,
            lines=self._wanted.cart.lines,
            created_at=now,
            expires_at=now + _ORDER_LIFE,
            email=self._wanted.email,
            terms=self._terms,
        )
        claim = Claim(
            user=self._user,
            slot=self._slot,
            generation=stale.generation + 1 if stale is not None else 1,
            order=order.id,
            order_hash=self._hash,
            taken_at=now,
            expires_at=order.expires_at,
        )
        # whoever held it may have got a session since the claim was read: that one would stay payable
        ended = stale.session if stale is not None else None
        taken = self._uncontended(lambda: self._deps.checkouts.take(claim, order, ended))
        return (claim, order) if taken else (None, None)

    def _make(self, claim: Claim, order: Order) -> OpenSession | None:
        """Create the order's session and attach it; None when this order can't have a session any more.

        The key is the order's and the customer's: whoever resumes this order gets the very same session from Stripe.
        Raises CheckoutConflict when a later call has taken the slot: what that one handed out stands.
        """
        try:
            made = self._created(order, f"checkout:{order.id}:{self._customer}")
        except StripeRefused as refused:
            if refused.param == "customer":
                raise
            if not refused.key_reused:
                raise self._unsellable(refused) from refused
            self._spent = order.id  # begun with other parameters: a setting has changed since
            return None
        held = replace(
            claim, session=made.id, url=made.url, client_secret=made.client_secret, expires_at=made.expires_at
        )
        if self._uncontended(lambda: self._deps.checkouts.attach(held, opened(order, made.id))):
            self._deps.converge.metrics.count("CheckoutsStarted", mode=order.mode)
            self._deps.converge.log.info(
                "checkout session opened",
                correlation_id=order.id,
                order_id=order.id,
                session_id=made.id,
                user_id=order.user,
            )
            return made
        stands = self._deps.checkouts.claim(self._user, self._slot)
        if stands is not None and stands.session == made.id:
            return made
        self._deps.stripe.expire_session(made.id)
        if stands is None or stands.generation != claim.generation:
            raise CheckoutConflict("another checkout has taken over: try again", user_id=self._user)
        self._spent = order.id  # the session ended, and a converge stored that, before it could be attached
        return None

    def _uncontended(self, write: Callable[[], bool]) -> bool:
        """Write, and again while another transaction is in the way: that one may end without taking anything."""
        core = self._deps.converge
        for turn in range(_TURNS):
            try:
                return write()
            except Contention:
                _BACKOFF.wait(turn, core.clock, core.random)
        return write()

    def _created(self, order: Order, key: str) -> OpenSession:
        """The session; without a receipt where Stripe refuses the address that it would go to."""
        try:
            return self._deps.stripe.create_session(order, self._customer, key)
        except StripeRefused as refused:
            if "receipt_email" not in (refused.param or ""):
                raise
            self._deps.converge.log.warning(
                "e-mail address refused by Stripe", user_id=self._user, stripe_code=refused.stripe_code
            )
            unsent = replace(order, terms=replace(order.terms, receipt=False))
            return self._deps.stripe.create_session(unsent, self._customer, f"{key}:no-receipt")

    def _unsellable(self, refused: StripeRefused) -> PriceUnavailable:
        """What Stripe refuses of an order that was checked here lies in the price, or in a setting it is not ready for.

        The amount may be below Stripe's least, a currency not the one that the customer is bound to, Stripe Tax not set
        up: the buyer can only choose something else, and a person must hear of it.
        """
        self._deps.converge.log.warning(
            "stripe refused the session",
            user_id=self._user,
            price_id=self._wanted.cart.lines[0].price_id,
            stripe_code=refused.stripe_code,
            param=refused.param,
        )
        return PriceUnavailable(
            "Stripe does not sell this price like this",
            price_id=self._wanted.cart.lines[0].price_id,
            stripe_code=refused.stripe_code,
            param=refused.param,
        )
