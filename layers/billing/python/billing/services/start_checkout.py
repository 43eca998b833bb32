"""Start a checkout: is it for sale, who is the customer, may this user buy it; then open a session for it."""

from __future__ import annotations

from dataclasses import dataclass

from billing.domain.account import Account
from billing.domain.catalog import Price
from billing.domain.ids import CustomerId, PriceId, UserId
from billing.domain.order import OrderLine
from billing.domain.terms import SellingPolicy
from billing.errors import PriceUnavailable, QuantityOutOfRange, StripeRefused, UnknownPrice
from billing.ports.cache import Cache
from billing.ports.store import CheckoutStore
from billing.ports.stripe import Catalog, OpenSession, StripeCheckout, Touched
from billing.services.converge import ConvergeDeps, converge
from billing.services.ensure_customer import ensure_customer
from billing.services.open_session import ACTOR, SessionDeps, SessionOpener, Wanted, refuse_second_subscription


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """What a user wants to buy, and nothing else that costs money: a price by id or lookup key, and how many."""

    user: UserId
    email: str | None
    price_id: str | None
    lookup_key: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class CheckoutDeps:
    """What a checkout needs of the world."""

    converge: ConvergeDeps
    catalog: Catalog
    stripe: StripeCheckout
    checkouts: CheckoutStore
    cache: Cache
    selling: SellingPolicy


def start_checkout(request: CheckoutRequest, deps: CheckoutDeps) -> OpenSession:
    """Open a session for the request, or answer the one that is open for the same order already.

    Raises QuantityOutOfRange, UnknownPrice, PriceUnavailable, SubscriptionExists, CheckoutConflict, and what the ports
    raise.
    """
    if not 1 <= request.quantity <= deps.selling.max_quantity:
        raise QuantityOutOfRange(f"quantity must be from 1 to {deps.selling.max_quantity}")
    price = _price(request, deps.catalog)
    lines = (OrderLine(price.id, price.product_name, request.quantity, price.unit_amount, price.gives),)
    mode = "subscription" if price.recurring else "payment"
    core = deps.converge
    wanted = Wanted(request.user, mode, price.currency, lines)
    account, customer = ensure_customer(request.user, request.email, core.accounts, deps.stripe, core.log)
    try:
        session = _open(wanted, account, customer, deps)
    except StripeRefused as refused:
        if refused.param != "customer":
            raise
        account, customer = _replace_customer(request, account, deps)
        session = _open(wanted, account, customer, deps)
    core.metrics.count("CheckoutsStarted", mode=mode)
    core.log.info("checkout answered", user_id=request.user, session_id=session.id, customer_id=customer, mode=mode)
    return session


def _open(wanted: Wanted, account: Account, customer: CustomerId, deps: CheckoutDeps) -> OpenSession:
    """Open the session, unless the account has what must not be bought twice."""
    if account.stripe_version == 0:
        # the customer may be older than its owner record: what happened to it in between was parked (money rule 9)
        account = converge(wanted.user, Touched(), [], ACTOR, deps.converge).account
    if wanted.mode == "subscription":
        refuse_second_subscription(account)
    world = SessionDeps(deps.converge, deps.stripe, deps.checkouts, deps.cache)
    return SessionOpener(wanted, customer, world).open()


def _price(request: CheckoutRequest, catalog: Catalog) -> Price:
    """The price, read from Stripe and not from the cache: what it gives is about to be frozen into an order."""
    found = (
        catalog.price(PriceId(request.price_id))
        if request.price_id is not None
        else catalog.price_by_lookup_key(request.lookup_key or "")
    )
    if found is None:
        raise UnknownPrice("there is no such price")
    if found.problem is not None:
        raise PriceUnavailable("this price is not set up correctly", price_id=found.id, reason=found.problem)
    if not found.active or found.unit_amount is None or found.gives.nothing:
        raise PriceUnavailable("this price is not for sale", price_id=found.id)
    return found


def _replace_customer(request: CheckoutRequest, account: Account, deps: CheckoutDeps) -> tuple[Account, CustomerId]:
    """Let the account learn which of its customers are gone from Stripe, and make the next one."""
    core = deps.converge
    converge(request.user, Touched(customers=frozenset(account.customers)), [], ACTOR, core)
    return ensure_customer(request.user, request.email, core.accounts, deps.stripe, core.log)
