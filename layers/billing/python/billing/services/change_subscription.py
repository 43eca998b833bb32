"""Change the plan of a user's subscription, after showing what it costs.

A change is billed at once and takes effect once it is paid for: Stripe keeps it pending until then, and drops it when
nobody pays. One that would give money back is not made here (docs/decisions/0017).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from billing.domain.account import Account
from billing.domain.cart import check_sellable
from billing.domain.ids import SubscriptionId, UserId
from billing.domain.plan_change import (
    PREVIEW_LIFE,
    Bill,
    LiveSubscription,
    PlanChange,
    change_key,
    change_of,
    chosen,
    refuse_giving_back,
    refuse_stale,
    refuse_unchangeable,
)
from billing.errors import (
    CheckoutConflict,
    IdempotencyConflict,
    PreviewExpired,
    QuantityOutOfRange,
    StripeKeyInUse,
    StripeRefused,
    SubscriptionNotFound,
)
from billing.ports.cache import Cache
from billing.ports.stripe import Catalog, StripeSubscriptions, Touched
from billing.services.converge import ConvergeDeps, converge
from billing.services.find_price import PriceFinder, PriceRef
from billing.services.own_subscription import account_with
from billing.services.publish import published
from billing.services.wait_for_key import KEY_TURNS, wait_for_key

ACTOR = "subscriptions"


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """What a user wants a subscription to be. `quantity` None keeps what it is."""

    user: UserId
    price: PriceRef
    quantity: int | None = None
    subscription: SubscriptionId | None = None
    prorated_at: datetime | None = None
    """The moment of the preview that the user has confirmed; None: the moment of the change."""
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeDeps:
    """What a change needs of the world."""

    converge: ConvergeDeps
    catalog: Catalog
    stripe: StripeSubscriptions
    cache: Cache
    max_quantity: int


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What a change would cost. `now` is None when nothing would be billed at once."""

    change: PlanChange
    now: Bill | None
    recurring: Bill
    prorated_at: datetime
    expires_at: datetime


class ChangeStatus(StrEnum):
    """What became of a change."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    PAYMENT_REQUIRED = "payment_required"


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a change, and the account as it stands. The other two belong to PAYMENT_REQUIRED."""

    status: ChangeStatus
    account: Account
    subscription: SubscriptionId
    invoice_page: str | None = None
    expires_at: datetime | None = None


def preview_change(request: ChangeRequest, deps: ChangeDeps) -> ChangePreview:
    """What the change would cost now and later. Nothing is changed.

    Raises QuantityOutOfRange, SubscriptionNotFound, SubscriptionAmbiguous, ChangeRefused, UnknownPrice, AmbiguousPrice,
    PriceUnavailable, CurrencyUnavailable, PlanMismatch, and what the ports raise.
    """
    _, live, change = _wanted(request, deps)
    now = _moment(live, deps)
    change = replace(change, prorated_at=now)
    return ChangePreview(
        change=change,
        now=_billed_now(change, live, deps),
        recurring=deps.stripe.preview_recurring(change),
        prorated_at=now,
        expires_at=now + PREVIEW_LIFE,
    )


def change_subscription(request: ChangeRequest, deps: ChangeDeps) -> Changed:
    """Make the change and bill it, or say what it waits for; then bring the account up to date.

    Made twice it is billed once: the second finds the subscription changed, or pending, or meets Stripe's idempotency
    key. Raises what `preview_change` raises, PreviewExpired, IdempotencyConflict, and CheckoutConflict while the other
    one is under way for too long.
    """
    account, live, change = _wanted(request, deps)
    if change.nothing:
        return _settled(ChangeStatus.UNCHANGED, live, deps, account.user)
    if not change.waits_in(live):  # else a second click gets the same page to pay on
        key = _key(request, change, live, account)
        if change.prorated_at is not None:
            refuse_stale(change.prorated_at, live, deps.converge.clock.now())
        # A moment is always named: Stripe then refuses the change if the period has ended since it was judged. Else a
        # cheaper plan, refused a second later, would take back the price of a renewal that still grants its credits.
        change = replace(change, prorated_at=change.prorated_at or _moment(live, deps))
        _billed_now(change, live, deps)
        live = _make(change, key, request, deps)
        deps.converge.metrics.count("SubscriptionChanges", outcome=_status(live))
    return _settled(_status(live), live, deps, account.user)


