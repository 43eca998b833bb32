"""The API of invoices. What they hold is in invoice_objects.py; what is done with them, in invoice_actions.py."""

from __future__ import annotations

from typing import Any

from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, merge_metadata, snapshot


def retrieve(call: Call) -> Obj:
    """GET /v1/invoices/{id}."""
    return call.target("invoice", param="invoice")


def update(call: Call) -> Obj:
    """POST /v1/invoices/{id}: metadata."""
    invoice = call.target("invoice", param="invoice")
    before = snapshot(invoice)
    invoice["metadata"] = merge_metadata(invoice["metadata"], call.params.get("metadata"))
    call.world.emit_updated("invoice.updated", invoice, before)
    return invoice


def lines_of(call: Call) -> Obj:
    """GET /v1/invoices/{id}/lines."""
    return page(call.target("invoice", param="invoice")["lines"]["data"], call.params, call.url, "line item")


def listed(call: Call) -> Obj:
    """GET /v1/invoices."""
    call.by_customer()
    found = created_within(call.world.all("invoice"), call.params.get("created"))
    found = matching(found, call.params, "collection_method", "customer", "status")
    if "subscription" in call.params:
        wanted = call.params["subscription"]
        found = [each for each in found if _subscription(each) == wanted]
    return page(found, call.params, call.url, "invoice")


def _subscription(invoice: Obj) -> Any:
    details = (invoice["parent"] or {}).get("subscription_details")
    return details["subscription"] if details else None


def payments_listed(call: Call) -> Obj:
    """GET /v1/invoice_payments."""
    found = matching(call.world.all("invoice_payment"), call.params, "invoice", "status")
    wanted = call.params.get("payment", {}).get("payment_intent")
    if wanted is not None:
        found = [each for each in found if each["payment"]["payment_intent"] == wanted]
    return page(found, call.params, call.url, "invoice_payment")


ROUTES = [
    Route(
        "GET",
        "/v1/invoices",
        "_invoice_list_params:InvoiceListParams",
        listed,
        names("collection_method created customer ending_before limit starting_after status subscription"),
    ),
    Route("GET", "/v1/invoices/{id}", "_invoice_retrieve_params:InvoiceRetrieveParams", retrieve),
    Route("POST", "/v1/invoices/{id}", "_invoice_update_params:InvoiceUpdateParams", update, names("metadata")),
    Route("GET", "/v1/invoices/{id}/lines", "_invoice_line_item_list_params:InvoiceLineItemListParams", lines_of),
    Route(
        "GET",
        "/v1/invoice_payments",
        "_invoice_payment_list_params:InvoicePaymentListParams",
        payments_listed,
        names("ending_before invoice limit payment starting_after status"),
    ),
]
