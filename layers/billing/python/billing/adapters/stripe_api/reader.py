"""Reading Stripe: the snapshot that a converge compares an account with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import stripe

from billing.adapters.stripe_api.client import translated
from billing.adapters.stripe_api.fields import Object, id_of, reading
from billing.adapters.stripe_api.history import read_history
from billing.adapters.stripe_api.objects import (
    is_missing,
    payment_behind,
    plain,
    read_object,
    read_or_none,
    read_payment,
    with_items,
    with_lines,
    with_payments,
)
from billing.adapters.stripe_api.parse import invoice_of, session_of, subscription_of
from billing.adapters.stripe_api.prices import price_of
from billing.domain.catalog import KEYS, Price
from billing.domain.hints import hints_of
from billing.domain.ids import CHOSEN_ID, SESSION_ID, CustomerId, InvoiceId, PaymentIntentId, PriceId, SessionId, fits
from billing.domain.judge import prices_named
from billing.domain.notice import Hints, ObjectRef
from billing.domain.paid_through import covers_a_period, paid_periods
from billing.domain.snapshot import CheckoutSession, Invoice, Payment, Snapshot
from billing.errors import StripeRefused
from billing.ports.stripe import History, Touched

_PAGE = 100
_LAST_PAID = 5


class StripeReads:
    """The StripeReader port over the SDK. `levels` are the configured ones; in `livemode` no customer vanishes."""

    def __init__(self, client: stripe.StripeClient, levels: tuple[str, ...], *, livemode: bool) -> None:
        self._api = client.v1
        self._levels = levels
        self._livemode = livemode

    def snapshot(self, customers: Sequence[CustomerId], touched: Touched) -> Snapshot:
        """See StripeReader. One list for each customer, one read for each touched payment.

        Sessions come first: one that is complete has its subscription, so a list that is read after it has that one,
        too. The other way round a session may be paid in between, and the account would know of its plan as bought and
        of no subscription: the next checkout would sell a second one.
        """
        with reading("snapshot", {}), translated():
            bought = [self._session(session) for session in sorted(touched.sessions)]
            gone = {customer for customer in touched.customers if self._is_gone(customer)}
            found = {customer: self._listed(customer) for customer in customers if customer not in gone}
            deleted = frozenset(gone.union(customer for customer, objects in found.items() if objects is None))
            listed = [obj for objects in found.values() for obj in objects or ()]
            subscriptions = [subscription_of(obj) for obj in listed]
            invoices = self._invoices(listed, touched)
            sessions = tuple(session for session, _ in bought)
            truth = Snapshot(tuple(subscriptions), sessions, tuple(invoices), deleted)
            return self._with_prices(truth, listed, [item for _, items in bought for item in items])

    def session_of_payment(self, intent: PaymentIntentId) -> SessionId | None:
        """See StripeReader."""
        with reading("list", {}), translated():
            found = plain(self._api.checkout.sessions.list({"payment_intent": intent, "limit": 1}))["data"]
            text = fits(found[0]["id"], SESSION_ID) if found else None
        return SessionId(text) if text else None

    def history(self, customer: CustomerId, limit: int) -> History:
        """See StripeReader. Two lists, a page of a hundred at a time."""
        with translated():
            return read_history(self._api, customer, limit)

    def payments(self, intents: Collection[PaymentIntentId]) -> dict[PaymentIntentId, Payment]:
        """See StripeReader. One read for each."""
        with translated():
            read = {intent: read_payment(self._api, intent) for intent in sorted(intents)}
        return {intent: payment for intent, payment in read.items() if payment is not None}

    def hints(self, ref: ObjectRef) -> Hints | None:
        """See StripeReader. One read."""
        with translated():
            obj = read_object(self._api, ref)
        return hints_of(obj, ref) if obj is not None else None

    def _subscriptions(self, customer: CustomerId) -> Iterable[Object]:
        """Every subscription of a customer, canceled ones included, with its latest invoice."""
        page = self._api.subscriptions.list(
            {
                "customer": customer,
                "status": "all",
                "limit": _PAGE,
                "expand": ["data.latest_invoice", "data.latest_invoice.payments", "data.default_payment_method"],
            }
        )
        return [with_items(self._api, plain(item)) for item in page.auto_paging_iter()]

    def _invoices(self, subscriptions: Sequence[Object], touched: Touched) -> list[Invoice]:
        """The latest invoice of each subscription, which the list has brought already, and the touched ones.

        While a subscription is past due its latest invoice is the unpaid one. What it is paid through stands on an
        earlier one, which an account without its history has never seen: so the last paid ones are read as well.
        """
        expanded = [obj["latest_invoice"] for obj in subscriptions if isinstance(obj["latest_invoice"], Mapping)]
        found = {obj["id"]: self._invoice(obj) for obj in expanded}
        listed = {subscription["id"] for subscription in subscriptions}
        for subscription in subscriptions:
            if subscription["status"] == "past_due":
                found |= {invoice.id: invoice for invoice in self._last_paid(subscription)}
        for name in sorted(touched.invoices | touched.registers):
            if name not in found:
                found[name] = self._touched(name, listed)
        return list(found.values())

    def _touched(self, name: InvoiceId, listed: Collection[str]) -> Invoice:
        """A touched invoice. One of a change may have ended a trial: its subscription says when, and is read by itself
        where no list has it any more, since its customer was deleted (docs/decisions/0060).
        """
        found = self._invoice(plain(self._api.invoices.retrieve(name, {"expand": ["payments"]})))
        if found.billing_reason != "subscription_update" or found.subscription is None or found.subscription in listed:
            return found
        behind = read_object(self._api, ObjectRef("subscription", found.subscription))
        return replace(found, trial_end=subscription_of(behind).trial_end) if behind is not None else found

    def _last_paid(self, subscription: Object) -> Iterator[Invoice]:
        """The newest paid invoices of a subscription: a few, and back to one that covers a period, of each of its items
        that there was by then. One by the year is billed long before what is billed by the month beside it
        (https://docs.stripe.com/billing/subscriptions/mixed-interval).

        One of a plan change covers none, and any number of those may lie between a renewal that failed and the one
        before it. The first invoice of all covers a period, so this ends.
        """
        wanted: Any = {"subscription": subscription["id"], "status": "paid", "limit": _LAST_PAID}
        wanted["expand"] = ["data.payments"]
        open_ = {item["id"]: item["created"] for item in subscription["items"]["data"]}
        covered = False
        for number, item in enumerate(self._api.invoices.list(wanted).auto_paging_iter(), start=1):
            obj = plain(item)
            invoice = self._invoice(obj)
            yield invoice
            covered = covered or covers_a_period(invoice)
            paid = paid_periods([invoice])
            open_ = {name: made for name, made in open_.items() if name not in paid and made <= obj["created"]}
            if covered and not open_ and number >= _LAST_PAID:
                return

    def _invoice(self, obj: Object) -> Invoice:
        invoice = with_lines(self._api, with_payments(self._api, obj))
        with reading("invoice", invoice):
            return invoice_of(invoice, invoice["lines"]["data"])

    def _listed(self, customer: CustomerId) -> Iterable[Object] | None:
        """The subscriptions of a customer; None when Stripe lists none because the customer was deleted.

        Whether it lists those of a deleted customer is not documented. An event of one of them may be read before the
        one of the deletion, or without it: the end is the same, an event that nobody can apply is not. A customer that
        is not there at all was not deleted: the key may be of another account, and with it nobody would have any.
        """
        try:
            return self._subscriptions(customer)
        except stripe.InvalidRequestError as error:
            refused = is_missing(error) and error.param == "customer"
            left = self._customer(customer) if refused else None
            if left is not None and left.get("deleted"):
                return None
            raise

    def _session(self, session: SessionId) -> tuple[CheckoutSession, list[Object]]:
        """A session, and its line items with their prices and products: a subscription's start names the same ones."""
        expand = ["line_items.data.price.product", "payment_intent.latest_charge.refunds", "subscription"]
        obj = plain(self._api.checkout.sessions.retrieve(session, {"expand": expand}))
        with reading("checkout session", obj):
            lines = obj["line_items"] or {"data": [], "has_more": False}  # none: another app's, to save a card
            items = list(lines["data"])
            if lines["has_more"]:
                wanted: Any = {"limit": _PAGE, "expand": ["data.price.product"]}
                page = self._api.checkout.sessions.line_items.list(session, wanted)
                items = [plain(item) for item in page.auto_paging_iter()]
            intent = obj["payment_intent"]
        return session_of(obj, items, payment_behind(self._api, intent) if intent is not None else None), items

    def _is_gone(self, customer: CustomerId) -> bool:
        """Whether a customer was deleted, or is not there at all: test data can be deleted as a whole.

        In live mode something is left of each (https://docs.stripe.com/api/customers/retrieve). One that is not there
        is another account's, or the key is: with such a key all buyers would lose what they have.
        """
        found = self._customer(customer)
        if found is None and self._livemode:
            raise StripeRefused(
                "a customer is not there: is the key another account's?", stripe_code="resource_missing"
            )
        return found is None or bool(found.get("deleted"))

    def _customer(self, customer: CustomerId) -> Object | None:
        """A customer, or what is left of a deleted one; None for one that is not there at all."""
        return read_or_none(lambda: plain(self._api.customers.retrieve(customer)))

    def _with_prices(self, truth: Snapshot, subscriptions: Sequence[Object], bought: Sequence[Object]) -> Snapshot:
        """With the prices that it names. `bought` are line items that bring prices with their products.

        A subscription brings its prices without products: Stripe expands four levels, and that would be the fifth
        (https://docs.stripe.com/api/expanding_objects). So a price is read once more only when its own metadata says
        nothing, the product's may, and no line item has it. Read are also one with broken metadata and one that an
        invoice is for while no subscription shows it: it may have been deleted.
        """
        shown = {item["price"]["id"]: item["price"] for obj in subscriptions for item in obj["items"]["data"]}
        at_hand = {name: item for name, item in shown.items() if any(key in item["metadata"] for key in KEYS)}
        at_hand |= {item["price"]["id"]: item["price"] for item in bought if _has_product(item["price"])}
        unshown = _prices_of_periods(truth) - shown.keys()
        prices, deleted = {}, set()
        for name in sorted(prices_named(truth)):
            told = _price(at_hand[name], self._levels) if name in at_hand else None
            if told is not None and told.problem is None and name not in unshown:
                prices[name] = told
            elif (read := self._price(name, shown.get(name))) is not None:
                prices[name] = read
            elif told is not None and name not in shown:
                prices[name] = told
                deleted.add(name)
        return replace(truth, prices=prices, deleted_prices=frozenset(deleted))

    def _price(self, name: PriceId, shown: Object | None) -> Price | None:
        """A price with its product, or what a subscription shows of it; None where nobody can say what it gives.

        A price can be deleted as the plan that it also is, and who is subscribed keeps it: it is what the subscription
        shows (https://docs.stripe.com/api/plans/delete). After that its product can be deleted, too.
        """
        found = read_or_none(lambda: read_price(self._api, name, self._levels))
        if found is not None or shown is None:
            return found
        named = id_of(shown["product"], "product", CHOSEN_ID)
        product = read_or_none(lambda: plain(self._api.products.retrieve(named)))
        told = price_of(shown, product, self._levels) if _has_product({"product": product}) else None
        return told if told is not None and told.problem is None else None


def read_price(api: Any, price: PriceId, levels: tuple[str, ...], expand: Sequence[str] = ("product",)) -> Price:
    """Read a price with its product."""
    return _price(plain(api.prices.retrieve(price, {"expand": list(expand)})), levels)


def _price(obj: Object, levels: tuple[str, ...]) -> Price:
    return price_of(obj, obj["product"] if _has_product(obj) else None, levels)


def _prices_of_periods(truth: Snapshot) -> set[PriceId]:
    """The prices of what an invoice may grant."""
    lines = [line for invoice in truth.invoices for line in invoice.lines]
    return {line.price_id for line in lines if line.of_subscription and not line.proration and line.price_id}


def _has_product(price: Object) -> bool:
    """Whether it brings its product, and not just what is left of a deleted one."""
    product = price.get("product")
    return isinstance(product, Mapping) and not product.get("deleted")
