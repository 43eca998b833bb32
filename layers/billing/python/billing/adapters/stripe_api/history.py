"""What a customer has ever bought, as Stripe lists it."""

from __future__ import annotations

from itertools import islice
from typing import Any

import stripe

from billing.adapters.stripe_api.fields import Object, reading
from billing.adapters.stripe_api.objects import is_missing, plain
from billing.domain.hints import at
from billing.domain.ids import (
    INVOICE_ID,
    ORDER_ID,
    SESSION_ID,
    CustomerId,
    InvoiceId,
    OrderId,
    SessionId,
    fits,
    required,
)
from billing.ports.stripe import History, ListedSession

_PAGE = 100


def read_history(api: Any, customer: CustomerId, limit: int) -> History:
    """See StripeReader. A customer that Stripe does not know any more has none: test data was deleted as a whole."""
    try:
        sessions = _newest(api.checkout.sessions.list({"customer": customer, "limit": min(limit, _PAGE)}), limit)
        paid = {"customer": customer, "status": "paid", "limit": min(limit, _PAGE)}
        invoices = _newest(api.invoices.list(paid), limit)
    except stripe.InvalidRequestError as error:
        if is_missing(error):
            return History((), (), whole=True)
        raise
    return History(
        sessions=tuple(_session(obj) for obj in sessions[:limit]),
        invoices=tuple(_invoice(obj) for obj in invoices[:limit] if _of_subscription(obj)),
        whole=max(len(sessions), len(invoices)) <= limit,
    )


def _newest(page: Any, limit: int) -> list[Object]:
    """So many, and one more if there is one."""
    return [plain(item) for item in islice(page.auto_paging_iter(), limit + 1)]


def _session(obj: Object) -> ListedSession:
    with reading("checkout session", obj):
        order = fits(obj["client_reference_id"] or at(obj, ("metadata", "order_id")), ORDER_ID)
        name = SessionId(required(obj["id"], SESSION_ID, "id"))
        return ListedSession(name, obj["status"], OrderId(order) if order else None)


def _invoice(obj: Object) -> InvoiceId:
    with reading("invoice", obj):
        return InvoiceId(required(obj["id"], INVOICE_ID, "id"))


def _of_subscription(obj: Object) -> bool:
    with reading("invoice", obj):
        return bool((obj["parent"] or {}).get("subscription_details"))
