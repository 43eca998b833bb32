"""Saving payment methods for later, without a checkout. https://docs.stripe.com/api/payment_methods/attach

A script names the card by one of Stripe's test payment methods: https://docs.stripe.com/testing?testing-method=payment-methods
"""

from __future__ import annotations

from local.stripe.engine.buyers import payment_methods
from local.stripe.engine.buyers.instruments import CARDS
from local.stripe.engine.errors import ApiError, invalid_request, missing
from local.stripe.engine.paging import matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, snapshot

TEST_METHODS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_visa_debit": "4000056655665556",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_discover": "6011111111111117",
    "pm_card_de": "4000002760000016",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_createDispute": "4000000000000259",
}
"""Each attach makes a new payment method of that card (page above)."""


def attach(call: Call) -> Obj:
    """POST /v1/payment_methods/{id}/attach: a card that is refused by itself cannot be saved."""
    world = call.world
    if "customer" not in call.params:
        raise invalid_request("Missing required param: customer.", param="customer", code="parameter_missing")
    customer = call.named("customer", "customer")
    number = TEST_METHODS.get(call.path["id"])
    if number is not None:
        instrument = CARDS[number]
        if instrument.failure is not None:
            code, decline_code, message = instrument.failure
            extra = {"decline_code": decline_code}
            raise ApiError(message, status=402, type="card_error", code=code, extra=extra)
        method = payment_methods.make(world, instrument, customer["name"], customer["email"])
    else:
        method = call.target("payment_method", "PaymentMethod", "payment_method")
    if method["customer"] not in (None, customer["id"]):
        raise invalid_request(
            "The payment method you provided has already been attached to a customer.", param="payment_method"
        )
    payment_methods.attach(world, method, customer["id"])
    return method


def detach(call: Call) -> Obj:
    """POST /v1/payment_methods/{id}/detach: it can never be used again, and nothing pays with it any more."""
    world, method = call.world, call.target("payment_method", "PaymentMethod", "payment_method")
    owner = method["customer"]
    if owner is None:
        raise invalid_request(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            param="payment_method",
        )
    before = snapshot(method)
    method["customer"] = None
    world.emit("payment_method.detached", method, before)
    customer = world.need("customer", owner)
    earlier = snapshot(customer)
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        customer["invoice_settings"]["default_payment_method"] = None
        world.emit("customer.updated", customer, earlier)
    for subscription in world.all("subscription"):
        if subscription["default_payment_method"] == method["id"] and subscription["ended_at"] is None:
            known = snapshot(subscription)
            subscription["default_payment_method"] = None
            world.emit("customer.subscription.updated", subscription, known)
    return method


def listed(call: Call) -> Obj:
    """GET /v1/payment_methods and /v1/customers/{id}/payment_methods: those of one customer."""
    wanted = call.path.get("id", call.params.get("customer"))
    if wanted is None:
        raise invalid_request("Missing required param: customer.", param="customer", code="parameter_missing")
    customer = call.world.get("customer", wanted)
    if customer is None or customer.get("deleted"):
        raise missing("customer", wanted, param="customer", in_path="id" in call.path)
    found = [each for each in call.world.all("payment_method") if each["customer"] == wanted]
    return page(matching(found, call.params, "type"), call.params, call.url, "payment_method")


_PM, _ONE = "_payment_method_", "/v1/payment_methods/{id}"
ROUTES = [
    Route(
        "GET",
        "/v1/payment_methods",
        _PM + "list_params:PaymentMethodListParams",
        listed,
        names("customer ending_before limit starting_after type"),
    ),
    Route(
        "GET",
        "/v1/customers/{id}/payment_methods",
        "_customer_payment_method_list_params:CustomerPaymentMethodListParams",
        listed,
        names("ending_before limit starting_after type"),
    ),
    Route("POST", _ONE + "/attach", _PM + "attach_params:PaymentMethodAttachParams", attach, names("customer")),
    Route("POST", _ONE + "/detach", _PM + "detach_params:PaymentMethodDetachParams", detach),
]
