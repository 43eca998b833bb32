"""The API of invoices. What they hold is in invoice_objects.py; when they are made and paid, in invoice_life.py."""

from __future__ import annotations

from local.stripe.engine import invoice_life
from local.stripe.engine.errors import invalid_request
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


def void(call: Call) -> Obj:
    """POST /v1/invoices/{id}/void."""
    invoice = call.target("invoice", param="invoice")
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid_request("You can only void open or uncollectible invoices.", code="invoice_not_editable")
    invoice_life.void(call.world, invoice)
    return invoice


def pay(call: Call) -> Obj:
    """POST /v1/invoices/{id}/pay: try the saved payment method once more."""
    invoice = call.target("invoice", param="invoice")
    if invoice["status"] != "open":
        raise invalid_request(
            "Invoice is already paid" if invoice["status"] == "paid" else "This invoice cannot be paid."
        )
    invoice_life.collect(call.world, invoice)
    invoice_life.raise_if_refused(call.world, invoice)
    return invoice


def lines_of(call: Call) -> Obj:
    """GET /v1/invoices/{id}/lines."""
    return page(call.target("invoice", param="invoice")["lines"]["data"], call.params, call.url, "line item")


def listed(call: Call) -> Obj:
    """GET /v1/invoices."""
    found = created_within(call.world.all("invoice"), call.params.get("created"))
    found = matching(found, call.params, "collection_method", "customer", "status")
    if "subscription" in call.params:
        wanted = call.params["subscription"]
        found = [each for each in found if each["parent"]["subscription_details"]["subscription"] == wanted]
    return page(found, call.params, call.url, "invoice")


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
    Route("POST", "/v1/invoices/{id}/void", "_invoice_void_invoice_params:InvoiceVoidInvoiceParams", void),
    Route("POST", "/v1/invoices/{id}/pay", "_invoice_pay_params:InvoicePayParams", pay, names("off_session")),
    Route(
        "GET",
        "/v1/invoice_payments",
        "_invoice_payment_list_params:InvoicePaymentListParams",
        payments_listed,
        names("ending_before invoice limit payment starting_after status"),
    ),
]
