"""Reading single objects of Stripe: what a payment came to, and what an object says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import stripe

from billing.adapters.stripe_api.fields import Object, reading
from billing.adapters.stripe_api.parse import payment_of
from billing.domain.hints import at
from billing.domain.ids import PaymentIntentId
from billing.domain.notice import ObjectRef
from billing.domain.snapshot import Payment
from billing.domain.subscription import ENDED

_PAGE = 100

_READ: Final[Mapping[str, Callable[[Any, str], Any]]] = {
    "checkout.session": lambda api, name: api.checkout.sessions.retrieve(name),
    "payment_intent": lambda api, name: api.payment_intents.retrieve(name),
    "charge": lambda api, name: api.charges.retrieve(name),
    "invoice": lambda api, name: api.invoices.retrieve(name),
    "subscription": lambda api, name: api.subscriptions.retrieve(name),
    "refund": lambda api, name: api.refunds.retrieve(name),
    "dispute": lambda api, name: api.disputes.retrieve(name),
}
"""How each kind of object that an event may be about is read."""


def read_object(api: Any, ref: ObjectRef) -> Object | None:
    """Read the object; None when Stripe has none, or when no event that we handle is about its kind."""
    read = _READ.get(ref.type)
    if read is None or ref.id is None:
        return None
    name = ref.id
    return read_or_none(lambda: plain(read(api, name)))


def read_or_none[T](read: Callable[[], T]) -> T | None:
    """Return what is read; None where Stripe has no such object."""
    try:
        return read()
    except stripe.InvalidRequestError as error:
        if is_missing(error):
            return None
        raise


def is_missing(error: stripe.InvalidRequestError) -> bool:
    """Whether Stripe has no object of an id that the request names (https://docs.stripe.com/error-codes)."""
    return error.code == "resource_missing"


def read_payment(api: Any, intent: PaymentIntentId) -> Payment | None:
    """The payment behind an intent; None while nothing was captured."""
    return payment_behind(api, plain(api.payment_intents.retrieve(intent, {"expand": ["latest_charge.refunds"]})))


def payment_behind(api: Any, intent: Object) -> Payment | None:
    """The payment of an intent whose latest charge is expanded; further refunds and disputes are listed."""
    with reading("payment intent", intent):
        charge = intent["latest_charge"]
        if charge is None:
            return None
        refunds = charge["refunds"] or {"data": [], "has_more": False}
        listed = list(refunds["data"])
        if refunds["has_more"]:
            page = api.refunds.list({"charge": charge["id"], "limit": _PAGE})
            listed = [plain(item) for item in page.auto_paging_iter()]
        disputes: list[Object] = []
        if charge["disputed"]:
            held = api.disputes.list({"charge": charge["id"], "limit": _PAGE})
            disputes = [plain(item) for item in held.auto_paging_iter()]
    return payment_of(intent, listed, disputes)


def with_items(api: Any, subscription: Object, expand: Sequence[str] = ()) -> Object:
    """A subscription with all of its items: it shows the first of them, as every list within an object does, and the
    rest is listed (https://docs.stripe.com/api/subscription_items/list). One that has ended gives nothing whatever its
    items are, and whether they can still be listed is not documented: it is left as it is. So is one that can't be
    read: whoever reads it says so.
    """
    if not at(subscription, ("items", "has_more")) or subscription.get("status") in ENDED:
        return subscription
    wanted = {"subscription": subscription["id"], "limit": _PAGE, **({"expand": [*expand]} if expand else {})}
    page = api.subscription_items.list(wanted)
    return {**subscription, "items": {"data": [plain(item) for item in page.auto_paging_iter()]}}


def with_lines(api: Any, invoice: Object) -> Object:
    """An invoice with all of its lines, where it shows the first of them. Pending prorations come before the lines of
    periods (https://docs.stripe.com/api/invoices/object#invoice_object-lines): a few changes of the plan hide those.
    """
    if not at(invoice, ("lines", "has_more")):
        return invoice
    page = api.invoices.line_items.list(invoice["id"], {"limit": _PAGE})
    return {**invoice, "lines": {"data": [plain(item) for item in page.auto_paging_iter()]}}


def with_payments(api: Any, invoice: Object) -> Object:
    """An invoice with all of its paid payments, where it shows the first of them: one in parts may have any number
    (https://docs.stripe.com/api/invoice-payment/list).
    """
    if not at(invoice, ("payments", "has_more")):
        return invoice
    page = api.invoice_payments.list({"invoice": invoice["id"], "status": "paid", "limit": _PAGE})
    return {**invoice, "payments": {"data": [plain(item) for item in page.auto_paging_iter()]}}


def plain(obj: Any) -> dict[str, Any]:
    """An SDK object as plain JSON, once, at the boundary: since 15.0 the SDK's objects are no dicts."""
    found: dict[str, Any] = obj.to_dict()
    return found
