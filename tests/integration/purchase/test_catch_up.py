"""Ten days without a webhook, and one run that brings all of it back (F49, F50, money rule 27).

Its own systems: in the first no event is delivered at all, in the second the endpoint refuses for days.
"""

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.stack import Stack
from tests.fakes.operator import Operator
from tests.integration.purchase.books import Books
from tests.integration.purchase.clock import Clock
from tests.integration.purchase.shop import Checkout, Shop
from tests.integration.purchase.wait import until

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack(warm=()) as running:
        yield running


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Iterator[Shop]:
    opened = Shop(stack)
    (endpoint,) = opened.stripe("GET", "webhook_endpoints")["data"]
    opened.stripe("POST", f"webhook_endpoints/{endpoint['id']}", disabled="true")
    yield opened
    opened.close()


@pytest.fixture
def plumb(stack: Stack, capsys: pytest.CaptureFixture[str]) -> Operator:
    return Operator(capsys, stack.state_dir / "system.json")


@pytest.fixture(scope="module")
def clock(shop: Shop) -> Clock:
    return Clock(shop)


def catch_up(shop: Shop, job: str = "catch_up") -> dict[str, Any]:
    """What the schedule does, now."""
    client = shop.stack.lambda_client()
    try:
        answer = client.invoke(FunctionName="CatchUpFunction", Payload=json.dumps({"job": job}))
        found: dict[str, Any] = json.loads(answer["Payload"].read())
    finally:
        client.close()
    assert "FunctionError" not in answer, found
    return found


def refund(shop: Shop, checkout: Checkout, amount: int) -> None:
    session = shop.stripe("GET", f"checkout/sessions/{checkout.session_id}")
    shop.control("refund", payment_intent=session["payment_intent"], amount=amount)


def dispute(shop: Shop, checkout: Checkout) -> None:
    session = shop.stripe("GET", f"checkout/sessions/{checkout.session_id}")
    shop.control("dispute", payment_intent=session["payment_intent"])


def cancel(shop: Shop, checkout: Checkout) -> None:
    session = shop.stripe("GET", f"checkout/sessions/{checkout.session_id}")
    shop.control("cancel_subscription", subscription=session["subscription"], at_period_end=False)


def test_ten_days_are_back_after_one_run(shop: Shop, books: Books, clock: Clock) -> None:
    """Bought, refunded in part, disputed, subscribed, canceled: and nobody came back to a page of ours."""
    shop.buy("only-bought")
    refunded = shop.buy("refunded")
    shop.buy("subscribed", "pro_monthly")
    clock.advance(5 * DAY)
    refund(shop, refunded, 100)
    disputed = shop.buy("disputed")
    canceled = shop.buy("canceled", "pro_monthly")
    clock.advance(5 * DAY)
    dispute(shop, disputed)
    cancel(shop, canceled)
    clock.advance(timedelta(hours=1))
    assert books.ledger("only-bought") == []

    done = catch_up(shop)
    assert done["more"] is False
    assert done["queued"] == done["read"] > 20
    books.wait_until_drained()
    books.check("only-bought", 500, ["PURCHASE"])
    books.check("refunded", 400, ["PURCHASE", "REFUND"])
    books.check("disputed", 0, ["PURCHASE", "DISPUTE"])
    books.check("subscribed", 100, ["PURCHASE", "ACCESS"])
    assert level(shop, "subscribed") == "PRO"
    assert level(shop, "canceled") == "FREE"
    assert shop.get("/account", "subscribed").json()["subscriptions"][0]["status"] == "active"

    again = catch_up(shop)
    assert again["queued"] == 0, "everything is recorded"


def level(shop: Shop, user: str) -> str:
    found: str = shop.get("/account", user).json()["entitlements"]["level"]
    return found


def test_runs_at_the_same_time_do_no_harm(shop: Shop, books: Books, clock: Clock) -> None:
    for number in range(5):
        shop.buy(f"at-once-{number}")
    clock.advance(timedelta(hours=1))
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: catch_up(shop), range(3)))
    books.wait_until_drained()
    for number in range(5):
        books.check(f"at-once-{number}", 500, ["PURCHASE"])


