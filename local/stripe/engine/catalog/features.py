"""Features, and which products have them. https://docs.stripe.com/billing/entitlements

What customers are entitled to by them is in entitlements.py.
"""

from __future__ import annotations

from local.stripe.engine.errors import ApiError, invalid_request, missing
from local.stripe.engine.paging import matching, page
from local.stripe.engine.routes import Call, Route, names
from local.stripe.engine.world import Obj, World, merge_metadata, snapshot

KIND = "entitlements.feature"
MOST_LETTERS = 80
OF_PRODUCT = "/product"
"""Kept hidden under the id of a product feature with this ending: the product."""


def create(call: Call) -> Obj:
    """POST /v1/entitlements/features: the lookup key is unique among the active ones, and never changes."""
    world, given = call.world, call.params
    for name in ("lookup_key", "name"):
        if len(given[name]) > MOST_LETTERS:
            raise invalid_request(f"Invalid string: must be at most {MOST_LETTERS} characters", param=name)
    if any(each["active"] and each["lookup_key"] == given["lookup_key"] for each in world.all(KIND)):
        raise ApiError(
            f"A feature with the lookup key `{given['lookup_key']}` already exists.",
            param="lookup_key",
            code="resource_already_exists",
        )
    return world.add(
        {
            "id": world.id("feat_test_61"),
            "object": KIND,
            "active": True,
            "livemode": False,
            "lookup_key": given["lookup_key"],
            "metadata": merge_metadata({}, given.get("metadata")),
            "name": given["name"],
        }
    )


def retrieve(call: Call) -> Obj:
    """GET /v1/entitlements/features/{id}."""
    return call.target(KIND, "feature", "feature")


def update(call: Call) -> Obj:
    """POST /v1/entitlements/features/{id}: an archived one stays archived, and can no longer be attached."""
    feature = call.target(KIND, "feature", "feature")
    if not feature["active"]:
        raise invalid_request("An archived feature cannot be changed.", param="feature")
    feature["name"] = call.params.get("name", feature["name"])
    feature["active"] = call.params.get("active", True)
    feature["metadata"] = merge_metadata(feature["metadata"], call.params.get("metadata"))
    return feature


def listed(call: Call) -> Obj:
    """GET /v1/entitlements/features: the active ones, or with `archived` the others."""
    archived = call.params.get("archived", False)
    found = [each for each in call.world.all(KIND) if each["active"] != archived]
    return page(matching(found, call.params, "lookup_key"), call.params, call.url, "feature")


def attach(call: Call) -> Obj:
    """POST /v1/products/{product}/features."""
    world, product = call.world, _product(call)
    feature = call.named(KIND, "entitlement_feature", "feature")
    if not feature["active"]:
        raise invalid_request("An archived feature cannot be attached.", param="entitlement_feature")
    if feature["id"] in of_product(world, product["id"]):
        raise ApiError(
            "This feature is already attached to this product.",
            param="entitlement_feature",
            code="resource_already_exists",
        )
    made = world.add(
        {
            "id": world.id("prodft_test_61"),
            "object": "product_feature",
            "entitlement_feature": snapshot(feature),
            "livemode": False,
        }
    )
    world.hidden[made["id"] + OF_PRODUCT] = product["id"]
    return made


def _product(call: Call) -> Obj:
    found = call.world.get("product", call.path["product"])
    if found is None:
        raise missing("product", call.path["product"], param="product", in_path=True)
    return found


def _attached(world: World, product: str) -> list[Obj]:
    return [each for each in world.all("product_feature") if world.hidden[each["id"] + OF_PRODUCT] == product]


def of_product(world: World, product: str) -> list[str]:
    """The features of a product, oldest first."""
    return [each["entitlement_feature"]["id"] for each in reversed(_attached(world, product))]


def attached(call: Call) -> Obj:
    """GET /v1/products/{product}/features."""
    return page(_attached(call.world, _product(call)["id"]), call.params, call.url, "product feature")


def one_attached(call: Call) -> Obj:
    """GET /v1/products/{product}/features/{id}."""
    product, found = _product(call), call.target("product_feature", "product feature")
    if found not in _attached(call.world, product["id"]):
        raise missing("product feature", found["id"], param="id", in_path=True)
    return found


def detach(call: Call) -> Obj:
    """DELETE /v1/products/{product}/features/{id}."""
    return call.world.remove(one_attached(call))


_F, _FEATURES = "entitlements._feature_", "/v1/entitlements/features"
_P, _OF_PRODUCT = "_product_feature_", "/v1/products/{product}/features"
ROUTES = [
    Route("POST", _FEATURES, _F + "create_params:FeatureCreateParams", create, names("lookup_key metadata name")),
    Route("GET", _FEATURES, _F + "list_params:FeatureListParams", listed),
    Route("GET", _FEATURES + "/{id}", _F + "retrieve_params:FeatureRetrieveParams", retrieve),
    Route("POST", _FEATURES + "/{id}", _F + "update_params:FeatureUpdateParams", update),
    Route("POST", _OF_PRODUCT, _P + "create_params:ProductFeatureCreateParams", attach),
    Route("GET", _OF_PRODUCT, _P + "list_params:ProductFeatureListParams", attached),
    Route("GET", _OF_PRODUCT + "/{id}", _P + "retrieve_params:ProductFeatureRetrieveParams", one_attached),
    Route("DELETE", _OF_PRODUCT + "/{id}", _P + "delete_params:ProductFeatureDeleteParams", detach),
]
