"""Every route of docs/openapi.yaml, asked by a fuzzer: no 5xx, and no answer that the document does not have.

S06, S23. A route is asked widely by those who may call it, and briefly by everybody.
"""

from datetime import timedelta

import httpx
import pytest
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core.failures import FailureGroup

from docs.openapi.operation import Caller
from docs.openapi.operations import OPERATIONS
from tests.integration.fuzz.fuzzer import EXAMPLES, hold, source
from tests.integration.fuzz.world import CALLERS, World

WIDE = source(EXAMPLES, bounds=True)
BRIEF = source(EXAMPLES, bounds=False)


def of(*callers: Caller) -> list[str]:
    return [each.id for each in OPERATIONS if each.caller in callers]


@WIDE.include(operation_id=of(Caller.ANYBODY, Caller.USER)).parametrize()
def test_what_a_user_sends_is_answered_as_the_contract_says(case: Case, world: World) -> None:
    hold(case, world.call(case, "user"))


@WIDE.include(operation_id=of(Caller.USER_OR_READER)).parametrize()
def test_a_machine_that_reads(case: Case, world: World) -> None:
    hold(case, world.call(case, "reader"))


@WIDE.include(operation_id=of(Caller.SPENDER)).parametrize()
def test_a_machine_that_spends(case: Case, world: World) -> None:
    hold(case, world.call(case, "spender"))


@WIDE.include(operation_id=of(Caller.STRIPE)).parametrize()
def test_what_is_signed_is_answered_as_the_contract_says(case: Case, world: World) -> None:
    # What is signed is Stripe's: taken whatever it holds, since Stripe would only send it again.
    hold(case, world.deliver(case), "negative_data_rejection", "missing_required_header")


@BRIEF.given(caller=st.sampled_from(CALLERS))
@BRIEF.parametrize()
def test_whoever_asks_is_answered_as_the_contract_says(case: Case, world: World, caller: str | None) -> None:
    hold(case, world.call(case, caller))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"level": "PRO", "expiresAt": None, "secret": 1}),
        (200, {"level": "PRO"}),
        (418, {"level": "PRO", "expiresAt": None}),
        (403, {"error": {"code": "of_no_document", "message": "no"}}),
        (503, {"error": {"code": "unavailable", "message": "later"}}),
    ],
    ids=["member unknown", "member missing", "status", "code", "a 503 twice"],
)
def test_a_wrong_answer_is_found(status: int, body: object) -> None:
    case = WIDE["/entitlements"]["GET"].Case()
    hold(case, answered(200, {"level": "PRO", "expiresAt": None}))
    with pytest.raises((FailureGroup, AssertionError)):
        hold(case, answered(status, body))


def answered(status: int, body: object) -> httpx.Response:
    request = httpx.Request("GET", "http://127.0.0.1:1/entitlements")
    found = httpx.Response(status, json=body, headers={"x-plumbline-source": "store"}, request=request)
    found.elapsed = timedelta(0)
    return found
