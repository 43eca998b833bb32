"""Every file in events/, given to its function as it is built and deployed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.operator import Operator
from tests.runtime.system import EVENTS, Functions, sample

FILES = sorted(path.relative_to(EVENTS).with_suffix("").as_posix() for path in EVENTS.glob("*/*.json"))
DELIVERIES = [name for name in FILES if name.startswith("webhook/")]

# Status, and the error's code or a member of the answer. Ids in the files are made up, so what they name is not there.
REQUESTS: dict[str, tuple[int, str]] = {
    "account/account": (200, "credits"),
    "account/catalog": (200, "prices"),
    "account/credits": (200, "lots"),
    "account/entitlements": (200, "level"),
    "account/entitlements_for_a_machine": (200, "level"),
    "account/transactions": (200, "transactions"),
    "account/transactions_next_page": (200, "transactions"),
    "create_checkout/lookup_key": (201, "sessionId"),
    "create_checkout/plan_embedded": (201, "clientSecret"),
    "create_checkout/price_id": (404, "unknown_price"),
    "create_checkout/several_items": (201, "sessionId"),
    "credits/capture": (404, "reservation_not_found"),
    "credits/release": (404, "reservation_not_found"),
    "credits/reserve": (402, "insufficient_credits"),
    "credits/reversal": (404, "transaction_not_found"),
    "credits/spend": (402, "insufficient_credits"),
    "subscriptions/change": (404, "subscription_not_found"),
    "subscriptions/portal": (201, "url"),
    "subscriptions/portal_to_cancel": (404, "subscription_not_found"),
    "subscriptions/preview": (404, "subscription_not_found"),
    "success_sync/redirect": (303, "/checkout/return?session_id=cs_test_a1SampleSession"),
    "success_sync/sync": (404, "session_not_found"),
    **dict.fromkeys(DELIVERIES, (400, "invalid_signature")),
}
OTHERS: dict[str, Any] = {
    "catch_up/catch_up": {"more": False},
    "catch_up/catch_up_undelivered": {"more": False},
    "catch_up/look_at_objects": {"more": False},
    "event_consumer/batch": {"batchItemFailures": []},
    "event_consumer/from_eventbridge": {"batchItemFailures": []},
    "event_consumer/malformed": {
        "batchItemFailures": [
            {"itemIdentifier": "00000000-0000-4000-8000-000000000001"}
        ]  # to the dead letters, in time
    },
    "event_consumer/wrong_mode": {"batchItemFailures": []},
    "ledger_watch/removed": None,
    "ledger_watch/rewritten": None,
    "reconcile/settle_due": {"failed": 0, "more": False},
}


def test_every_file_has_its_answer() -> None:
    assert sorted(REQUESTS | OTHERS) == FILES


@pytest.mark.parametrize("name", [name for name in FILES if name in REQUESTS])
def test_a_request_is_answered(lambdas: Functions, name: str) -> None:
    status, told = REQUESTS[name]
    answered, body = lambdas.request(name.partition("/")[0], sample(name))
    assert answered == status, body
    if status >= 400:
        assert body["error"]["code"] == told
    elif status == 303:
        assert body == lambdas.stack.app_url + told
    else:
        assert body[told] is not None


@pytest.mark.parametrize("name", [name for name in FILES if name in OTHERS])
def test_a_batch_or_a_schedule_is_answered(lambdas: Functions, name: str) -> None:
    answer, wanted = lambdas.invoke(name.partition("/")[0], sample(name)), OTHERS[name]
    assert answer == wanted if wanted is None else answer | wanted == answer


@pytest.mark.parametrize("name", DELIVERIES)
def test_a_delivery_that_plumb_signs_is_queued(lambdas: Functions, plumb: Operator, name: str) -> None:
    """The queue holds the event when the answer is there; a type that nothing depends on is answered, and not kept."""
    signed = plumb("event", "sign", str(EVENTS / f"{name}.json"))
    assert (signed.code, signed.err) == (0, "")
    delivery = signed.document
    assert lambdas.request("webhook", delivery) == (200, {"ok": True})
    queued = [json.loads(record["body"]) for record in lambdas.received()]
    event = json.loads(delivery["body"])
    assert [message["id"] for message in queued] == ([] if name == "webhook/unhandled" else [event["id"]])
    assert [message["quarantine"] for message in queued if message["quarantine"]] == (
        ["wrong_mode"] if name == "webhook/wrong_mode" else []
    )


def test_what_the_consumer_sets_aside_is_kept_where_it_can_be_seen(lambdas: Functions) -> None:
    """F30, F65: of the wrong mode it is quarantined, and of nobody's checkout ignored."""
    lambdas.invoke("event_consumer", sample("event_consumer/wrong_mode"))
    lambdas.invoke("event_consumer", sample("event_consumer/batch"))
    found = {name: lambdas.books.event(name) for name in ("evt_1SampleLive", "evt_1SampleCompleted")}
    outcomes = {name: record["outcome"] for name, record in found.items() if record}
    assert outcomes == {"evt_1SampleLive": "QUARANTINED", "evt_1SampleCompleted": "IGNORED"}


def test_a_failure_is_the_runtimes(lambdas: Functions) -> None:
    """So that no row above passes because the emulator answers everything with 200."""
    with pytest.raises(AssertionError, match="MalformedMessage"):
        lambdas.invoke("reconcile", {"job": "none_of_ours"})