def test_a_run_that_is_killed_is_made_up_for_by_the_next(stack: Stack, shop: Shop, books: Books, clock: Clock) -> None:
    shop.buy("killed")
    clock.advance(timedelta(hours=1))
    shop.control("faults", fail=1, status=0, hang_seconds=60)  # it hangs in the middle of a page
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(catch_up, shop)
        until("it asks Stripe", lambda: shop.control("faults")["fail"] == 0)
        for pid in stack.worker_pids("CatchUpFunction"):
            os.kill(pid, signal.SIGKILL)
        assert isinstance(running.exception(timeout=60), AssertionError), "it was not killed in time"
    assert books.ledger("killed") == []
    catch_up(shop)
    books.wait_until_drained()
    books.check("killed", 500, ["PURCHASE"])


def test_what_no_endpoint_took_is_found_by_the_second_net(stack: Stack, shop: Shop, books: Books, clock: Clock) -> None:
    """The first has passed over them: as if Stripe had listed them days late."""
    catch_up(shop)
    (endpoint,) = shop.stripe("GET", "webhook_endpoints")["data"]
    shop.stripe("POST", f"webhook_endpoints/{endpoint['id']}", disabled="false")
    shop.control("faults", drop=1_000_000)
    shop.buy("second-net")
    shop.stripe("POST", f"webhook_endpoints/{endpoint['id']}", disabled="true")
    clock.advance(timedelta(hours=3))  # more than the overlap of two passes
    with contextlib.closing(stack.dynamodb()) as tables:
        for number in range(2):
            tables.update_item(
                TableName=stack.table_name("AccountsTable"),
                Key={"pk": {"S": f"WALK#events:{number}"}},
                UpdateExpression="SET seen = :now",
                ExpressionAttributeValues={":now": {"S": datetime.fromtimestamp(shop.now(), UTC).isoformat()}},
            )
    clock.advance(DAY)
    assert catch_up(shop)["queued"] == 0
    assert books.ledger("second-net") == []
    assert catch_up(shop, "catch_up_undelivered")["queued"] > 0
    books.wait_until_drained()
    books.check("second-net", 500, ["PURCHASE"])


def test_what_stripe_made_no_event_of_is_found_by_a_look_at_the_objects(
    shop: Shop, books: Books, clock: Clock, plumb: Operator
) -> None:
    """F50: no list of events has it, delivered or not."""
    back, held = shop.buy("refund-unseen"), shop.buy("dispute-unseen")
    shop.buy("renewal-unseen", "pro_monthly")
    ended = shop.buy("end-unseen", "pro_monthly")
    clock.advance(28 * DAY)
    assert plumb("reconcile").code == 0
    books.wait_until_drained()
    books.check("renewal-unseen", 100, ["PURCHASE", "ACCESS"])

    shop.control("faults", lose_events=1_000_000)
    try:
        shop.buy("no-event")
        shop.buy("no-event-plan", "pro_monthly")
        left = shop.checkout("left-open")
        refund(shop, back, 100)
        dispute(shop, held)
        cancel(shop, ended)
        clock.advance(4 * DAY)
    finally:
        shop.control("faults", lose_events=0)
    for job in ("catch_up", "catch_up_undelivered"):
        assert catch_up(shop, job)["queued"] == 0

    first = plumb("reconcile", "--json")
    told = {line["job"]: line for line in first.lines}
    assert (first.code, told["look_at_objects"]["ok"]) == (0, True)
    books.wait_until_drained()
    books.check("no-event", 500, ["PURCHASE"])
    books.check("no-event-plan", 100, ["PURCHASE", "ACCESS"])
    books.check("refund-unseen", 400, ["PURCHASE", "REFUND"])
    books.check("dispute-unseen", 0, ["PURCHASE", "DISPUTE"])
    books.check("renewal-unseen", 200, ["PURCHASE", "ACCESS", "RENEWAL"])
    books.check("end-unseen", 100, ["PURCHASE", "ACCESS", "ACCESS"])
    assert [level(shop, user) for user in ("no-event-plan", "renewal-unseen", "end-unseen")] == ["PRO", "PRO", "FREE"]
    assert shop.stripe("GET", f"checkout/sessions/{left.session_id}")["status"] == "expired"
    again = plumb("reconcile")
    assert [line.rpartition(", ")[2] for line in again.out.splitlines()[1:4]] == ["0 put onto the queue."] * 3


def test_the_schedule_looks_at_objects_when_their_time_has_come(shop: Shop, clock: Clock) -> None:
    clock.advance(timedelta(hours=5))
    assert catch_up(shop, "look_at_objects") == {"read": 0, "queued": 0, "more": False}
    clock.advance(DAY)
    found = catch_up(shop, "look_at_objects")
    assert (found["read"] > 10, found["queued"], found["more"]) == (True, 0, False)
