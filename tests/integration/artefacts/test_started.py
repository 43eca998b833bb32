"""A cold start of each function from its built artefact: bytecode for all, packages without what was stripped, counted.

Counts of modules and files have no noise, unlike milliseconds (docs/design/performance.md): so they are the gate.
"""

from __future__ import annotations

import pytest

from tests.built import may_build, needs_build
from tests.integration.artefacts.started import names, started

pytestmark = [needs_build, may_build]

# At most so many modules, and so many files that Python opens: when the handler is imported, and when the clients of
# its first request are made. Some ten more than on Python 3.13.0, for its later releases. Raise one only with a reason
# in the commit: each is paid at every cold start.
CEILINGS = {
    "account": (582, 483, 622, 537),
    "catch_up": (639, 481, 698, 556),
    "create_checkout": (710, 553, 770, 626),
    "credits": (578, 479, 618, 533),
    "event_consumer": (640, 482, 699, 557),
    "ledger_watch": (180, 103, 180, 103),
    "reconcile": (510, 413, 550, 467),
    "subscriptions": (720, 563, 780, 636),
    "success_sync": (706, 547, 765, 620),
    "webhook": (487, 390, 527, 444),
}


def test_every_function_has_its_ceilings() -> None:
    assert sorted(CEILINGS) == names()


@pytest.mark.parametrize("function", names())
def test_everything_it_loads_has_bytecode(function: str) -> None:
    assert started(function).compiled == ()


@pytest.mark.parametrize("function", names())
def test_it_loads_and_opens_no_more_than_it_did(function: str) -> None:
    found = started(function)
    counts = (len(found.imported.modules), found.imported.opened, len(found.ready.modules), found.ready.opened)
    assert all(count <= most for count, most in zip(counts, CEILINGS[function], strict=True)), f"{function}: {counts}"


@pytest.mark.parametrize("function", names())
def test_what_it_makes_its_clients_of_is_what_its_job_needs(function: str) -> None:
    """The webhook makes no Stripe client, the consumer reads no bodies, and nobody loads what the layer has no more."""
    tops = {name.partition(".")[0] for name in started(function).ready.modules}
    assert not {"boto3", "s3transfer", "anyio", "aws_xray_sdk", "rich"} & tops
    asks_stripe = function not in ("account", "credits", "ledger_watch", "reconcile", "webhook")
    assert ("stripe" in tops) == ("requests" in tops) == asks_stripe
    reads_bodies = function in ("account", "create_checkout", "credits", "subscriptions", "success_sync")
    assert ("pydantic" in tops) == reads_bodies


@pytest.mark.parametrize("function", names())
def test_hardly_anything_is_searched_for_garbage(function: str) -> None:
    """Only what is loaded before `billing.bootstrap`: at most pydantic. It was up to 55 times."""
    assert started(function).searches <= 20
