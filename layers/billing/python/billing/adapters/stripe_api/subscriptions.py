"""Changing subscriptions: previews and updates that take effect once they are paid for.

https://docs.stripe.com/billing/subscriptions/pending-updates
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import stripe

from billing.adapters.stripe_api import shapes
from billing.adapters.stripe_api.client import created_once, translated
from billing.adapters.stripe_api.fields import Object, id_of, reading
from billing.adapters.stripe_api.objects import plain, with_items
from billing.adapters.stripe_api.prices import price_of
from billing.domain.ids import (
    CHOSEN_ID,
    CUSTOMER_ID,
    INVOICE_ID,
    SUBSCRIPTION_ID,
    SUBSCRIPTION_ITEM_ID,
    CustomerId,
    InvoiceId,
    PriceId,
    SubscriptionId,
    SubscriptionItemId,
    required,
    unix_time,
)
from billing.domain.plan_change import Bill, BilledLine, LiveItem, LiveSubscription, PendingChange, PlanChange
from billing.errors import StripeRefused, SubscriptionNotChangeable, SubscriptionNotFound

if TYPE_CHECKING:
    from stripe.params import InvoiceCreatePreviewParams, SubscriptionUpdateParams

_PAGE = 100
_EXPAND = ["items.data.price.product", "latest_invoice"]
_EXPAND_ITEMS = ["data.price.product"]


class StripePlanChanges:
    """The StripeSubscriptions port over the SDK. `levels` are the configured ones."""

    def __init__(self, client: stripe.StripeClient, levels: tuple[str, ...]) -> None:
        self._api = client.v1
        self._levels = levels

    def live(self, subscription: SubscriptionId) -> LiveSubscription:
        """See StripeSubscriptions."""
        try:
            with translated():
                found = self._whole(self._api.subscriptions.retrieve(subscription, {"expand": list(_EXPAND)}))
        except StripeRefused as refused:
            if refused.missing:
                raise SubscriptionNotFound("there is no such subscription", subscription_id=subscription) from refused
            raise
        return live_of(found, self._levels)

    def preview(self, change: PlanChange) -> Bill:
        """See StripeSubscriptions. `always_invoice` as the change itself has it: this is what it bills at once."""
        params = _preview_of(change)
        params["subscription_details"]["proration_behavior"] = "always_invoice"
        if change.prorated_at is not None:
            params["subscription_details"]["proration_date"] = int(change.prorated_at.timestamp())
        if change.new_period:
            params["subscription_details"]["billing_cycle_anchor"] = {"type": "now"}
        return self._bill(params)

    def preview_recurring(self, change: PlanChange) -> Bill:
        """See StripeSubscriptions. Without prorations, and without discounts that end
        (https://docs.stripe.com/api/invoices/create_preview#create_create_preview-preview_mode).
        """
        params = _preview_of(change)
        params["preview_mode"] = "recurring"
        return self._bill(params)

    def change(self, change: PlanChange, key: str) -> LiveSubscription:
        """See StripeSubscriptions."""
        params: SubscriptionUpdateParams = {
            "items": [{"id": change.item.id, "price": change.price.id, "quantity": change.quantity}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
            "expand": list(_EXPAND),
        }
        if change.prorated_at is not None:
            params["proration_date"] = int(change.prorated_at.timestamp())
        if change.new_period:
            # flexible billing mode never moves it by itself, classic did; a pending update may carry it
            # (https://docs.stripe.com/billing/subscriptions/billing-mode/compare#reset-the-billing-cycle-anchor,
            # https://docs.stripe.com/billing/subscriptions/pending-updates-reference#supported-attributes)
            params["billing_cycle_anchor"] = {"type": "now"}
        try:
            with translated():
                made = self._whole(
                    created_once(
                        lambda key: self._api.subscriptions.update(
                            change.subscription, params, {"idempotency_key": key}
                        ),
                        key,
                        lambda: self._made(change),
                    )
                )
        except StripeRefused as refused:
            if refused.param == "payment_behavior":
                # bank debits, for one: https://docs.stripe.com/billing/subscriptions/pending-updates#before-you-begin
                raise SubscriptionNotChangeable(
                    "its payment method can't be charged at once", subscription_id=change.subscription
                ) from refused
            if refused.missing and refused.param is None:
                # "This customer has no attached payment source or default payment method": nothing else is missing
                # without a name, and there would be no invoice whose page could ask for a card
                raise SubscriptionNotChangeable(
                    "it has no payment method: add one in the portal first", subscription_id=change.subscription
                ) from refused
            raise
        return live_of(made, self._levels)

    def _whole(self, subscription: stripe.Subscription) -> Object:
        return with_items(self._api, plain(subscription), _EXPAND_ITEMS)

    def _made(self, change: PlanChange) -> stripe.Subscription | None:
        """The subscription, if the request that failed has changed it: with another key it would be billed anew."""
        found = self._api.subscriptions.retrieve(change.subscription, {"expand": list(_EXPAND)})
        return found if change.stands_in(live_of(self._whole(found), self._levels)) else None

    def _bill(self, params: InvoiceCreatePreviewParams) -> Bill:
        with translated():
            invoice = plain(self._api.invoices.create_preview(params))
            with reading("invoice preview", invoice):
                lines = list(invoice["lines"]["data"])
                if invoice["lines"]["has_more"]:
                    page = self._api.invoices.line_items.list(invoice["id"], {"limit": _PAGE})
                    lines = [plain(item) for item in page.auto_paging_iter()]
                return Bill(
                    currency=invoice["currency"],
                    due=invoice["amount_due"],
                    total=invoice["total"],
                    lines=tuple(_line(line) for line in lines),
                )


def _preview_of(change: PlanChange) -> InvoiceCreatePreviewParams:
    return {
        "subscription": change.subscription,
        "subscription_details": {
            "items": [{"id": change.item.id, "price": change.price.id, "quantity": change.quantity}]
        },
    }


def live_of(obj: Object, levels: tuple[str, ...]) -> LiveSubscription:
    """A subscription with the products of its prices and its latest invoice expanded."""
    with reading("subscription", obj):
        shapes.check(shapes.SUBSCRIPTION, obj)
        items = shapes.subscription_items(obj)
        invoice = obj["latest_invoice"]
        ends = obj["cancel_at"]
        if ends is None and obj["cancel_at_period_end"]:
            ends = max(item["current_period_end"] for item in items)
        return LiveSubscription(
            id=SubscriptionId(required(obj["id"], SUBSCRIPTION_ID, "id")),
            customer=CustomerId(id_of(obj["customer"], "customer", CUSTOMER_ID)),
            status=obj["status"],
            currency=obj["currency"],
            items=tuple(_item(item, levels) for item in items),
            period_start=unix_time(max(item["current_period_start"] for item in items), "current_period_start"),
            cancels_at=unix_time(ends, "cancel_at") if ends is not None else None,
            collection_paused=obj["pause_collection"] is not None,
            charged=obj["collection_method"] == "charge_automatically",
            scheduled=obj["schedule"] is not None,
            pending=_pending(obj["pending_update"]),
            latest_invoice=InvoiceId(required(id_of(invoice, "latest_invoice"), INVOICE_ID, "latest_invoice"))
            if invoice
            else None,
            invoice_page=_page_to_pay(invoice) if isinstance(invoice, Mapping) else None,
        )


def _page_to_pay(invoice: Object) -> str | None:
    """A renewal goes on beside a change that waits, and is the latest invoice from then on."""
    of_change = invoice["billing_reason"] == "subscription_update" and invoice["status"] == "open"
    page: str | None = invoice["hosted_invoice_url"] if of_change else None
    return page


def _item(item: Object, levels: tuple[str, ...]) -> LiveItem:
    price = item["price"]
    return LiveItem(
        SubscriptionItemId(required(item["id"], SUBSCRIPTION_ITEM_ID, "items.id")),
        price_of(price, price["product"], levels),
        _quantity(item),
    )


def _pending(update: Object | None) -> PendingChange | None:
    if update is None:
        return None
    items = update["subscription_items"] or []
    return PendingChange(
        items=tuple(sorted((PriceId(id_of(item["price"], "price", CHOSEN_ID)), _quantity(item)) for item in items)),
        expires_at=unix_time(update["expires_at"], "pending_update.expires_at"),
    )


def _quantity(item: Object) -> int:
    quantity: int | None = item.get("quantity")
    return 1 if quantity is None else quantity


def _line(line: Object) -> BilledLine:
    shapes.check(shapes.INVOICE_LINE, line)
    parent = line["parent"] or {}
    about = parent.get("subscription_item_details")
    waiting = parent.get("invoice_item_details")
    proration = bool((about or waiting or {}).get("proration"))
    discounts: list[Any] = line.get("discount_amounts") or []
    return BilledLine(
        description=line["description"] or "",
        amount=line["amount"],
        discount=sum(item["amount"] for item in discounts),
        proration=proration,
        of_subscription=about is not None or proration,
        period_start=unix_time(line["period"]["start"], "period.start"),
        period_end=unix_time(line["period"]["end"], "period.end"),
    )
