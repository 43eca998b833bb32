"""Customers. https://docs.stripe.com/api/customers"""

from __future__ import annotations

import re
from typing import Any

from local.stripe.engine.buyers.addresses import check_address
from local.stripe.engine.buyers.payment_methods import NO_ADDRESS
from local.stripe.engine.errors import invalid_request
from local.stripe.engine.paging import created_within, list_object, matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.subscriptions import subscription_end
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

_CHOSEN = re.compile(r"[A-Za-z0-9_-]{1,255}", re.ASCII)


def make(world: World, **values: Any) -> Obj:
    """Keep a new customer and tell about it; also used by a checkout without one."""
    customer = world.add(
        {
            "id": world.id("cus", 14),
            "object": "customer",
            "address": None,
            "balance": 0,
            "business_name": None,
            "created": world.now(),
            "currency": None,
            "customer_account": None,
            "default_source": None,
            "delinquent": False,
            "description": None,
            "discount": None,
            "email": None,
            "individual_name": None,
            "invoice_prefix": world.token(8).upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": {},
            "name": None,
            "next_invoice_sequence": 1,
            "phone": None,
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
            **values,
        }
    )
    world.emit("customer.created", customer)
    return customer


def create(call: Call) -> Obj:
    """POST /v1/customers. The `id` may be chosen, which no page of the parameters says
    (https://docs.stripe.com/changelog/2018-05-21/valid-characters-ids-coupons-skus-customers-products-plans).
    """
    values = _changed(call.params)
    if "id" in values:
        _free(call.world, values["id"])
    metadata = merge_metadata({}, values.pop("metadata", None))
    moment = None
    if "test_clock" in call.params:
        moment = call.named("test_helpers.test_clock", "test_clock", "test clock")["frozen_time"]
    with call.world.at(moment):
        return make(call.world, **values, metadata=metadata)


def _free(world: World, chosen: str) -> None:
    if not _CHOSEN.fullmatch(chosen):
        raise invalid_request("Customer ids may only contain alphanumeric characters, `_` and `-`.", param="id")
    if world.get("customer", chosen) is not None:
        raise invalid_request("Customer already exists.", param="id", code="resource_already_exists")


def _changed(params: dict[str, Any]) -> dict[str, Any]:
    """Take the plain members over; an empty string unsets."""
    check_address(params.get("email"), "email")
    values: dict[str, Any] = {
        key: None if value == "" and key != "metadata" else value for key, value in params.items() if key != "expand"
    }
    if values.get("address"):
        values["address"] = NO_ADDRESS | values["address"]
    return values


def retrieve(call: Call) -> Obj:
    """GET /v1/customers/{id}: a deleted one still answers, as its tombstone."""
    return call.target("customer")


def update(call: Call) -> Obj:
    """POST /v1/customers/{id}."""
    customer = call.target("customer")
    if customer.get("deleted"):
        raise invalid_request(f"No such customer: '{customer['id']}'", param="id", code="resource_missing")
    before = snapshot(customer)
    values = _changed(call.params)
    customer["metadata"] = merge_metadata(customer["metadata"], values.pop("metadata", None))
    customer["invoice_settings"] = customer["invoice_settings"] | values.pop("invoice_settings", {})
    customer.update(values)
    call.world.emit_updated("customer.updated", customer, before)
    return customer


def delete(call: Call) -> Obj:
    """DELETE /v1/customers/{id}: cancels the customer's subscriptions at once, and can't be undone."""
    customer = call.target("customer")
    if customer.get("deleted"):
        raise invalid_request(f"No such customer: '{customer['id']}'", param="id", code="resource_missing")
    for subscription in call.world.all("subscription"):
        if subscription["customer"] == customer["id"] and subscription["ended_at"] is None:
            subscription_end.end(call.world, subscription, "cancellation_requested")
    tombstone = call.world.remove(customer)
    call.world.emit("customer.deleted", customer)
    return call.world.add(tombstone)


def listed(call: Call) -> Obj:
    """GET /v1/customers; those on a test clock only when asked for by that clock."""
    alive = [each for each in call.world.all("customer") if not each.get("deleted")]
    clock = call.params.get("test_clock")
    on_clock = [each for each in alive if each["test_clock"] == clock]
    found = matching(created_within(on_clock, call.params.get("created")), call.params, "email")
    return page(found, call.params, call.url, "customer")


def subscriptions_of(world: World, customer: Obj) -> Obj:
    """The `subscriptions` member, included on demand."""
    live = [
        snapshot(each)
        for each in world.all("subscription")
        if each["customer"] == customer["id"] and each["status"] not in ("canceled", "incomplete_expired")
    ]
    return list_object(live, f"/v1/customers/{customer['id']}/subscriptions")


_WRITABLE = names("address balance business_name description email individual_name metadata name phone")
_WRITABLE |= names("preferred_locales shipping tax_exempt")
ROUTES = [
    Route(
        "POST",
        "/v1/customers",
        "_customer_create_params:CustomerCreateParams",
        create,
        _WRITABLE | {"id", "test_clock"},
        beyond=frozenset({"id"}),
    ),
    Route("GET", "/v1/customers", "_customer_list_params:CustomerListParams", listed),
    Route("GET", "/v1/customers/{id}", "_customer_retrieve_params:CustomerRetrieveParams", retrieve),
    Route(
        "POST",
        "/v1/customers/{id}",
        "_customer_update_params:CustomerUpdateParams",
        update,
        _WRITABLE | {"invoice_settings"},
    ),
    Route("DELETE", "/v1/customers/{id}", "_customer_delete_params:CustomerDeleteParams", delete),
]
