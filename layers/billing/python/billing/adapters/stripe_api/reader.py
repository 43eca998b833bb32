"""Reading Stripe: the snapshot that a converge compares an account with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import stripe

from billing.adapters.stripe_api.client import translated
from billing.adapters.stripe_api.parse import (
    Object,
    invoice_of,
    payment_of,
    price_of,
    reading,
    session_of,
    subscription_of,
)
from billing.domain.catalog import KEYS, Price
from billing.domain.ids import (
    CUSTOMER_ID,
    PAYMENT_INTENT_ID,
    SESSION_ID,
    CustomerId,
    InvoiceId,
    PaymentIntentId,
    PriceId,
    SessionId,
    fits,
)
from billing.domain.judge import prices_named
from billing.domain.snapshot import CheckoutSession, Invoice, Payment, Snapshot
from billing.ports.stripe import Touched

_PAGE = 100


class StripeReads:
    """The StripeReader port over the SDK. `levels` are the configured ones."""

    def __init__(self, client: stripe.StripeClient, levels: tuple[str, ...]) -> None:
        self._api = client.v1
        self._levels = levels

    def snapshot(self, customers: Sequence[CustomerId], touched: Touched) -> Snapshot:
        """See StripeReader. One list for each customer, one read for each touched payment."""
        with translated():
            deleted = frozenset(customer for customer in touched.customers if self._is_gone(customer))
            listed = [obj for customer in customers if customer not in deleted for obj in self._subscriptions(customer)]
            subscriptions = [subscription_of(obj) for obj in listed]
            invoices = self._invoices(listed, touched)
            bought = [self._session(session) for session in sorted(touched.sessions)]
            sessions = tuple(session for session, _ in bought)
            truth = Snapshot(tuple(subscriptions), sessions, tuple(invoices), deleted)
            return replace(truth, prices=self._prices(listed, [item for _, items in bought for item in items], truth))

    def session_of_payment(self, intent: PaymentIntentId) -> SessionId | None:
        """See StripeReader."""
        with translated():
            found = plain(self._api.checkout.sessions.list({"payment_intent": intent, "limit": 1}))["data"]
        text = fits(found[0]["id"], SESSION_ID) if found else None
        return SessionId(text) if text else None

    def payment_of_charge(self, charge: str) -> PaymentIntentId | None:
        """See StripeReader."""
        with translated():
            obj = plain(self._api.charges.retrieve(charge))
        text = fits(obj.get("payment_intent"), PAYMENT_INTENT_ID)
        return PaymentIntentId(text) if text else None

    def customer_of_payment(self, intent: PaymentIntentId) -> CustomerId | None:
        """See StripeReader."""
        with translated():
            obj = plain(self._api.payment_intents.retrieve(intent))
        text = fits(obj.get("customer"), CUSTOMER_ID)
        return CustomerId(text) if text else None

    def _subscriptions(self, customer: CustomerId) -> Iterable[Object]:
        """Every subscription of a customer, canceled ones included, with its latest invoice."""
        page = self._api.subscriptions.list(
            {
                "customer": customer,
                "status": "all",
                "limit": _PAGE,
                "expand": ["data.latest_invoice", "data.latest_invoice.payments"],
            }
        )
        return [plain(item) for item in page.auto_paging_iter()]

    def _invoices(self, subscriptions: Sequence[Object], touched: Touched) -> list[Invoice]:
        """The latest invoice of each subscription, which the list has brought already, and the touched ones.

        Registers are read where an event may tell of them, and with every invoice that had to be fetched: it may be
        granted here for the first time, after its refund was seen and found nothing to take back.
        """
        expanded = [obj["latest_invoice"] for obj in subscriptions if isinstance(obj["latest_invoice"], Mapping)]
        latest = {obj["id"]: obj for obj in expanded}
        fetched = {
            invoice: plain(self._api.invoices.retrieve(invoice, {"expand": ["payments"]}))
            for invoice in sorted(touched.invoices - latest.keys())
        }
        invoices = [invoice_of(obj, self._lines(obj)) for obj in (*latest.values(), *fetched.values())]
        return [
            self._with_registers(invoice, invoice.payment)
            if invoice.payment is not None and (invoice.id in fetched or invoice.payment.intent in touched.payments)
            else invoice
            for invoice in invoices
        ]

    def _with_registers(self, invoice: Invoice, payment: Payment) -> Invoice:
        intent = plain(self._api.payment_intents.retrieve(payment.intent, {"expand": ["latest_charge.refunds"]}))
        return replace(invoice, payment=self._payment(intent))

    def _lines(self, invoice: Object) -> list[Object]:
        with reading("invoice", invoice):
            if not invoice["lines"]["has_more"]:
                return list(invoice["lines"]["data"])
            page = self._api.invoices.line_items.list(InvoiceId(invoice["id"]), {"limit": _PAGE})
            return [plain(item) for item in page.auto_paging_iter()]

    def _session(self, session: SessionId) -> tuple[CheckoutSession, list[Object]]:
        """A session, and its line items with their prices and products: a subscription's start names the same ones."""
        expand = ["line_items.data.price.product", "payment_intent.latest_charge.refunds"]
        obj = plain(self._api.checkout.sessions.retrieve(session, {"expand": expand}))
        with reading("checkout session", obj):
            items = list(obj["line_items"]["data"])
            if obj["line_items"]["has_more"]:
                page = self._api.checkout.sessions.line_items.list(session, {"limit": _PAGE})
                items = [plain(item) for item in page.auto_paging_iter()]
            intent = obj["payment_intent"]
        return session_of(obj, items, self._payment(intent) if intent is not None else None), items

    def _payment(self, intent: Object) -> Payment | None:
        """The payment of an intent whose latest charge is expanded; further refunds and disputes are listed."""
        with reading("payment intent", intent):
            charge = intent["latest_charge"]
            if charge is None:
                return None
            refunds = charge["refunds"] or {"data": [], "has_more": False}
            listed = list(refunds["data"])
            if refunds["has_more"]:
                page = self._api.refunds.list({"charge": charge["id"], "limit": _PAGE})
                listed = [plain(item) for item in page.auto_paging_iter()]
            disputes: list[Object] = []
            if charge["disputed"]:
                held = self._api.disputes.list({"charge": charge["id"], "limit": _PAGE})
                disputes = [plain(item) for item in held.auto_paging_iter()]
        return payment_of(intent, listed, disputes)

    def _is_gone(self, customer: CustomerId) -> bool:
        """Whether a customer was deleted, or is not there at all: test data can be deleted as a whole."""
        try:
            return bool(plain(self._api.customers.retrieve(customer)).get("deleted"))
        except stripe.InvalidRequestError as error:
            if error.code == "resource_missing":
                return True
            raise

    def _prices(
        self, subscriptions: Sequence[Object], bought: Sequence[Object], truth: Snapshot
    ) -> dict[PriceId, Price]:
        """The prices that the snapshot names. `bought` are line items that bring prices with their products.

        A subscription brings its prices without products: Stripe expands four levels, and that would be the fifth
        (https://docs.stripe.com/api/expanding_objects). So a price is read once more only when its own metadata says
        nothing, the product's may, and no line item has it.
        """
        items = [item["price"] for obj in subscriptions for item in obj["items"]["data"]]
        at_hand = {item["id"]: item for item in items if any(key in item["metadata"] for key in KEYS)}
        at_hand |= {item["price"]["id"]: item["price"] for item in bought if _has_product(item["price"])}
        found = {}
        for price in sorted(prices_named(truth)):
            if price in at_hand:
                found[price] = _price(at_hand[price], self._levels)
            else:
                found[price] = read_price(self._api, price, self._levels)
        return found


def read_price(api: Any, price: PriceId, levels: tuple[str, ...], expand: Sequence[str] = ("product",)) -> Price:
    """Read a price with its product."""
    return _price(plain(api.prices.retrieve(price, {"expand": list(expand)})), levels)


def _price(obj: Object, levels: tuple[str, ...]) -> Price:
    return price_of(obj, obj["product"] if _has_product(obj) else None, levels)


def _has_product(price: Object) -> bool:
    return isinstance(price["product"], Mapping)


def plain(obj: Any) -> dict[str, Any]:
    """An SDK object as plain JSON, once, at the boundary: since 15.0 the SDK's objects are no dicts."""
    found: dict[str, Any] = obj.to_dict()
    return found
