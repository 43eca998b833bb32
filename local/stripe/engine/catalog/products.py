"""Products. https://docs.stripe.com/api/products"""

from __future__ import annotations

from local.stripe.engine.catalog import prices, product_objects
from local.stripe.engine.errors import ApiError, invalid_request
from local.stripe.engine.paging import created_within, matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, merge_metadata, snapshot


def create(call: Call) -> Obj:
    """POST /v1/products; a caller may choose the id."""
    values = {key: value for key, value in call.params.items() if key not in ("expand", "default_price_data")}
    if call.world.get("product", values.get("id", "")):
        raise ApiError("Product already exists.", code="resource_already_exists", param="id")
    product = product_objects.make(call.world, **values)
    if "default_price_data" in call.params:
        price = prices.make(call.world, {**call.params["default_price_data"], "product": product["id"]})
        product["default_price"] = price["id"]
    return product


def retrieve(call: Call) -> Obj:
    """GET /v1/products/{id}."""
    return call.target("product")


def update(call: Call) -> Obj:
    """POST /v1/products/{id}."""
    product = call.target("product")
    before = snapshot(product)
    if "default_price" in call.params:
        call.named("price", "default_price")
    values = {key: None if value == "" else value for key, value in call.params.items() if key != "expand"}
    values["metadata"] = merge_metadata(product["metadata"], call.params.get("metadata"))
    product.update(values)
    if product != before:
        product["updated"] = call.world.now()
    call.world.emit_updated("product.updated", product, before)
    return product


def delete(call: Call) -> Obj:
    """DELETE /v1/products/{id}: refused while the product has a price."""
    product = call.target("product")
    if any(price["product"] == product["id"] for price in call.world.all("price")):
        raise invalid_request(
            "This product cannot be deleted because it has one or more user-created prices.", param="id"
        )
    call.world.emit("product.deleted", product)
    return call.world.remove(product)


def listed(call: Call) -> Obj:
    """GET /v1/products."""
    found = created_within(call.world.all("product"), call.params.get("created"))
    found = matching(found, call.params, "active", "shippable", "type", "url")
    if "ids" in call.params:
        found = [product for product in found if product["id"] in call.params["ids"]]
    return page(found, call.params, call.url, "product")


_WRITABLE = names("active description images marketing_features metadata name package_dimensions shippable")
_WRITABLE |= names("statement_descriptor tax_code unit_label url")
ROUTES = [
    Route(
        "POST",
        "/v1/products",
        "_product_create_params:ProductCreateParams",
        create,
        _WRITABLE | {"id", "type", "default_price_data"},
    ),
    Route("GET", "/v1/products", "_product_list_params:ProductListParams", listed),
    Route("GET", "/v1/products/{id}", "_product_retrieve_params:ProductRetrieveParams", retrieve),
    Route(
        "POST",
        "/v1/products/{id}",
        "_product_update_params:ProductUpdateParams",
        update,
        _WRITABLE | {"default_price"},
    ),
    Route("DELETE", "/v1/products/{id}", "_product_delete_params:ProductDeleteParams", delete),
]
