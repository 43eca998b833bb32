"""What a user asks of a checkout, with defaults that a test overrides where it speaks of them."""

from __future__ import annotations

from typing import Any

from billing.domain.ids import UserId
from billing.services.find_price import PriceRef
from billing.services.start_checkout import CheckoutRequest, LineRequest
from tests.fakes.snapshots import ALICE


def a_line_request(lookup_key: str | None = None, quantity: int = 1, **ref: Any) -> LineRequest:
    return LineRequest(PriceRef(lookup_key=lookup_key, **ref), quantity)


def a_request(
    lookup_key: str | None = "credits", quantity: int = 1, *, user: UserId = ALICE, **given: Any
) -> CheckoutRequest:
    """One line, by its lookup key; `price_id`, `plan`, `level` and `interval` name another, `lines` are all of them."""
    ref = {name: given.pop(name) for name in ("price_id", "plan", "level", "interval") if name in given}
    lines = given.pop("lines", None) or (a_line_request(None if ref else lookup_key, quantity, **ref),)
    return CheckoutRequest(**{"user": user, "email": "alice@example.com", "lines": lines, **given})
