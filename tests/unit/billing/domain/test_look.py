"""Which checkout sessions are in doubt, and what is told of them (F50, money rule 27)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billing.domain.events import Origin
from billing.domain.look import doubt_of_session, looked_at
from billing.domain.purchase import PurchaseState

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
COMPLETED, EXPIRED = "checkout.session.completed", "checkout.session.expired"
STATES: tuple[PurchaseState | None, ...] = (None, *PurchaseState)


def a_session(status: str, paid: str = "paid", **changed: Any) -> dict[str, Any]:
    named = {"id": "cs_test_1", "object": "checkout.session", "livemode": False, "client_reference_id": "ord_1"}
    return {**named, "status": status, "payment_status": paid, "metadata": {}, "customer": "cus_1", **changed}


@pytest.mark.parametrize(
    ("status", "paid", "doubted", "told"),
    [
        ("open", "unpaid", set(), COMPLETED),
        ("complete", "paid", {None, "OPEN", "PROCESSING", "EXPIRED", "FAILED"}, COMPLETED),
        ("complete", "no_payment_required", {None, "OPEN", "PROCESSING", "EXPIRED", "FAILED"}, COMPLETED),
        ("complete", "unpaid", {None, "OPEN", "PROCESSING"}, COMPLETED),
        ("expired", "unpaid", {"OPEN", "PROCESSING"}, EXPIRED),
    ],
)
def test_what_is_stored_and_does_not_fit_is_in_doubt(status: str, paid: str, doubted: set[Any], told: str) -> None:
    found = {state: doubt_of_session(a_session(status, paid), state) for state in STATES}
    assert {state for state, kind in found.items() if kind} == doubted
    assert set(found.values()) <= {None, told}


@pytest.mark.parametrize("status", ["open", "complete", "expired"])
@pytest.mark.parametrize(
    "changed", [{"client_reference_id": None}, {"client_reference_id": "theirs", "metadata": None}]
)
def test_what_names_no_order_and_is_not_stored_is_of_another_app(status: str, changed: dict[str, Any]) -> None:
    """F65."""
    assert doubt_of_session(a_session(status, **changed), None) is None


def test_an_order_in_the_metadata_is_ours_too() -> None:
    session = a_session("complete", client_reference_id=None, metadata={"order_id": "ord_1"})
    assert doubt_of_session(session, None) == COMPLETED


def test_it_is_told_as_an_event_under_an_id_of_the_pass() -> None:
    session, origin = a_session("complete"), Origin(livemode=False)
    notice = looked_at(session, COMPLETED, NOW, origin, received_at=NOW, correlation_id="run-00001")
    assert (notice.id, notice.type, notice.customer) == ("look_cs_test_1_1795867200", COMPLETED, "cus_1")
    assert notice.related["checkout.session"] == "cs_test_1"
    assert notice.from_message(notice.to_message()) == notice
