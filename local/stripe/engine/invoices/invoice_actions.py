"""What an API request does with an invoice: finalize, pay, void, write off. https://docs.stripe.com/invoicing/overview"""

from __future__ import annotations

from local.stripe.engine.buyers import payment_methods
from local.stripe.engine.errors import ApiError, invalid_request
from local.stripe.engine.invoices import invoice_life
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj


def _not_now(message: str) -> ApiError:
    return invalid_request(message, code="invoice_not_editable")


def _has_customer(call: Call, invoice: Obj) -> None:
    if call.world.need("customer", invoice["customer"]).get("deleted"):
        raise _not_now("The customer of this invoice has been deleted.")


def finalize(call: Call) -> Obj:
    """POST /v1/invoices/{id}/finalize: with `auto_advance` Stripe then collects it by itself."""
    invoice = call.target("invoice", param="invoice")
    if invoice["status"] != "draft":
        raise _not_now("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    world = call.world
    _has_customer(call, invoice)
    with world.at(world.time_of(invoice["customer"])):
        invoice["auto_advance"] = call.params.get("auto_advance", invoice["auto_advance"])
        invoice_life.finalize(world, invoice)
        if invoice["auto_advance"] or invoice["amount_due"] == 0:
            invoice_life.collect(world, invoice)
    return invoice


def pay(call: Call) -> Obj:
    """POST /v1/invoices/{id}/pay: try once more, with another payment method if one is named; a draft is finalized."""
    invoice = call.target("invoice", param="invoice")
    if invoice["status"] not in ("draft", "open", "uncollectible"):
        raise invalid_request(
            "Invoice is already paid" if invoice["status"] == "paid" else "This invoice cannot be paid."
        )
    world, method = call.world, None
    _has_customer(call, invoice)
    if "payment_method" in call.params:
        method = payment_methods.of_customer(call, invoice["customer"], "payment_method")
    with world.at(world.time_of(invoice["customer"])):
        if invoice["status"] == "draft":
            invoice_life.finalize(world, invoice)
        if call.params.get("paid_out_of_band"):
            invoice_life.mark_paid(world, invoice, None, elsewhere=True)
            return invoice
        if invoice["amount_due"] and method is None and not invoice_life.can_be_tried(world, invoice):
            raise invalid_request(
                "There is no `default_payment_method` set on this Customer or Invoice. Please specify a "
                "`payment_method` to pay this Invoice.",
                code="resource_missing",
            )
        invoice_life.collect(world, invoice, method)
    invoice_life.raise_if_refused(world, invoice)
    return invoice


def void(call: Call) -> Obj:
    """POST /v1/invoices/{id}/void."""
    invoice = call.target("invoice", param="invoice")
    if invoice["status"] not in ("open", "uncollectible"):
        raise _not_now("You can only void open or uncollectible invoices.")
    with call.world.at(call.world.time_of(invoice["customer"])):
        invoice_life.void(call.world, invoice)
    return invoice


def mark_uncollectible(call: Call) -> Obj:
    """POST /v1/invoices/{id}/mark_uncollectible."""
    invoice = call.target("invoice", param="invoice")
    if invoice["status"] != "open":
        raise _not_now("You can only mark an open invoice as uncollectible.")
    with call.world.at(call.world.time_of(invoice["customer"])):
        invoice_life.write_off(call.world, invoice)
    return invoice


_I = "_invoice_"
ROUTES = [
    Route(
        "POST",
        "/v1/invoices/{id}/finalize",
        _I + "finalize_invoice_params:InvoiceFinalizeInvoiceParams",
        finalize,
        names("auto_advance"),
    ),
    Route(
        "POST",
        "/v1/invoices/{id}/pay",
        _I + "pay_params:InvoicePayParams",
        pay,
        names("off_session paid_out_of_band payment_method"),
    ),
    Route("POST", "/v1/invoices/{id}/void", _I + "void_invoice_params:InvoiceVoidInvoiceParams", void),
    Route(
        "POST",
        "/v1/invoices/{id}/mark_uncollectible",
        _I + "mark_uncollectible_params:InvoiceMarkUncollectibleParams",
        mark_uncollectible,
    ),
]
