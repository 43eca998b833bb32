"""The schedules that read Stripe's list of events: which job is which; the whole way is driven in a running system."""

from typing import Any

import pytest

from billing.errors import MalformedMessage
from functions.catch_up.app import lambda_handler
from tests.fakes.lambda_events import FakeContext


@pytest.mark.parametrize("event", [{}, {"job": "nothing"}, {"job": None}, {"job": "settle_due"}])
def test_a_schedule_that_names_no_job_fails_where_it_is_seen(event: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        lambda_handler(event, FakeContext())
