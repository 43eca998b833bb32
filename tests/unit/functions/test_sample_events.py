"""The files in events/: each is what its function is given, and is read without a surprise."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from billing.api_models.base import Request
from billing.api_models.checkout import CheckoutBody, SuccessBody
from billing.api_models.spending import CaptureBody, ReleaseBody, ReserveBody, ReversalBody, SpendBody
from billing.api_models.subscriptions import ChangeBody, PortalBody, PreviewBody
from billing.domain.events import (
    HANDLED,
    Origin,
    event_type,
    is_envelope,
    is_handled,
    parse_envelope,
    parse_event,
)
from billing.domain.ids import RESERVATION_ID, SESSION_ID, SUBSCRIPTION_ID, TRANSACTION_ID
from billing.domain.notice import Notice
from billing.errors import MalformedMessage
from billing.http.caller import caller, reader, spender
from billing.http.request import (
    HttpEvent,
    body_as,
    correlation_id,
    header,
    idempotency_key,
    in_path,
    query,
    raw_body,
    required_key,
)
from functions.account import app as account
from functions.catch_up import app as catch_up
from functions.credits import app as credits
from functions.event_consumer import app as consumer
from functions.reconcile import app as reconcile
from functions.subscriptions import app as subscriptions
from local.gateway.event import HttpRequest, build_event
from local.gateway.routing import Match
from local.template import Model
from tests.modelled import modelled

ROOT = Path(__file__).parents[3]
EVENTS = ROOT / "events"
FILES = {path.relative_to(EVENTS).with_suffix("").as_posix(): path for path in sorted(EVENTS.glob("*/*.json"))}
AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SCHEDULES = {"reconcile/": reconcile._JOBS, "catch_up/": catch_up._JOBS}
NO_REQUESTS = ("event_consumer/", "ledger_watch/", *SCHEDULES)
REQUESTS = {name: path for name, path in FILES.items() if not name.startswith(NO_REQUESTS)}
BATCHES = {name: path for name, path in FILES.items() if name.startswith("event_consumer/")}
SCHEDULED = {name: path for name, path in FILES.items() if name.startswith(tuple(SCHEDULES))}


def read(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def template() -> Model:
    return modelled()


def test_every_function_and_every_route_has_one(template: Model) -> None:
    assert {name.partition("/")[0] for name in FILES} == {each.label for each in template.functions.values()}
    assert template.api is not None
    assert {read(path)["routeKey"] for path in REQUESTS.values()} == {route.key for route in template.api.routes}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_of_a_route_of_its_function(template: Model, name: str) -> None:
    event = read(REQUESTS[name])
    assert template.api is not None
    route = next(route for route in template.api.routes if route.key == event["routeKey"])
    assert template.functions[route.function].label == name.partition("/")[0]
    assert ("authorizer" in event["requestContext"]) is (route.authorizer is not None)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_has_the_shape_that_the_gateway_gives(template: Model, name: str) -> None:
    """As the local gateway makes it of the same request, member by member; values that tell time and place apart."""
    event = read(REQUESTS[name])
    context = event["requestContext"]
    assert template.api is not None
    route = next(route for route in template.api.routes if route.key == event["routeKey"])
    request = HttpRequest(
        method=context["http"]["method"],
        raw_path=event["rawPath"],
        raw_query=event["rawQueryString"],
        headers=tuple(event["headers"].items()),
        body=event.get("body", "").encode(),
        source_ip=context["http"]["sourceIp"],
    )
    claims = context["authorizer"]["jwt"]["claims"] if "authorizer" in context else None
    match = Match(route, event.get("pathParameters", {}))
    made = build_event(request, match, context["apiId"], claims)
    told = {"requestId", "time", "timeEpoch", "accountId"}
    assert {key: value for key, value in context.items() if key not in told} == {
        key: value for key, value in made["requestContext"].items() if key not in told
    }
    assert context.keys() == made["requestContext"].keys()
    own = {"requestContext", "headers"}
    assert {key: value for key, value in event.items() if key not in own} == {
        key: value for key, value in made.items() if key not in own
    }
    assert event["headers"].keys() == made["headers"].keys()


@pytest.mark.parametrize("name", REQUESTS)
def test_what_every_handler_reads_is_there(name: str) -> None:
    event: HttpEvent = read(REQUESTS[name])
    assert correlation_id(event) is not None
    assert header(event, "content-length") == str(len(raw_body(event)))


def test_claims_are_text() -> None:
    """API Gateway turns every claim into text; a number here would hide a function that can't read that."""
    for path in REQUESTS.values():
        claims = read(path)["requestContext"].get("authorizer", {"jwt": {"claims": {}}})["jwt"]["claims"]
        assert all(isinstance(value, str) for value in claims.values())


@pytest.mark.parametrize("name", [name for name in REQUESTS if name.startswith("create_checkout/")])
def test_create_checkout_reads_it(name: str) -> None:
    event: HttpEvent = read(REQUESTS[name])
    assert caller(event).as_user().usable_email == "alice@example.com"
    body = body_as(event, CheckoutBody)
    named = [(line.price_id, line.lookup_key, line.plan, line.entitlement_level) for line in body.lines]
    assert {
        "price_id": named[0][0],
        "lookup_key": named[0][1],
        "plan_embedded": named[0][2] and body.ui_mode == "embedded",
        "several_items": len(named) > 1,
    }[name.partition("/")[2]]


def test_success_sync_reads_them() -> None:
    redirect: HttpEvent = read(FILES["success_sync/redirect"])
    sync: HttpEvent = read(FILES["success_sync/sync"])
    assert SESSION_ID.fullmatch(query(redirect, "session_id") or "")
    assert caller(sync).as_user().user_id == "alice"
    assert SESSION_ID.fullmatch(body_as(sync, SuccessBody).session_id)


