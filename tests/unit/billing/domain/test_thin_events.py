"""Thin events, and the envelopes of Amazon EventBridge: what is read of them, beside what the SDK reads (F30, F31)."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stripe
from stripe.events._event_classes import _V2_EVENT_CLASS_LOOKUP as LISTED

from billing.domain.events import HANDLED, Origin, event_type, is_envelope, is_handled, parse_envelope, parse_event
from billing.domain.notice import Notice, ObjectRef
from billing.errors import MalformedEvent

FIXTURES = Path(__file__).parents[3] / "fixtures" / "stripe_events"
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ORIGIN = Origin(livemode=False)
SDK = stripe.StripeClient("sk_test_plumbline")
NAMELESS = {"invoice.upcoming", "entitlements.active_entitlement_summary.updated"}
OBJECTS = {
    "checkout.session.": ("checkout.session", "cs_test_1"),
    "customer.subscription.": ("subscription", "sub_1"),
    "customer.": ("customer", "cus_1"),
    "invoice.": ("invoice", "in_1"),
    "payment_intent.": ("payment_intent", "pi_1"),
    "charge.dispute.": ("dispute", "du_1"),
    "charge.": ("charge", "ch_1"),
    "refund.": ("refund", "re_1"),
}


def thin(kind: str = "invoice.paid", **given: Any) -> dict[str, Any]:
    told, name = next(OBJECTS[prefix] for prefix in OBJECTS if kind.startswith(prefix))
    return {
        "id": "evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0",
        "object": "v2.core.event",
        "type": f"v1.{kind}",
        "livemode": False,
        "created": "2026-11-21T09:59:58.246Z",
        "context": None,
        "related_object": {"id": name, "type": told, "url": f"/v1/things/{name}"},
        **given,
    }


def read(payload: object, origin: Origin = ORIGIN) -> Notice:
    return parse_event(payload, origin, received_at=NOW, correlation_id="c-00000001")


@pytest.mark.parametrize("kind", sorted(set(HANDLED) - NAMELESS))
def test_each_handled_type_is_read_as_the_sdk_reads_it(kind: str) -> None:
    payload = thin(kind)
    notice = read(payload)
    told = SDK.parse_event_notification_without_verification(json.dumps(payload))
    assert (notice.id, notice.type) == (told.id, told.type)
    assert type(told).__name__ != "UnknownEventNotification"
    assert notice.object == ObjectRef(told.related_object.type, told.related_object.id)  # type: ignore[union-attr]
    assert notice.created == datetime(2026, 11, 21, 9, 59, 58, tzinfo=UTC)
    assert (notice.kind, notice.api_version, notice.order_id) == (kind, None, None)
    assert notice.customer == ("cus_1" if notice.object.type == "customer" else None)
    assert is_handled(notice.type)
    assert Notice.from_message(json.loads(notice.to_text())) == notice


@pytest.mark.parametrize("kind", sorted(NAMELESS))
def test_what_names_no_object_tells_nothing_of_whom(kind: str) -> None:
    """Their classes in the SDK have no related object."""
    assert is_handled(kind)
    assert not is_handled(f"v1.{kind}")
    payload = thin() | {"type": f"v1.{kind}"}
    del payload["related_object"]
    assert not hasattr(SDK.parse_event_notification_without_verification(json.dumps(payload)), "related_object")


def test_every_type_that_the_sdk_lists_is_read_and_only_ours_are_handled() -> None:
    """Ten of them have brackets: `v2.core.account[requirements].updated`. Unread, each would raise an alarm."""
    assert sum("[" in kind for kind in LISTED) >= 10
    assert [kind for kind in LISTED if event_type({"type": kind}) != kind] == []
    assert {kind for kind in LISTED if is_handled(kind)} == {f"v1.{kind}" for kind in set(HANDLED) - NAMELESS}


@pytest.mark.parametrize("kind", ["v1.customer.created", "v2.core.event_destination.ping", "v1.v1.invoice.paid", "v1."])
def test_other_types_are_not_handled(kind: str) -> None:
    assert not is_handled(kind)


@pytest.mark.parametrize(
    ("given", "origin", "account", "expected"),
    [
        ({"livemode": True}, ORIGIN, None, "wrong_mode"),
        ({"context": "acct_other"}, ORIGIN, "acct_other", "wrong_account"),
        ({"context": "acct_ours"}, Origin(livemode=False, account="acct_ours"), "acct_ours", None),
        ({"context": "org_1/acct_ours"}, Origin(livemode=False, account="acct_ours"), "acct_ours", None),
        ({"context": ""}, ORIGIN, None, None),
    ],
)
def test_mode_and_account_of_a_thin_event(
    given: dict[str, Any], origin: Origin, account: str | None, expected: str | None
) -> None:
    """F30."""
    notice = read(thin(**given), origin)
    assert (notice.account, notice.quarantine) == (account, expected)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"related_object": None}, "related_object"),
        ({"related_object": {"type": "invoice"}}, "related_object.id"),
        ({"related_object": {"type": "customer"}}, "related_object.id"),
        ({"related_object": {"type": "customer", "id": 5}}, "related_object.id"),
        ({"related_object": {"id": "in_1"}}, "related_object.type"),
        ({"related_object": {"id": "in_1/x", "type": "invoice"}}, "related_object.id"),
        ({"created": 1795255200}, "created"),
        ({"created": "yesterday"}, "created"),
        ({"created": "1969-12-31T23:59:59Z"}, "created"),
        ({"livemode": None}, "livemode"),
        ({"context": "workspace"}, "context"),
        ({"context": 5}, "context"),
        ({"id": None}, "id"),
        ({"id": "look_1"}, "id"),
        ({"type": "v1.invoice paid"}, "type"),
    ],
)
def test_a_broken_thin_event_names_the_field(given: dict[str, Any], field: str) -> None:
    with pytest.raises(MalformedEvent) as refused:
        read(thin() | given)
    assert refused.value.reason == field


def test_an_object_of_another_kind_or_an_odd_id_is_named_and_relates_to_nothing() -> None:
    odd = {"id": "xx_1", "type": "invoice", "url": "/v1/invoices/xx_1"}
    assert read(thin(related_object=odd)).related == {}
    assert read(thin("refund.created")).related == {}


@pytest.mark.parametrize(("name", "known"), [("user-42", "user-42"), ("ada@example.com", None), ("a customer", None)])
def test_a_customer_may_have_an_id_that_somebody_has_chosen(name: str, known: str | None) -> None:
    """https://docs.stripe.com/changelog/2018-05-21/valid-characters-ids-coupons-skus-customers-products-plans: it is no
    reason for an alarm. One with other characters is nobody's here.
    """
    found = read(thin("customer.updated") | {"related_object": {"id": name, "type": "customer"}})
    assert (found.customer, found.object.id) == (known, known)
    told = snapshot("invoice.paid") | {"type": "customer.updated"}
    told["data"] = {"object": {"object": "customer", "id": name, "metadata": {}}}
    found = parse_event(told, ORIGIN, received_at=NOW, correlation_id="c-00000001")
    assert (found.customer, found.object.id) == (known, known)
    assert Notice.from_message(found.to_message()) == found


# ------------------------------------------------------------------------------------------------------- EventBridge


def envelope(event: object, **given: Any) -> dict[str, Any]:
    """As https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html has it."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "invoice.paid",
        "source": "aws.partner/stripe.com/ed_test_61Plumbline",
        "account": "123456789012",
        "time": "2026-11-21T10:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": event,
        **given,
    }


