"""What can be bought."""

from __future__ import annotations

from billing.api_models.catalog import CatalogAnswer
from docs.openapi.operation import WITH_STRIPE, Caller, Operation, Replied

OPERATIONS = (
    Operation(
        "GET /catalog",
        "getCatalog",
        "Catalog",
        "The prices that can be bought, with what each gives; up to two minutes old.",
        Caller.ANYBODY,
        [Replied(200, "The catalog.", CatalogAnswer)],
        errors=WITH_STRIPE,
    ),
)
