"""The frame of a handler: what it answers byte for byte, what it logs and counts, and the bounds of what it takes."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, model_validator

from billing import errors
from billing.http import reply, request
from billing.http.handler import http_handler
from billing.http.reply import HttpResponse
from billing.http.request import HttpEvent
from billing.observability import LambdaContext
from tests.fakes.lambda_events import REQUEST_ID, FakeContext, http_event

OUR_SIDE = "something went wrong on our side"


def answered(function: Any) -> HttpResponse:
    return http_handler(function)(http_event(), FakeContext(aws_request_id="request-1"))


def answered_to(exc: Exception) -> HttpResponse:
    def refuse(event: HttpEvent, context: LambdaContext) -> HttpResponse:
        raise exc

    return answered(refuse)


def told(response: HttpResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response["body"])["error"]
    return found


# ------------------------------------------------------------------------------------------------------- what is told


def test_a_handler_is_given_its_event_and_its_context() -> None:
    def handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:
        return reply.reply(200, {"of": context.aws_request_id, "asked": event["requestContext"]["requestId"]})

    assert answered(handler) == {
        "statusCode": 200,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": f'{{"of":"request-1","asked":"{REQUEST_ID}"}}',
        "isBase64Encoded": False,
    }


def test_a_redirect_is_not_stored_and_has_no_body() -> None:
    assert reply.redirect("https://app.example.com/") == {
        "statusCode": 303,
        "headers": {"location": "https://app.example.com/", "cache-control": "no-store"},
        "body": "",
        "isBase64Encoded": False,
    }


def test_what_may_be_tried_again_says_when() -> None:
    response = answered_to(errors.StoreUnavailable("DynamoDB throttled"))
    assert (response["statusCode"], response["headers"]["retry-after"]) == (503, "2")
    assert told(response)["message"] == "this is not possible at the moment; try again in a few seconds"


@pytest.mark.parametrize("exc", [RuntimeError("inside"), errors.Misconfigured("inside")])
def test_what_is_our_fault_is_told_in_one_sentence(exc: Exception) -> None:
    response = answered_to(exc)
    assert (response["statusCode"], told(response)) == (500, {"code": "internal", "message": OUR_SIDE})
    assert "retry-after" not in response["headers"]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (errors.InsufficientCredits, 402, "insufficient_credits"),
        (errors.StoreUnavailable, 503, "unavailable"),
        (errors.StripeUnavailable, 503, "stripe_unavailable"),
        (errors.PortalNotConfigured, 500, "portal_not_configured"),
        (errors.Misconfigured, 500, "internal"),
    ],
)
def test_a_kind_of_error_has_the_status_and_code_that_its_answer_has(
    kind: type[errors.BillingError], status: int, code: str
) -> None:
    assert reply.status_and_code(kind) == (status, code)


def test_what_an_error_tells_beside_has_the_names_of_the_api() -> None:
    public = {"price_ids": ["price_1"], "open_lines": [{"price_id": "price_2"}], "ends_at": None}
    assert told(reply.error_response(409, "some_code", "some text", public=public)) == {
        "code": "some_code",
        "message": "some text",
        "priceIds": ["price_1"],
        "openLines": [{"priceId": "price_2"}],
        "endsAt": None,
    }


# ------------------------------------------------------------------------------------------- what is logged and counted


def printed(capsys: pytest.CaptureFixture[str], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The line of the log, and that of the metric."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [logged] = [line for line in lines if "_aws" not in line]
    [counted] = [line for line in lines if name in line]
    return logged, counted


def test_a_refusal_is_logged_with_its_ids_and_counted_by_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    answered_to(errors.SessionNotFound("there is none", session_id="cs_1"))
    logged, counted = printed(capsys, "RequestsRefused")
    assert (logged["code"], logged["status"], logged["session_id"]) == ("session_not_found", 404, "cs_1")
    assert (logged["request_id"], logged["correlation_id"]) == ("request-1", REQUEST_ID)
    assert counted["code"] == "session_not_found"


def test_ids_that_are_named_as_the_lines_own_do_not_stand_in_its_way(capsys: pytest.CaptureFixture[str]) -> None:
    response = answered_to(errors.SessionNotFound("there is none", code="theirs", status="theirs"))
    logged, _ = printed(capsys, "RequestsRefused")
    assert (response["statusCode"], logged["code"], logged["status"]) == (404, "session_not_found", 404)


@pytest.mark.parametrize(
    ("exc", "code", "retryable"),
    [
        (errors.StripeUnavailable("down"), "stripe_unavailable", True),
        (errors.StoreUnavailable("throttled"), "unavailable", True),
        (errors.Misconfigured("inside"), "internal", False),
        (RuntimeError("inside"), "internal", False),
    ],
)
def test_a_failure_is_counted_by_its_public_code_and_says_whether_it_may_pass(
    exc: Exception, code: str, retryable: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    answered_to(exc)
    logged, counted = printed(capsys, "RequestsFailed")
    assert (counted["code"], logged["retryable"]) == (code, retryable)


# ------------------------------------------------------------------------------------------------------ what is taken


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    quantity: int


class Lines(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lines: list[Line]

    @model_validator(mode="after")
    def _some(self) -> "Lines":
        if not self.lines:
            raise ValueError("at least one line")
        return self


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"lines": [{"quantity": 1}, {"quantity": "many"}]}, "lines.1.quantity: Input should be a valid integer"),
        ({"lines": [], "x" * 100: 1}, f"{'x' * 64}: Extra inputs are not permitted"),
        ({"lines": []}, "Value error, at least one line"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(body: dict[str, object], message: str) -> None:
    with pytest.raises(errors.InvalidRequest) as refused:
        request.body_as(http_event(json.dumps(body)), Lines)
    assert refused.value.message.startswith(message)
    assert refused.value.message.count(": ") <= 1


def test_a_body_as_large_as_may_be_is_read_and_one_that_is_larger_is_not() -> None:
    """The figure stands here once more."""
    body = json.dumps({"text": ""})
    padded = json.dumps({"text": "x" * (16 * 1024 - len(body))})
    assert request.json_body(http_event(padded))["text"].startswith("x")
    with pytest.raises(errors.BodyTooLarge):
        request.json_body(http_event(f"{padded} "))


def test_half_of_a_surrogate_pair_is_not_taken_for_something_else() -> None:
    event: HttpEvent = {"body": '{"text": "\ud800"}'}
    assert request.raw_body(event) == b'{"text": "\xed\xa0\x80"}'
    with pytest.raises(errors.InvalidRequest):
        request.json_body(event)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_only_python_takes_for_json_is_refused(constant: str) -> None:
    with pytest.raises(errors.InvalidRequest):
        request.json_body(http_event(f'{{"amount": {constant}}}'))
