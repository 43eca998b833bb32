"""`plumb doctor` against the running system, whole and broken in one place at a time."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from billing.domain.events import HANDLED
from local.stack import Stack
from local.supervisor.plan import STRIPE_KEY_SECRET, UPSTASH_SECRET, WEBHOOK_SECRET
from tests.fakes.operator import Operator, Result
from tests.integration.purchase.shop import Shop


def wrong(result: Result) -> dict[str, list[str]]:
    """What is not ok, by check: status and sentence."""
    found: dict[str, list[str]] = {}
    for finding in result.document["findings"]:
        if finding["status"] != "ok":
            assert finding["fix"], finding
            found.setdefault(finding["check"], []).append(f"{finding['status']} {finding['message']}")
    return found


@contextmanager
def secret(stack: Stack, name: str, content: object) -> Iterator[None]:
    client = stack.secrets()
    before = client.get_secret_value(SecretId=name)["SecretString"]
    client.put_secret_value(SecretId=name, SecretString=json.dumps(content))
    try:
        yield
    finally:
        client.put_secret_value(SecretId=name, SecretString=before)


@pytest.fixture
def endpoint(shop: Shop) -> Iterator[dict[str, Any]]:
    """The endpoint, put back as it was."""
    (found,) = shop.stripe("GET", "webhook_endpoints")["data"]
    path = f"webhook_endpoints/{found['id']}"
    yield found
    shop.stripe("POST", path, **{"enabled_events[]": found["enabled_events"], "url": found["url"], "disabled": "false"})


STRIPES = {"stripe", "catalog", "webhook", "portal"}


def test_a_whole_system_is_well(plumb: Operator) -> None:
    result = plumb("doctor", "--json")
    assert result.code == 0, result.out
    told = result.document
    assert told["ok"] is True
    assert told["stage"] == "local"
    assert wrong(result) == {}
    checks = {finding["check"] for finding in told["findings"]}
    assert checks == {*STRIPES, "settings", "secrets", "tables", "queues", "pipes", "redis"}
    assert told["redis"]["commands"] > 0
    assert 0 <= told["redis"]["hit_rate"] <= 1


def test_people_read_lines_and_no_secret(plumb: Operator, stack: Stack) -> None:
    """S16: the key, the signing secret and the token are read, and never shown."""
    result = plumb("doctor")
    assert result.code == 0
    assert "ok    tables    plumbline-local-test-ledger has its key user/entry." in result.out.splitlines()
    assert "0 failed." in result.out
    for hidden in (stack.stripe_key, stack.webhook_secret, stack.upstash_token):
        assert hidden not in result.out + result.err + plumb("doctor", "--json").out


def test_it_leaves_nothing_in_redis(plumb: Operator) -> None:
    before = plumb("doctor", "--json").document["redis"]["keys"]
    assert plumb("doctor", "--json").document["redis"]["keys"] == before


def test_a_disabled_endpoint_that_lacks_events(plumb: Operator, shop: Shop, endpoint: dict[str, Any]) -> None:
    given = sorted({*HANDLED, "payout.paid"} - {"invoice.paid"})
    shop.stripe("POST", f"webhook_endpoints/{endpoint['id']}", **{"enabled_events[]": given, "disabled": "true"})
    result = plumb("doctor", "--json")
    assert result.code == 1
    assert wrong(result) == {
        "webhook": [
            f"fail {endpoint['id']}: it is disabled: no event comes.",
            f"fail {endpoint['id']}: it lacks 1 handled events: invoice.paid.",
            f"warn {endpoint['id']}: it sends events that nothing handles: payout.paid.",
        ]
    }


def test_an_endpoint_that_points_elsewhere_is_found(plumb: Operator, shop: Shop, endpoint: dict[str, Any]) -> None:
    shop.stripe("POST", f"webhook_endpoints/{endpoint['id']}", url="https://old.example.com/webhooks/stripe")
    result = plumb("doctor", "--json")
    assert result.code == 1
    first, second = wrong(result)["webhook"]
    assert first.startswith("fail No endpoint points to http://127.0.0.1:")
    assert second == "warn Another endpoint points to https://old.example.com/webhooks/stripe."


def test_a_live_key_in_a_test_installation_is_found(plumb: Operator, stack: Stack) -> None:
    """S28: refused before it is used, and not shown."""
    key = "sk_" + "live_nobody"
    with secret(stack, STRIPE_KEY_SECRET, {"key": key}):
        result = plumb("doctor", "--json")
    assert result.code == 1
    assert wrong(result).keys() == STRIPES
    assert "is not one of sk_test_ or rk_test_" in wrong(result)["stripe"][0]
    assert key not in result.out


def test_secrets_that_lack_a_field_are_found(plumb: Operator, stack: Stack) -> None:
    with secret(stack, WEBHOOK_SECRET, {"secrets": []}), secret(stack, UPSTASH_SECRET, {"url": stack.upstash_url}):
        result = plumb("doctor", "--json")
    assert result.code == 1
    assert wrong(result)["secrets"] == [
        "fail The secret plumbline/local/upstash has no token.",
        "fail Between 1 and 8 webhook secrets are needed, not 0.",
    ]
    assert wrong(result)["redis"] == ["fail The secret plumbline/local/upstash has no token."]


def test_a_broken_price_is_named(plumb: Operator, shop: Shop) -> None:
    product = shop.stripe("POST", "products", name="Broken", **{"metadata[credits_amount]": "many"})
    price = shop.stripe("POST", "prices", product=product["id"], currency="usd", unit_amount=100, lookup_key="broken")
    try:
        result = plumb("doctor", "--json")
    finally:
        shop.stripe("POST", f"prices/{price['id']}", active="false")
    assert result.code == 0
    (told,) = wrong(result)["catalog"]
    assert re.fullmatch(r"warn 1 of \d+ prices are broken and can't be sold: broken\.", told)


def test_a_portal_that_pays_back_what_has_granted_credits(plumb: Operator, shop: Shop) -> None:
    (found,) = shop.stripe("GET", "billing_portal/configurations", is_default="true")["data"]
    path, mode = f"billing_portal/configurations/{found['id']}", "features[subscription_cancel][mode]"
    how = "features[subscription_cancel][proration_behavior]"
    shop.stripe("POST", path, **{mode: "immediately", how: "create_prorations"})
    try:
        result = plumb("doctor", "--json")
    finally:
        shop.stripe("POST", path, **{how: "none", mode: "at_period_end"})
    assert result.code == 0
    told = f"warn {found['id']} pays back what is left when a plan is canceled, and its credits stay."
    assert wrong(result) == {"portal": [told]}


def test_dead_letters_are_counted(plumb: Operator, stack: Stack) -> None:
    sqs, url = stack.sqs(), stack.queue_url("EventsDeadLetterQueue")
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    try:
        result = plumb("doctor", "--json")
    finally:
        sqs.purge_queue(QueueUrl=url)
    assert result.code == 0
    assert wrong(result) == {"queues": ["warn plumbline-local-test-events-dead: 1 messages failed 50 times."]}


def test_a_pipe_that_stands_still(plumb: Operator, stack: Stack) -> None:
    """What plays the pipes is gone: nothing says that they run."""
    stack.kill("poller", restart=False)
    try:
        result = plumb("doctor", "--json")
    finally:
        stack.launch("poller")
    assert result.code == 1
    (told,) = wrong(result)["pipes"]
    assert told.startswith("fail Could not connect to the endpoint URL")


def test_redis_that_is_down(plumb: Operator, stack: Stack) -> None:
    stack.kill("upstash", restart=False)
    try:
        result = plumb("doctor", "--json")
    finally:
        stack.launch("upstash")
    assert result.code == 1
    assert wrong(result)["redis"][0] == "fail A write did not succeed (ConnectError)."
    assert result.document["redis"]["keys"] is None


def test_stripe_that_is_down_stops_no_other_check(plumb: Operator, shop: Shop) -> None:
    shop.control("faults", fail=1000, status=503)
    try:
        result = plumb("doctor", "--json")
    finally:
        shop.control("faults", fail=0, status=500)
    assert result.code == 1
    sentence = "fail Stripe did not answer as it should (status 503)."
    assert wrong(result) == {name: [sentence] for name in STRIPES}
