"""Tax ids that buyers give on the page. https://docs.stripe.com/tax/checkout/tax-ids"""

from __future__ import annotations

import re

from local.stripe.engine.paging import list_object, page
from local.stripe.engine.routes import Call, Route
from local.stripe.engine.world import Obj, World, snapshot

KINDS: dict[str, tuple[str, str, str]] = {
    "AU": ("au_abn", r"\d{11}", "12345678912"),
    "CA": ("ca_bn", r"\d{9}", "123456789"),
    "CH": ("ch_vat", r"CHE-\d{3}\.\d{3}\.\d{3} (MWST|TVA|IVA)", "CHE-123.456.789 MWST"),
    "GB": ("gb_vat", r"GB\d{9}", "GB123456789"),
    "JP": ("jp_cn", r"\d{13}", "1234567891234"),
    "US": ("us_ein", r"\d{2}-\d{7}", "12-3456789"),
    **{
        country: ("eu_vat", country + r"[0-9A-Z]{8,12}", country + "123456789")
        for country in ("AT", "BE", "DE", "ES", "FR", "IE", "IT", "NL", "PL", "SE")
    },
}
"""By country: Stripe's type, the form it has, and an example. https://docs.stripe.com/billing/customer/tax-ids#supported-tax-id"""


def read(country: str, value: str) -> Obj | None:
    """Read what was typed; None when it has not the form of the country's tax ids, or the country has none here."""
    known = KINDS.get(country)
    text = value.strip().upper()
    if known is None or not re.fullmatch(known[1], text, re.ASCII):
        return None
    return {"type": known[0], "value": text}


def save(world: World, customer: str, given: list[Obj]) -> None:
    """Keep them on the customer, each once."""
    for each in given:
        if any((own["type"], own["value"]) == (each["type"], each["value"]) for own in _of(world, customer)):
            continue
        made = world.add(
            {
                "id": world.id("txi_1"),
                "object": "tax_id",
                "country": each["value"][:2] if each["type"] == "eu_vat" else each["type"][:2].upper(),
                "created": world.now(),
                "customer": customer,
                "customer_account": None,
                "livemode": False,
                "owner": {"customer": customer, "type": "customer"},
                "type": each["type"],
                "value": each["value"],
                "verification": {"status": "pending", "verified_address": None, "verified_name": None},
            }
        )
        world.emit("customer.tax_id.created", made)


def _of(world: World, customer: str) -> list[Obj]:
    return [each for each in world.all("tax_id") if each["customer"] == customer]


def shown(world: World, customer: str) -> list[Obj]:
    """Their types and values, as sessions and invoices show them."""
    return [{"type": each["type"], "value": each["value"]} for each in _of(world, customer)]


def included(world: World, customer: Obj) -> Obj:
    """The `tax_ids` member of a customer, included on demand."""
    found = [snapshot(each) for each in _of(world, customer["id"])]
    return list_object(found, f"/v1/customers/{customer['id']}/tax_ids")


def listed(call: Call) -> Obj:
    """GET /v1/customers/{id}/tax_ids."""
    return page(_of(call.world, call.target("customer")["id"]), call.params, call.url, "tax id")


ROUTES = [
    Route("GET", "/v1/customers/{id}/tax_ids", "_customer_tax_id_list_params:CustomerTaxIdListParams", listed),
]
