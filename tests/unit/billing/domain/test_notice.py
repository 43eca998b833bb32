"""A queue message is read as strictly as if a stranger had written it (F13, S25)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.ids import CustomerId, OrderId
from billing.domain.notice import Hints, Notice
from billing.errors import MalformedMessage

MESSAGE: dict[str, Any] = {
    "v": 1,
    "id": "evt_1",
    "type": "checkout.session.completed",
    "created": 1795255200,
    "livemode": False,
    "account": None,
    "apiVersion": "2026-10-28.endive",
    "customer": "cus_1",
    "object": {"type": "checkout.session", "id": "cs_test_1"},
    "related": {"checkout.session": "cs_test_1"},
    "orderId": None,
    "receivedAt": "2026-11-21T10:00:00Z",
    "correlationId": "JKJaXmPLvHcESHA=",
    "quarantine": None,
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


def test_a_message_reads_and_writes_the_same() -> None:
    assert Notice.from_message(MESSAGE).to_message() == MESSAGE


@pytest.mark.usefixtures("in_tokyo")
def test_a_message_is_in_utc_wherever_the_machine_is() -> None:
    assert Notice.from_message(MESSAGE).to_message()["receivedAt"] == "2026-11-21T10:00:00Z"


@given(st.sampled_from(sorted(MESSAGE)), json_values)
def test_no_message_raises_anything_else(name: str, value: Any) -> None:
    try:
        notice = Notice.from_message(MESSAGE | {name: value})
    except MalformedMessage:
        return
    assert notice.id.startswith("evt_")


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": None},
        {"id": "evt_1 or 1=1"},
        {"related": {"secret": "pi_1"}},
        {"related": {"charge": "pi_1"}},
        {"related": None},
        {"quarantine": "no"},
        {"receivedAt": "2026-11-21T10:00:00"},
        {"receivedAt": "yesterday"},
        {"receivedAt": "0001-01-01T00:00:00+14:00"},
        {"correlationId": "a\nb" * 5},
        {"object": None},
        {"customer": "a customer"},
        {"object": {"type": "invoice", "id": "user-42"}},
        {"livemode": 0},
    ],
)
def test_a_message_that_we_did_not_write_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        Notice.from_message(MESSAGE | change)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        *(({name: object()}, name) for name in MESSAGE if name != "object"),
        ({"object": 1}, "object"),
        ({"object": {"type": 1, "id": None}}, "object.type"),
        ({"object": {"type": "charge", "id": 1}}, "object.id"),
        ({"related": {"charge": "pi_1"}}, "related"),
    ],
)
def test_a_refusal_names_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedMessage) as refused:
        Notice.from_message(MESSAGE | change)
    assert refused.value.ids == {"field": field}


def test_a_refusal_of_what_is_no_message_says_so() -> None:
    with pytest.raises(MalformedMessage) as refused:
        Notice.from_message([])
    assert refused.value.ids == {"field": "message"}


@pytest.mark.parametrize("message", [None, [], "x", 1, {}])
def test_a_malformed_message_is_refused(message: Any) -> None:
    with pytest.raises(MalformedMessage):
        Notice.from_message(message)


def test_what_an_object_says_fills_in_what_its_event_left_out_and_changes_nothing_else() -> None:
    thin = Notice.from_message(MESSAGE | {"customer": None, "related": {"checkout.session": "cs_test_1"}})
    hints = Hints(CustomerId("cus_2"), {"checkout.session": "cs_test_2", "invoice": "in_2"}, OrderId("ord_2"))
    told = thin.with_hints(hints)
    assert (told.customer, told.order_id) == ("cus_2", "ord_2")
    assert told.related == {"checkout.session": "cs_test_1", "invoice": "in_2"}
    whole = Notice.from_message(MESSAGE | {"orderId": "ord_1"}).with_hints(hints)
    assert (whole.customer, whole.order_id) == ("cus_1", "ord_1")