def bridged(message: dict[str, Any], origin: Origin = ORIGIN) -> Notice | None:
    return parse_envelope(message, origin, received_at=NOW)


def snapshot(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return found


@pytest.mark.parametrize("name", ["invoice.paid", "charge.refunded.before_2025_03_31", "refund.failed"])
def test_the_event_in_an_envelope_is_read_as_if_it_had_come_by_itself(name: str) -> None:
    event = snapshot(name)
    found = bridged(envelope(event))
    assert found is not None
    delivery = "6a7e8feb-b491-4cf7-a9f1-bf3703467718"
    assert found == parse_event(event, ORIGIN, received_at=NOW, correlation_id=delivery)
    assert SDK.construct_event_without_verification(json.dumps(envelope(event))).id == found.id


def test_a_thin_event_in_an_envelope_is_read() -> None:
    found = bridged(envelope(thin()))
    assert found is not None
    assert (found.type, found.related) == ("v1.invoice.paid", {"invoice": "in_1"})


@pytest.mark.parametrize("kind", ["invoice.created", "v2.core.account[requirements].updated"])
def test_a_type_that_is_not_handled_is_nothing(kind: str) -> None:
    assert bridged(envelope(snapshot("invoice.paid") | {"type": kind})) is None


def test_an_event_of_another_mode_in_an_envelope_is_quarantined() -> None:
    """F30. The envelope's own account is AWS's."""
    found = bridged(envelope(snapshot("invoice.paid") | {"livemode": True}))
    assert found is not None
    assert found.quarantine == "wrong_mode"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"source": "aws.s3"}, "source"),
        ({"source": "aws.partner/stripe.community/ed_1"}, "source"),
        ({"source": None}, "source"),
        ({"detail": None}, "event"),
        ({"detail": []}, "event"),
        ({"detail": {"type": "invoice.paid"}}, "envelope"),
        ({"id": "a b"}, "id"),
    ],
)
def test_a_broken_envelope_names_what_is_wrong(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(MalformedEvent) as refused:
        bridged(envelope(snapshot("invoice.paid"), **given))
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("message", "expected"),
    [({"detail-type": "x"}, True), ({"v": 1}, False), ([], False), (None, False), ("detail-type", False)],
)
def test_an_envelope_is_told_from_a_message_of_ours(message: object, expected: bool) -> None:
    assert is_envelope(message) is expected