@pytest.mark.parametrize("name", [name for name in REQUESTS if name.startswith("webhook/")])
def test_webhook_reads_it(name: str) -> None:
    event: HttpEvent = read(REQUESTS[name])
    signature = header(event, "stripe-signature") or ""
    assert signature.startswith("t=1795255200,v1=") if name == "webhook/bad_signature" else not signature
    payload = json.loads(raw_body(event))
    assert is_handled(event_type(payload)) is (name != "webhook/unhandled")
    if name != "webhook/unhandled":
        notice = parse_event(payload, Origin(livemode=False), received_at=AT, correlation_id="c-00000001")
        assert (notice.quarantine is not None) is (name == "webhook/wrong_mode")


def test_deliveries_are_of_different_events() -> None:
    """One that was delivered before would be a duplicate; the forged one is the same, and never gets so far."""
    ids = [json.loads(raw_body(read(path)))["id"] for name, path in REQUESTS.items() if name.startswith("webhook/")]
    assert len(set(ids)) == len(ids) - 1


@pytest.mark.parametrize("name", [name for name in REQUESTS if name.startswith("account/")])
def test_account_reads_it(name: str) -> None:
    event: HttpEvent = read(REQUESTS[name])
    assert event["routeKey"] in account._ROUTES
    if name != "account/catalog":
        assert reader(event) == "alice"


def test_account_has_a_route_for_each_of_the_template_and_no_other(template: Model) -> None:
    assert template.api is not None
    served = {route.key for route in template.api.routes if template.functions[route.function].label == "account"}
    assert set(account._ROUTES) == served


BODIES: dict[str, type[PortalBody | PreviewBody]] = {
    "POST /portal/sessions": PortalBody,
    "POST /subscriptions/change/preview": PreviewBody,
    "POST /subscriptions/change": ChangeBody,
}


@pytest.mark.parametrize("name", [name for name in REQUESTS if name.startswith("subscriptions/")])
def test_subscriptions_reads_it(name: str) -> None:
    event: HttpEvent = read(REQUESTS[name])
    assert caller(event).as_user().user_id == "alice"
    body = body_as(event, BODIES[event["routeKey"]])
    assert body.subscription_id is None or SUBSCRIPTION_ID.fullmatch(body.subscription_id)
    assert (idempotency_key(event) is not None) == (name == "subscriptions/change")


def test_subscriptions_has_a_route_for_each_of_the_template_and_no_other(template: Model) -> None:
    assert template.api is not None
    served = {route.key for route in template.api.routes if template.functions[route.function].label == "subscriptions"}
    assert set(subscriptions._ROUTES) == served == set(BODIES)


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_is_as_sqs_delivers_it(template: Model, name: str) -> None:
    records = read(BATCHES[name])["Records"]
    for record in records:
        message = consumer._message(record)
        assert message.receive_count >= 1
        assert record["eventSourceARN"] == template.queues["EventsQueue"].arn
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode()).hexdigest()
    assert len({record["messageId"] for record in records}) == len(records)


def test_event_consumer_reads_them() -> None:
    notices = {
        name: [json.loads(each["body"]) for each in read(BATCHES[name])["Records"]]
        for name in ("event_consumer/batch", "event_consumer/wrong_mode")
    }
    for messages in notices.values():
        for message in messages:
            notice = Notice.from_message(message)
            assert notice.to_message() == message
            assert notice.type in HANDLED
    assert [message["quarantine"] for message in notices["event_consumer/wrong_mode"]] == ["wrong_mode"]
    (wrapped,) = read(BATCHES["event_consumer/from_eventbridge"])["Records"]
    envelope = json.loads(wrapped["body"])
    assert is_envelope(envelope)
    assert parse_envelope(envelope, Origin(livemode=False), received_at=AT) is not None
    (malformed,) = read(BATCHES["event_consumer/malformed"])["Records"]
    with pytest.raises((ValueError, MalformedMessage)):
        Notice.from_message(json.loads(malformed["body"]))


@pytest.mark.parametrize("name", [name for name in REQUESTS if name.startswith("credits/")])
def test_credits_reads_it(name: str) -> None:
    event: HttpEvent = read(REQUESTS[name])
    assert event["routeKey"] in credits._ROUTES
    assert spender(event).user_id == "service"
    assert required_key(event) == "job-2026-11-21-0001"
    bodies: dict[str, type[Request]] = {
        "spend": SpendBody,
        "reversal": ReversalBody,
        "reserve": ReserveBody,
        "capture": CaptureBody,
    }
    bodies |= {"capture": CaptureBody, "release": ReleaseBody}
    body = body_as(event, bodies[name.partition("/")[2]])
    assert body.model_dump()["user_id"] == "alice"
    if "{id}" in event["routeKey"]:
        assert RESERVATION_ID.fullmatch(in_path(event, "id"))
    if isinstance(body, ReversalBody):
        assert TRANSACTION_ID.fullmatch(body.transaction_id)


def test_every_schedule_has_its_file_and_its_job(template: Model) -> None:
    labels = {name: function.label for name, function in template.functions.items()}
    inputs = sorted((f"{labels[each.function]}/", json.loads(each.payload or "")["job"]) for each in template.schedules)
    assert inputs == sorted((f"{name.partition('/')[0]}/", read(path)["job"]) for name, path in SCHEDULED.items())
    assert inputs == sorted((folder, job) for folder, jobs in SCHEDULES.items() for job in jobs)
