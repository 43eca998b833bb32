"""The tax rates behind automatic taxes, to read. https://docs.stripe.com/api/tax_rates"""

from __future__ import annotations

from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.routes import Call, Route
from local.stripe.engine.world import Obj


def retrieve(call: Call) -> Obj:
    """GET /v1/tax_rates/{id}."""
    return call.target("tax_rate", "tax rate")


def listed(call: Call) -> Obj:
    """GET /v1/tax_rates."""
    found = created_within(call.world.all("tax_rate"), call.params.get("created"))
    return page(matching(found, call.params, "active", "inclusive"), call.params, call.url, "tax rate")


ROUTES = [
    Route("GET", "/v1/tax_rates", "_tax_rate_list_params:TaxRateListParams", listed),
    Route("GET", "/v1/tax_rates/{id}", "_tax_rate_retrieve_params:TaxRateRetrieveParams", retrieve),
]
