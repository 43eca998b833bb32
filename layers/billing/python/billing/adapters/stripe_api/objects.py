"""Reading single objects of Stripe: what a payment came to, and what an object says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import stripe

from billing.adapters.stripe_api.parse import Object, payment_of, reading
from billing.domain.ids import PaymentIntentId
from billing.domain.notice import ObjectRef
from billing.domain.snapshot import Payment

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
    try:
        return plain(read(api, ref.id))
    except stripe.InvalidRequestError as error:
        if error.code == "resource_missing":
            return None
        raise


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


def plain(obj: Any) -> dict[str, Any]:
    """An SDK object as plain JSON, once, at the boundary: since 15.0 the SDK's objects are no dicts."""
    found: dict[str, Any] = obj.to_dict()
    return found
