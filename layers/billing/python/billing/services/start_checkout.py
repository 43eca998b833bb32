"""Start a checkout: is it for sale, who is the customer, may this user buy it; then open a session for it."""

from __future__ import annotations

from dataclasses import dataclass

from billing.domain.cart import Cart, cart_of
from billing.domain.ids import UserId
from billing.domain.terms import HOSTED, SellingPolicy, terms_of
from billing.errors import QuantityOutOfRange, StripeRefused, SubscriptionExists, TooManyCheckouts
from billing.ports.cache import Cache
from billing.ports.store import CheckoutStore
from billing.ports.stripe import Catalog, OpenSession, StripeCheckout
from billing.services.converge import ConvergeDeps
from billing.services.ensure_customer import Ensured, ensure_customer
from billing.services.find_price import PriceFinder, PriceRef
from billing.services.look_at_customers import first_look, forget_gone
from billing.services.open_session import ACTOR, SessionDeps, SessionOpener, WantedOrder, refuse_second_subscription

_HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class LineRequest:
    """A price, and how many."""

    price: PriceRef
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """What a user wants to buy and how the page is to look; nothing else that costs money.

    `email` is the verified address of the token. Without `currency` it is the price's own, without `locale` the
    installation's.
    """

    user: UserId
    email: str | None
    lines: tuple[LineRequest, ...]
    currency: str | None = None
    locale: str | None = None
    ui_mode: str = HOSTED


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

    Raises TooManyCheckouts, QuantityOutOfRange, UnknownPrice, AmbiguousPrice, what `cart_of` raises,
    SubscriptionExists, CheckoutConflict, and what the ports raise.
    """
    _count(request.user, deps)
    cart = _cart(request, deps)
    core = deps.converge
    terms = terms_of(deps.selling, cart.mode, request.ui_mode, request.locale, request.email)
    wanted = WantedOrder(request.user, request.email, cart, terms)
    ensured = _customer(request, deps)
    try:
        session = _open(wanted, ensured, deps)
    except StripeRefused as refused:
        if refused.param != "customer":
            raise
        forget_gone(request.user, ensured.account, ACTOR, core, deps.cache)
        ensured = _customer(request, deps)
        session = _open(wanted, ensured, deps)
    core.log.info(
        "checkout answered",
        user_id=request.user,
        session_id=session.id,
        customer_id=ensured.customer,
        mode=cart.mode,
    )
    return session


def _count(user: UserId, deps: CheckoutDeps) -> None:
    """Let nobody ask without end: each checkout asks Stripe, and each page takes cards to be tried (S22).

    By the cache, which may forget: then the throttle of the route is what is left.
    """
    most = deps.selling.checkouts_an_hour
    if most and deps.cache.count_checkout(user) > most:
        left = _HOUR_SECONDS - int(deps.converge.clock.now().timestamp()) % _HOUR_SECONDS
        raise TooManyCheckouts(f"this user may ask for {most} checkouts an hour", retry_after=left, user_id=user)


def _cart(request: CheckoutRequest, deps: CheckoutDeps) -> Cart:
    """The prices, read from Stripe and not from the cache: what they give is about to be frozen into an order."""
    most = deps.selling.max_quantity
    if not all(1 <= line.quantity <= most for line in request.lines):
        raise QuantityOutOfRange(f"quantity must be from 1 to {most}")
    finder = PriceFinder(deps.catalog, request.currency)
    return cart_of([(finder.find(line.price), line.quantity) for line in request.lines], request.currency)


def _customer(request: CheckoutRequest, deps: CheckoutDeps) -> Ensured:
    core = deps.converge
    adopting = deps.selling.adopt_customers
    return ensure_customer(request.user, request.email, core, deps.stripe, adopting=adopting)


def _open(wanted: WantedOrder, ensured: Ensured, deps: CheckoutDeps) -> OpenSession:
    """Open the session, unless the account has what must not be bought twice."""
    account = ensured.account
    if account.unlooked or account.stripe_version == 0:
        account = first_look(wanted.user, account, ACTOR, deps.converge, deps.cache)
    world = SessionDeps(deps.converge, deps.stripe, deps.checkouts, deps.cache)
    opener = SessionOpener(wanted, account, ensured.customer, world)
    if wanted.group is not None:
        try:
            refuse_second_subscription(account, wanted.group)
        except SubscriptionExists:
            opener.end_open()
            raise
    return opener.open()
