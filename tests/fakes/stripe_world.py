"""A small Stripe behind the ports: reading, the catalog, customers and checkout sessions.

No friendlier than the real one where that matters: a payment of an invoice comes without its registers unless it was
asked for, a saved answer is replayed for its idempotency key even if the object has changed since, and the same key
with other parameters is refused. How Stripe itself behaves is the stand-in's business (`local/stripe`); here a test
sets the state.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from billing.domain.catalog import Price
from billing.domain.ids import (
    CustomerId,
    InvoiceId,
    OrderId,
    PaymentIntentId,
    PriceId,
    SessionId,
    SubscriptionId,
    UserId,
)
from billing.domain.judge import prices_named
from billing.domain.notice import Hints, ObjectRef
from billing.domain.order import Order
from billing.domain.snapshot import (
    CheckoutSession,
    Invoice,
    LineItem,
    Payment,
    Snapshot,
    Subscription,
)
from billing.domain.terms import HOSTED
from billing.errors import StripeRefused
from billing.ports.stripe import FoundCustomer, History, ListedSession, OpenSession, Touched
from tests.fakes.snapshots import NOW, PRICES, a_line, a_payment, an_invoice, an_item
from tests.fakes.world import Calls


@dataclass
class FakeStripe:
    """The ports StripeReader, Catalog and StripeCheckout over one state."""

    calls: Calls = field(default_factory=Calls)
    prices: dict[PriceId, Price] = field(default_factory=lambda: dict(PRICES))
    customers: dict[CustomerId, tuple[UserId, str | None]] = field(default_factory=dict)
    found: dict[str, list[FoundCustomer]] = field(default_factory=dict)
    """Customers by their address that were there before us."""
    deleted: set[CustomerId] = field(default_factory=set)
    missing: set[CustomerId] = field(default_factory=set)
    """Customers that Stripe does not know any more: test data was deleted as a whole."""
    sessions: dict[SessionId, CheckoutSession] = field(default_factory=dict)
    subscriptions: dict[SubscriptionId, Subscription] = field(default_factory=dict)
    invoices: dict[InvoiceId, Invoice] = field(default_factory=dict)
    charges: dict[str, PaymentIntentId] = field(default_factory=dict)
    parts: dict[PaymentIntentId, Payment] = field(default_factory=dict)
    """Payments of invoices that were paid by several."""
    of_payment: dict[str, PaymentIntentId] = field(default_factory=dict)
    """Refunds and disputes, by id, with the payment that they are of."""
    stubborn: set[SessionId] = field(default_factory=set)
    """Sessions that can't be ended."""
    saved: dict[str, tuple[object, object]] = field(default_factory=dict)
    """By idempotency key: the parameters, and the answer to them."""
    return_page: str = "https://app.example.com"
    """A setting of the functions that is among the parameters of each session."""
    asked: list[tuple[tuple[CustomerId, ...], Touched]] = field(default_factory=list)
    """What each snapshot was asked for."""

    # ---------------------------------------------------------------------------------------------------- reading

    def snapshot(self, customers: Sequence[CustomerId], touched: Touched) -> Snapshot:
        with self.calls.called("snapshot"):
            self.asked.append((tuple(customers), touched))
            deleted = touched.customers & (self.deleted | self.missing)
            if self.missing & (set(customers) - deleted):
                raise _no_such("customer")
            listed = [item for item in self.subscriptions.values() if item.customer in set(customers) - deleted]
            latest = {item.latest_invoice for item in listed if item.latest_invoice}
            truth = Snapshot(
                subscriptions=tuple(listed),
                sessions=tuple(self._found(self.sessions, session) for session in sorted(touched.sessions)),
                invoices=tuple(
                    self._invoice(invoice)
                    for invoice in sorted(latest | touched.invoices | touched.registers | self._last_paid(listed))
                ),
                deleted_customers=deleted,
            )
            return replace(truth, prices={price: self._found(self.prices, price) for price in prices_named(truth)})

    def session_of_payment(self, intent: PaymentIntentId) -> SessionId | None:
        with self.calls.called("session_of_payment"):
            return next((item.id for item in self.sessions.values() if _intent(item.payment) == intent), None)

    def history(self, customer: CustomerId, limit: int) -> History:
        with self.calls.called("history"):
            sessions = [item for item in self.sessions.values() if item.customer == customer]
            invoices = [item for item in self.invoices.values() if item.customer == customer and item.status == "paid"]
            sessions.sort(key=lambda item: (item.created, item.id), reverse=True)
            return History(
                tuple(ListedSession(item.id, item.status, item.order) for item in sessions[:limit]),
                tuple(item.id for item in invoices[:limit] if item.subscription),
                whole=max(len(sessions), len(invoices)) <= limit,
            )

    def payments(self, intents: Collection[PaymentIntentId]) -> dict[PaymentIntentId, Payment]:
        with self.calls.called("payments"):
            paid: Iterable[CheckoutSession | Invoice] = (*self.sessions.values(), *self.invoices.values())
            known = {item.payment.intent: item.payment for item in paid if item.payment} | self.parts
            return {intent: known[intent] for intent in intents if intent in known}

    def hints(self, ref: ObjectRef) -> Hints | None:
        with self.calls.called("hints"):
            match ref.type:
                case "charge" if ref.id in self.charges:
                    paid = self._paid_by(self.charges[ref.id])
                    related = {"charge": ref.id, "payment_intent": self.charges[ref.id]}
                    return Hints(paid.customer if paid else None, related, None)
                case "payment_intent":
                    paid = self._paid_by(str(ref.id))
                    return Hints(paid.customer, {"payment_intent": str(ref.id)}, None) if paid else None
                case "subscription" if ref.id in self.subscriptions:
                    return Hints(self.subscriptions[SubscriptionId(ref.id)].customer, {"subscription": ref.id}, None)
                case "invoice" if ref.id in self.invoices:
                    return Hints(self.invoices[InvoiceId(ref.id)].customer, {"invoice": ref.id}, None)
                case "checkout.session" if ref.id in self.sessions:
                    session = self.sessions[SessionId(ref.id)]
                    return Hints(session.customer, {"checkout.session": ref.id}, session.order)
                case "refund" | "dispute" if ref.id in self.of_payment:
                    return Hints(None, {"payment_intent": self.of_payment[ref.id]}, None)
            return None

    # ---------------------------------------------------------------------------------------------------- catalog

    def price(self, price: PriceId) -> Price | None:
        with self.calls.called("price"):
            return self.prices.get(price)

    def price_by_lookup_key(self, lookup_key: str) -> Price | None:
        with self.calls.called("price"):
            return next((item for item in self.prices.values() if item.lookup_key == lookup_key), None)

    def active_prices(self) -> Sequence[Price]:
        with self.calls.called("active_prices"):
            return [item for item in self.prices.values() if item.active]

    # --------------------------------------------------------------------------------------------------- checkout

    def create_customer(self, user: UserId, email: str | None, key: str) -> CustomerId:
        with self.calls.called("create_customer"):
            made = CustomerId(f"cus_{len(self.customers) + 1}")
            answer = self._once(key, (user, email), made)
            if answer == made:
                self.customers[made] = (user, email)
            return CustomerId(str(answer))

    def customers_of(self, email: str) -> Sequence[FoundCustomer]:
        with self.calls.called("customers_of"):
            return [found for found in self.found.get(email, []) if found.id not in self.deleted]

    def create_session(self, order: Order, customer: CustomerId, key: str) -> OpenSession:
        with self.calls.called("create_session"):
            if customer in self.deleted | self.missing:
                raise _no_such("customer")
            name = SessionId(f"cs_{len(self.sessions) + 1}")
            hosted = order.terms.ui_mode == HOSTED
            made = OpenSession(
                name,
                f"https://checkout.stripe.test/{name}" if hosted else None,
                order.expires_at,
                None if hosted else f"{name}_secret",
            )
            answer = self._once(key, (order, customer, self.return_page), made)
            if answer is made:
                self.sessions[name] = _session(order, customer, name)
            assert isinstance(answer, OpenSession)
            return answer

    def is_open(self, session: SessionId) -> bool:
        with self.calls.called("is_open"):
            return self._found(self.sessions, session).status == "open"

    def expire_session(self, session: SessionId) -> bool:
        with self.calls.called("expire_session"):
            if self.sessions[session].status != "open" or session in self.stubborn:
                return False
            self.sessions[session] = replace(self.sessions[session], status="expired")
            return True

    # ------------------------------------------------------------------------------------ what happens on the page

    def pay(self, session: SessionId, at: datetime = NOW, **given: object) -> None:
        """The buyer pays; a subscription starts with its first invoice."""
        known = self.sessions[session]
        paid = replace(known, status="complete", payment_status="paid")
        if known.mode == "payment":
            intent = PaymentIntentId(f"pi_{session}")
            paid = replace(
                paid, payment=a_payment(known.amount_total, intent=intent, currency=known.currency, paid_at=at)
            )
        else:
            self._subscribe(known, at)
        self.sessions[session] = replace(paid, **given)  # type: ignore[arg-type]

    def begin_debit(self, session: SessionId) -> None:
        """The buyer pays in a way that takes days."""
        self.sessions[session] = replace(self.sessions[session], status="complete")

    @property
    def open_sessions(self) -> list[SessionId]:
        return [session for session, item in self.sessions.items() if item.status == "open"]

    def _subscribe(self, session: CheckoutSession, at: datetime) -> None:
        assert session.customer is not None
        price = self.prices[session.items[0].price_id]
        end, number = at + timedelta(days=30), len(self.subscriptions) + 1
        name, invoice = SubscriptionId(f"sub_{number}"), InvoiceId(f"in_{number}")
        item = an_item(price, period_end=end)
        self.subscriptions[name] = Subscription(
            name, session.customer, "active", at, (item,), False, None, invoice, session.order
        )
        payment = Payment(PaymentIntentId(f"pi_{invoice}"), price.unit_amount or 0, "eur", at)
        self.invoices[invoice] = an_invoice(
            a_line(price, period_end=end),
            id=invoice,
            customer=session.customer,
            subscription=name,
            paid_at=at,
            payment=payment,
        )

    def _paid_by(self, intent: str) -> CheckoutSession | Invoice | None:
        paid: Iterable[CheckoutSession | Invoice] = (*self.sessions.values(), *self.invoices.values())
        return next((item for item in paid if _intent(item.payment) == intent), None)

    def _invoice(self, invoice: InvoiceId) -> Invoice:
        """As it is listed: with the intents that paid it, and not what became of them."""
        found = self._found(self.invoices, invoice)
        if found.payment is None:
            return found
        return replace(found, intents=found.intents or found.payment.intents, payment=None)

    def _last_paid(self, subscriptions: Iterable[Subscription]) -> set[InvoiceId]:
        late = {item.id for item in subscriptions if item.status == "past_due"}
        return {item.id for item in self.invoices.values() if item.subscription in late and item.status == "paid"}

    def _once(self, key: str, parameters: object, answer: object) -> object:
        """Stripe's idempotency: https://docs.stripe.com/api/idempotent_requests."""
        known, saved = self.saved.setdefault(key, (parameters, answer))
        if known != parameters:
            raise StripeRefused("an idempotency key stands for another request", key_reused=True)
        return saved

    def _found[K, V](self, things: dict[K, V], name: K) -> V:
        if name not in things:
            raise _no_such("id")
        return things[name]


def _no_such(param: str) -> StripeRefused:
    return StripeRefused("Stripe refused the request", stripe_code="resource_missing", param=param)


def _intent(payment: Payment | None) -> PaymentIntentId | None:
    return payment.intent if payment else None


def _session(order: Order, customer: CustomerId, name: SessionId) -> CheckoutSession:
    return CheckoutSession(
        id=name,
        mode=order.mode,
        status="open",
        payment_status="unpaid",
        customer=customer,
        currency=order.currency,
        amount_total=sum((line.unit_amount or 0) * line.quantity for line in order.lines),
        items=tuple(LineItem(line.price_id, line.quantity) for line in order.lines),
        created=order.created_at,
        order=OrderId(order.id),
    )