def _wanted(request: ChangeRequest, deps: ChangeDeps) -> tuple[Account, LiveSubscription, PlanChange]:
    """The caller's subscription as it is at Stripe now, and the change, if it can be made at all."""
    if request.quantity is not None and not 1 <= request.quantity <= deps.max_quantity:
        raise QuantityOutOfRange(f"quantity must be from 1 to {deps.max_quantity}")
    account = deps.converge.accounts.load(request.user, []).account
    account = account_with(account, request.subscription, ACTOR, deps.converge, deps.cache)
    state = chosen(account.subscriptions, request.subscription)
    live = deps.stripe.live(state.id)
    if live.customer not in account.customers:
        raise SubscriptionNotFound("there is no such subscription", subscription_id=state.id)
    refuse_unchangeable(live)
    price = PriceFinder(deps.catalog, live.currency).find(request.price)
    check_sellable(price)
    return account, live, change_of(live, price, request.quantity, request.prorated_at)


def _moment(live: LiveSubscription, deps: ChangeDeps) -> datetime:
    """Now. Stripe counts seconds, and its clock may be ahead of ours where a period has just begun."""
    return max(deps.converge.clock.now().replace(microsecond=0), live.period_start)


def _billed_now(change: PlanChange, live: LiveSubscription, deps: ChangeDeps) -> Bill | None:
    """What the change bills at once; None in a trial, which is free whatever the plan, and for no change.

    Raises ChangeNotNow for a change that would give money back.
    """
    if live.status == "trialing" or change.nothing:
        return None
    try:
        bill = deps.stripe.preview(change)
    except StripeRefused as refused:
        if refused.stripe_code == "invoice_upcoming_none":  # somebody else has just made this change
            return None
        raise _stale_or(refused, change) from refused
    refuse_giving_back(change, bill)
    return bill


def _key(request: ChangeRequest, change: PlanChange, live: LiveSubscription, account: Account) -> str:
    """The caller's key if there is one, so that a retry of theirs is the same request at Stripe."""
    if request.idempotency_key is None:
        return change_key(change, live, account.stripe_version)
    return f"change:{live.id}:by-caller:{sha256(request.idempotency_key.encode()).hexdigest()[:32]}"


def _make(change: PlanChange, key: str, request: ChangeRequest, deps: ChangeDeps) -> LiveSubscription:
    """Make the change, unless a click of a moment ago has made this very one: it had the same key, at another second.

    Raises IdempotencyConflict when the caller's key was used for something else, PreviewExpired, and CheckoutConflict.
    """
    try:
        return _in_turns(change, key, request.user, deps)
    except StripeRefused as refused:
        if not refused.key_reused:
            raise _stale_or(refused, change) from refused
        live = deps.stripe.live(change.subscription)
        if change.stands_in(live):
            return live
        if request.idempotency_key is None:
            raise PreviewExpired("ask for a preview first", subscription_id=change.subscription) from refused
        raise IdempotencyConflict(
            "this idempotency key was used for another change", subscription_id=change.subscription
        ) from refused


def _in_turns(change: PlanChange, key: str, user: UserId, deps: ChangeDeps) -> LiveSubscription:
    """Make the change, and again while Stripe is at a request of this key: that one's answer is this one's, too."""
    for turn in range(KEY_TURNS):
        try:
            return deps.stripe.change(change, key)
        except StripeKeyInUse:
            wait_for_key(turn, deps.converge)
    raise CheckoutConflict("this change is being made: try again", user_id=user, subscription_id=change.subscription)


def _stale_or(refused: StripeRefused, change: PlanChange) -> PreviewExpired | StripeRefused:
    """What a refusal means: PreviewExpired when a new period has begun since the moment that was previewed."""
    if "proration_date" in (refused.param or ""):
        return PreviewExpired("the preview is too old: ask for another", subscription_id=change.subscription)
    return refused


def _status(live: LiveSubscription) -> ChangeStatus:
    return ChangeStatus.CHANGED if live.pending is None else ChangeStatus.PAYMENT_REQUIRED


def _settled(status: ChangeStatus, live: LiveSubscription, deps: ChangeDeps, user: UserId) -> Changed:
    """Converge at once: the app shows the new plan before any webhook, which is the backup here as well."""
    core = deps.converge
    account = converge(user, Touched(), [], ACTOR, core).account
    deps.cache.publish([published(account, core.policy, core.clock.now())], [])
    core.log.info("subscription change answered", user_id=user, subscription_id=live.id, outcome=status)
    waits = live.pending if status is ChangeStatus.PAYMENT_REQUIRED else None
    return Changed(
        status=status,
        account=account,
        subscription=live.id,
        invoice_page=live.invoice_page if waits else None,
        expires_at=waits.expires_at if waits else None,
    )
