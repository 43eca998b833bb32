"""Stripe's lists by the time in which something was made, the newest first: of events and of objects.

https://docs.stripe.com/api/events/list , https://docs.stripe.com/api/pagination .
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import stripe

from billing.adapters.stripe_api.client import translated
from billing.adapters.stripe_api.fields import Object, reading
from billing.adapters.stripe_api.objects import plain, with_items, with_lines
from billing.domain.ids import EVENT_ID, INVOICE_ID, SESSION_ID, STRIPE_ID, SUBSCRIPTION_ID, required
from billing.domain.walk import Walk
from billing.ports.stripe import Listed, ObjectLists

_PAGE = 100


class StripeEvents:
    """The EventList port over the SDK."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._list = client.v1.events.list

    def page(self, types: Sequence[str], walk: Walk, *, undelivered: bool) -> Listed:
        """See EventList. One request."""
        more: dict[str, Any] = {"delivery_success": False} if undelivered else {}
        return _page(self._list, walk, EVENT_ID, types=list(types), **more)


class StripeObjects:
    """The ObjectList port over the SDK."""

    def __init__(self, listing: Callable[[Any], Any], ids: re.Pattern[str], **wanted: Any) -> None:
        self._list = listing
        self._ids = ids
        self._wanted = wanted

    def page(self, walk: Walk) -> Listed:
        """See ObjectList. One request."""
        return _page(self._list, walk, self._ids, **self._wanted)


class StripeSubscriptionList(StripeObjects):
    """The list of subscriptions, each with all of its items, since one that shows a part would always be in doubt, and
    with all lines of its latest invoice, if that is paid.
    """

    def __init__(self, api: Any) -> None:
        super().__init__(api.subscriptions.list, SUBSCRIPTION_ID, status="all", expand=["data.latest_invoice"])
        self._api = api

    def page(self, walk: Walk) -> Listed:
        """See ObjectList. One request, and one more for each list within that shows a part."""
        found = super().page(walk)
        with translated():
            return replace(found, objects=tuple(self._whole(each) for each in found.objects))

    def _whole(self, subscription: Object) -> Object:
        whole = with_items(self._api, subscription)
        invoice = subscription.get("latest_invoice")
        if not isinstance(invoice, Mapping) or invoice.get("status") != "paid":
            return whole
        return {**whole, "latest_invoice": with_lines(self._api, invoice)}


class StripeInvoiceList(StripeObjects):
    """The list of paid invoices, each with all of its lines: those that grant may be the last."""

    def __init__(self, api: Any) -> None:
        super().__init__(api.invoices.list, INVOICE_ID, status="paid")
        self._api = api

    def page(self, walk: Walk) -> Listed:
        """See ObjectList. One request, and one more for each invoice with more lines than a list within shows."""
        found = super().page(walk)
        with translated():
            return replace(found, objects=tuple(with_lines(self._api, each) for each in found.objects))


def object_lists(client: stripe.StripeClient) -> ObjectLists:
    """The lists over the SDK. https://docs.stripe.com/api/subscriptions/list , and so on for each.

    Without `status` the canceled subscriptions are left out. Those on a test clock always are, unless it or their
    customer is named.
    """
    api = client.v1
    return ObjectLists(
        sessions=StripeObjects(api.checkout.sessions.list, SESSION_ID),
        subscriptions=StripeSubscriptionList(api),
        invoices=StripeInvoiceList(api),
        refunds=StripeObjects(api.refunds.list, STRIPE_ID),
        disputes=StripeObjects(api.disputes.list, STRIPE_ID),
    )


def _page(listing: Callable[[Any], Any], walk: Walk, ids: re.Pattern[str], **wanted: Any) -> Listed:
    created = {"gte": int(walk.since.timestamp())}
    if walk.until is not None:
        created["lt"] = int(walk.until.timestamp())
    asked = {"created": created, "limit": _PAGE, **wanted}
    if walk.after is not None:
        asked["starting_after"] = walk.after
    with translated():
        found = plain(listing(asked))
    with reading("list", found):
        objects = tuple(found["data"])
        after = required(objects[-1]["id"], ids, "id") if found["has_more"] else None
    return Listed(objects, after)
