"""Events that API Gateway does not make: other senders' shapes, and what people invoke a function with by hand."""

from typing import Any

import pytest

from billing.http import reply, request
from billing.http.handler import http_handler
from billing.http.reply import HttpResponse
from billing.http.request import HttpEvent
from billing.observability import LambdaContext
from tests.fakes.lambda_events import FakeContext


@pytest.mark.parametrize("headers", [None, [], ["a"], "a", {"Stripe-Signature": ["a"]}, {"stripe-signature": 5}])
def test_headers_of_another_shape_hold_none(headers: Any) -> None:
    """As events of other senders have them: several values of a name as a list (a load balancer, payload 1.0)."""
    event: Any = {"headers": headers}
    assert request.header(event, "stripe-signature") is None


NO_REQUESTS: list[Any] = [None, [], "x", 5, {}, {"requestContext": ["x"]}, {"requestContext": {"requestId": 5}}]


@pytest.mark.parametrize("event", NO_REQUESTS)
def test_whatever_a_function_is_invoked_with_is_answered(event: Any) -> None:
    """A console's test event, say. The frame itself must not fail at it: nothing would be logged with its ids."""

    def handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:
        body = request.raw_body(event).decode()
        return reply.reply(200, {"signed": request.header(event, "stripe-signature"), "body": body})

    assert http_handler(handler)(event, FakeContext())["statusCode"] == 200


@pytest.mark.parametrize("given", [None, [], "a", {}, {"id": None}, {"id": 5}, {"id": ["a"]}])
def test_parameters_of_another_shape_are_none(given: Any) -> None:
    event: Any = {"queryStringParameters": given, "pathParameters": given}
    assert request.query(event, "id") is None
    assert request.in_path(event, "id") == ""
    request.refuse_others(event, "id")
