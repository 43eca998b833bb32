"""Open Stripe's customer portal for a user: payment methods, invoices, cancelling, and changes at a period's end."""

from __future__ import annotations

from dataclasses import dataclass

from billing.domain.account import Account
from billing.domain.ids import CustomerId, SubscriptionId, UserId
from billing.domain.plan_change import chosen
from billing.domain.subscription import governing
from billing.errors import StripeRefused, SubscriptionCanceling
from billing.ports.cache import Cache
from billing.ports.stripe import PortalFlow, StripeCheckout, StripePortal
from billing.services.converge import ConvergeDeps
from billing.services.ensure_customer import ensure_customer
from billing.services.look_at_customers import first_look, forget_gone
from billing.services.own_subscription import account_with

ACTOR = "subscriptions"
PAYMENT_METHOD = "payment_method_update"


@dataclass(frozen=True, slots=True)
class PortalRequest:
    """Who wants in, and to do what; `flow` None opens the portal's front page."""

    user: UserId
    email: str | None
    flow: str | None = None
    subscription: SubscriptionId | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class PortalDeps:
    """What the portal needs of the world."""

    converge: ConvergeDeps
    stripe: StripeCheckout
    portal: StripePortal
    cache: Cache
    adopting: bool
    """Whether a customer that Stripe has already may be taken over, as before a checkout."""


def open_portal(request: PortalRequest, deps: PortalDeps) -> str:
    """The address of a portal session for the user's own customer, which is made if there is none.

    Raises SubscriptionNotFound, SubscriptionAmbiguous, SubscriptionCanceling, PortalNotConfigured,
    PortalFlowUnavailable, CheckoutConflict, and what the ports raise.
    """
    core = deps.converge
    account, customer = _ensured(request, deps)
    try:
        url = _open(request, account, customer, deps)
    except StripeRefused as refused:
        if refused.param != "customer":
            raise
        forget_gone(request.user, account, ACTOR, core, deps.cache)
        account, customer = _ensured(request, deps)
        url = _open(request, account, customer, deps)
    core.metrics.count("PortalSessions", kind=request.flow or "front_page")
    core.log.info("portal opened", user_id=request.user, customer_id=customer, kind=request.flow)
    return url


def _ensured(request: PortalRequest, deps: PortalDeps) -> tuple[Account, CustomerId]:
    core = deps.converge
    ensured = ensure_customer(request.user, request.email, core, deps.stripe, adopting=deps.adopting)
    if not ensured.account.unlooked:
        return ensured.account, ensured.customer
    return first_look(request.user, ensured.account, ACTOR, core, deps.cache), ensured.customer


def _open(request: PortalRequest, account: Account, customer: CustomerId, deps: PortalDeps) -> str:
    if request.flow in (None, PAYMENT_METHOD):
        core = deps.converge
        state = governing(account.subscriptions, core.policy.levels, core.policy.grace, core.clock.now())
        # of several customers, the one that pays for something: the other's portal would be empty
        own = state.customer if state is not None and state.customer in account.customers else customer
        flow = PortalFlow(request.flow) if request.flow is not None else None
        return deps.portal.open_portal(own, flow, request.locale)
    account = account_with(account, request.subscription, ACTOR, deps.converge, deps.cache)
    state = chosen(account.subscriptions, request.subscription)
    if state.cancel_at_period_end or state.cancel_at is not None:
        raise SubscriptionCanceling("it ends already: keep it on the portal's front page", subscription_id=state.id)
    return deps.portal.open_portal(state.customer, PortalFlow(request.flow, state.id), request.locale)
