"""The routes of the API, one module for each group; a test holds them against the template and the handlers."""

from __future__ import annotations

from docs.openapi.operation import Operation
from docs.openapi.operations import account, catalog, checkout, credits, subscriptions, webhook

OPERATIONS: tuple[Operation, ...] = (
    *catalog.OPERATIONS,
    *checkout.OPERATIONS,
    *account.OPERATIONS,
    *credits.OPERATIONS,
    *subscriptions.OPERATIONS,
    *webhook.OPERATIONS,
)
