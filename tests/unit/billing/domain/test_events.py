"""What is read from an event, in each payload shape, and what the message keeps of it (F30-F33, S25)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.events import HANDLED, Origin, event_type, parse_event
from billing.domain.notice import Notice, ObjectRef
from billing.errors import MalformedEvent

FIXTURES = Path(__file__).parents[3] / "fixtures" / "stripe_events"
RECEIVED = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)
TEST_MODE = Origin(livemode=False)

CUSTOMER = "cus_RkPlumb0000001"
SESSION = "cs_test_a1B2c3D4e5F6g7H8"
PAYMENT = "pi_3QzLkPlumb000000001"
PAYMENT_2 = "pi_3QzLkPlumb000000002"
CHARGE = "ch_3QzLkPlumb000000001"
CHARGE_2 = "ch_3QzLkPlumb000000002"
INVOICE = "in_1QzLkPlumb000000001"
PLAN = "sub_1QzLkPlumb00000001"
ORDER = "ord_01JD3K5Q8Z"

# file → customer, object id, related, order id
READ: dict[str, tuple[str | None, str | None, dict[str, str], str | None]] = {
    "checkout.session.completed": (
        CUSTOMER,
        SESSION,
        {"checkout.session": SESSION, "payment_intent": PAYMENT},
        ORDER,
    ),
    "checkout.session.completed.subscription": (
        CUSTOMER,
        "cs_test_b1B2c3D4e5F6g7H8",
        {"checkout.session": "cs_test_b1B2c3D4e5F6g7H8", "invoice": INVOICE, "subscription": PLAN},
        ORDER,
    ),
    "invoice.paid": (CUSTOMER, INVOICE, {"invoice": INVOICE, "subscription": PLAN}, ORDER),
    "invoice.paid.before_2025_03_31": (
        CUSTOMER,
        INVOICE,
        {"payment_intent": PAYMENT_2, "charge": CHARGE_2, "invoice": INVOICE, "subscription": PLAN},
        ORDER,
    ),
    "invoice.payment_failed.before_2025_03_31": (
        CUSTOMER,
        INVOICE,
        {"payment_intent": PAYMENT_2, "charge": CHARGE_2, "invoice": INVOICE, "subscription": PLAN},
        ORDER,
    ),
    "customer.subscription.updated.before_2025_03_31": (
        CUSTOMER,
        PLAN,
        {"invoice": INVOICE, "subscription": PLAN},
        ORDER,
    ),
    "invoice.paid.with_payments": (CUSTOMER, INVOICE, {"payment_intent": PAYMENT_2, "invoice": INVOICE}, None),
    "invoice.upcoming": (CUSTOMER, None, {"subscription": PLAN}, None),
    "payment_intent.succeeded": (CUSTOMER, PAYMENT, {"payment_intent": PAYMENT, "charge": CHARGE}, ORDER),
    "payment_intent.succeeded.before_2025_03_31": (
        CUSTOMER,
        PAYMENT,
        {"payment_intent": PAYMENT, "charge": CHARGE, "invoice": INVOICE},
        None,
    ),
    "charge.refunded": (CUSTOMER, CHARGE, {"payment_intent": PAYMENT, "charge": CHARGE}, ORDER),
    "charge.refunded.before_2025_03_31": (
        CUSTOMER,
        CHARGE,
        {"payment_intent": PAYMENT, "charge": CHARGE, "invoice": INVOICE},
        None,
    ),
    "charge.refunded.no_customer": (
        None,
        "py_3QzLkPlumb000000001",
        {"payment_intent": PAYMENT, "charge": "py_3QzLkPlumb000000001"},
        ORDER,
    ),
    "refund.failed": (None, "re_3QzLkPlumb000000001", {"payment_intent": PAYMENT, "charge": CHARGE}, None),
    "charge.dispute.created": (
        None,
        "du_1QzLkPlumb000000001",
        {"payment_intent": PAYMENT, "charge": CHARGE},
        None,
    ),
    "charge.dispute.closed.expanded": (
        None,
        "dp_1QzLkPlumb000000001",
        {"payment_intent": PAYMENT, "charge": CHARGE},
        None,
    ),
    "customer.subscription.updated": (CUSTOMER, PLAN, {"invoice": INVOICE, "subscription": PLAN}, ORDER),
    "customer.subscription.deleted.customer_deleted": (
        CUSTOMER,
        PLAN,
        {"invoice": INVOICE, "subscription": PLAN},
        ORDER,
    ),
    "customer.deleted": (CUSTOMER, CUSTOMER, {}, None),
    "entitlements.active_entitlement_summary.updated": (CUSTOMER, None, {}, None),
}


def load(name: str) -> dict[str, Any]:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def parse(payload: object, origin: Origin = TEST_MODE) -> Notice:
    return parse_event(payload, origin, received_at=RECEIVED, correlation_id="JKJaXmPLvHcESHA=")


def test_every_fixture_is_in_the_table() -> None:
    assert {path.stem for path in FIXTURES.glob("*.json")} == set(READ)


@pytest.mark.parametrize("name", READ)
def test_ids_are_found_wherever_the_payload_keeps_them(name: str) -> None:
    payload = load(name)
    notice = parse(payload)
    customer, object_id, related, order_id = READ[name]
    assert notice.id == payload["id"]
    assert notice.type == payload["type"]
    assert notice.type in HANDLED
    assert notice.created == datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    assert notice.api_version == payload["api_version"]
    assert notice.customer == customer
    assert notice.object == ObjectRef(payload["data"]["object"]["object"], object_id)
    assert notice.related == related
    assert notice.order_id == order_id
    assert notice.quarantine is None


@pytest.mark.parametrize("name", READ)
def test_a_message_reads_back_to_the_same_notice(name: str) -> None:
    notice = parse(load(name))
    message = json.loads(json.dumps(notice.to_message()))
    assert Notice.from_message(message) == notice
    assert not {"alice", "example.com"} & set(json.dumps(message).replace("@", '"').split('"'))


def test_the_message_is_the_agreed_one() -> None:
    assert parse(load("checkout.session.completed")).to_message() == {
        "v": 1,
        "id": "evt_1Qz01LkPlumb00000000Abc",
        "type": "checkout.session.completed",
        "created": 1795255200,
        "livemode": False,
        "account": None,
        "apiVersion": "2026-10-28.endive",
        "customer": CUSTOMER,
        "object": {"type": "checkout.session", "id": SESSION},
        "related": {"checkout.session": SESSION, "payment_intent": PAYMENT},
        "orderId": ORDER,
        "receivedAt": "2026-11-21T10:00:00.123456Z",
        "correlationId": "8f14e45f-ceea-467f-a8f0-5b1d2c3e4f5a",
        "quarantine": None,
    }


def test_the_request_id_serves_where_checkout_left_no_correlation_id() -> None:
    assert parse(load("refund.failed")).correlation_id == "JKJaXmPLvHcESHA="


def test_the_table_is_the_documented_one() -> None:
    """The 18 types of the widely used recommendation, and those that this system needs beside them."""
    recommended = under("customer.subscription", "created updated deleted paused resumed trial_will_end")
    recommended |= under("customer.subscription", "pending_update_applied pending_update_expired")
    recommended |= under("invoice", "paid payment_failed payment_action_required upcoming")
    recommended |= under("invoice", "marked_uncollectible payment_succeeded")
    recommended |= under("payment_intent", "succeeded payment_failed canceled") | {"checkout.session.completed"}
    beside = under("checkout.session", "async_payment_succeeded async_payment_failed expired")
    beside |= under("refund", "created updated failed") | {"charge.refunded", "customer.updated", "customer.deleted"}
    beside |= under("charge.dispute", "created updated closed funds_withdrawn funds_reinstated")
    beside |= {"entitlements.active_entitlement_summary.updated"}
    assert len(recommended) == 18
    assert set(HANDLED) == recommended | beside
    assert all(HANDLED.values())


def under(name: str, kinds: str) -> set[str]:
    return {f"{name}.{kind}" for kind in kinds.split()}


# --- wrong mode, wrong account: queued with the reason

CONNECTED = "acct_1QzConnected"


@pytest.mark.parametrize(
    ("livemode", "account", "origin", "expected"),
    [
        (False, None, Origin(livemode=False), None),
        (True, None, Origin(livemode=True), None),
        (True, None, Origin(livemode=False), "wrong_mode"),
        (False, None, Origin(livemode=True), "wrong_mode"),
        (False, None, Origin(livemode=False, account=CONNECTED), None),
        (False, CONNECTED, Origin(livemode=False, account=CONNECTED), None),
        (False, CONNECTED, Origin(livemode=False), "wrong_account"),
        (False, "acct_another", Origin(livemode=False, account=CONNECTED), "wrong_account"),
        (True, CONNECTED, Origin(livemode=False), "wrong_mode"),
    ],
)
def test_an_event_of_another_mode_or_account_is_marked(
    livemode: bool, account: str | None, origin: Origin, expected: str | None
) -> None:
    payload = load("checkout.session.completed") | {"livemode": livemode}
    if account is not None:
        payload["account"] = account
    notice = parse(payload, origin)
    assert notice.quarantine == expected
    assert Notice.from_message(notice.to_message()) == notice


# --- what cannot be read

BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "a type with a blank": ({"type": "invoice paid"}, "type"),
    "another envelope": ({"object": "v3.core.event"}, "envelope"),
    "a thin event without an object": ({"object": "v2.core.event"}, "related_object"),
    "no id": ({"id": None}, "id"),
    "an id with a colon": ({"id": "evt_1:2"}, "id"),
    "an id with a line break at its end": ({"id": "evt_1\n"}, "id"),
    "an id of something else": ({"id": "cus_1"}, "id"),
    "the id of a look of our own": ({"id": "look_1"}, "id"),
    "an endless id": ({"id": "evt_" + "1" * 500}, "id"),
    "a number as id": ({"id": 1}, "id"),
    "created as text": ({"created": "1795255200"}, "created"),
    "created as true": ({"created": True}, "created"),
    "created as a fraction": ({"created": 1.5}, "created"),
    "created beyond the calendar": ({"created": 10**30}, "created"),
    "created before time": ({"created": -1}, "created"),
    "no mode": ({"livemode": None}, "livemode"),
    "mode as text": ({"livemode": "false"}, "livemode"),
    "account as a number": ({"account": 5}, "account"),
    "no data": ({"data": None}, "data"),
    "data as a list": ({"data": []}, "data"),
    "no object": ({"data": {}}, "data.object"),
    "an object without a kind": ({"data": {"object": {}}}, "data.object.object"),
    "an object id as a number": ({"data": {"object": {"object": "charge", "id": 5}}}, "data.object.id"),
    "an object id with a slash": ({"data": {"object": {"object": "charge", "id": "ch_/../x"}}}, "data.object.id"),
}


@pytest.mark.parametrize(("change", "field"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_event_names_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedEvent) as refused:
        parse(load("checkout.session.completed") | change)
    assert refused.value.reason == field


@pytest.mark.parametrize("kind", [None, "", "a b", "é", "a\n", "a" * 201])
def test_a_type_that_is_none(kind: object) -> None:
    with pytest.raises(MalformedEvent) as refused:
        event_type({} if kind is None else {"type": kind})
    assert refused.value.reason == "type"


@pytest.mark.parametrize("payload", [[], None, 1, "x", True])
@pytest.mark.parametrize("read", [event_type, parse])
def test_what_is_no_object_is_no_event(read: Callable[[object], object], payload: object) -> None:
    with pytest.raises(MalformedEvent) as refused:
        read(payload)
    assert refused.value.reason == "event"


@pytest.mark.parametrize("odd", [5, True, [], {}, {"id": None}, "cus 1", "", "in_1:2", {"id": {"id": "x"}}])
def test_an_odd_reference_is_left_out_and_the_event_kept(odd: object) -> None:
    payload = load("checkout.session.completed")
    payload["data"]["object"] |= {"customer": odd, "payment_intent": odd, "metadata": odd, "client_reference_id": odd}
    notice = parse(payload)
    assert notice.customer is None
    assert notice.related == {"checkout.session": SESSION}
    assert notice.order_id is None
    assert notice.correlation_id == "JKJaXmPLvHcESHA="


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    ["id", "object", "created", "livemode", "account", "api_version", "data", "type", "customer", "metadata", "parent"]
)


@given(st.sampled_from(sorted(READ)), st.dictionaries(names, json_values, max_size=4), st.booleans())
def test_no_event_raises_anything_else(name: str, change: dict[str, Any], inside: bool) -> None:
    payload = load(name)
    if inside:
        payload["data"]["object"] |= change
    else:
        payload |= change
    try:
        notice = parse(payload)
    except MalformedEvent:
        return
    assert Notice.from_message(json.loads(json.dumps(notice.to_message()))) == notice
