"""`plumb account`, `plumb event` and `plumb check` over the running system."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from upstash_redis import Redis

from local.stack import Stack
from tests.fakes.operator import Operator
from tests.integration.purchase.books import Books
from tests.integration.purchase.shop import Shop
from tests.integration.purchase.wait import until


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name.removeprefix("test_"))[:64]


def bought(shop: Shop, books: Books, user: str, key: str = "credits_500") -> str:
    session = shop.buy(user, key).session_id
    shop.settle(books)
    return session


# plumb account


def test_everything_of_a_user_is_shown(plumb: Operator, shop: Shop, books: Books, user: str) -> None:
    session = bought(shop, books, user, "credits_2000_90d")
    bought(shop, books, user, "pro_monthly")
    opened = shop.checkout(user, "credits_500")
    result = plumb("account", user)
    assert result.code == 0
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert "credits 2100 available, balance 2100" in lines
    assert any(line.startswith(f"{session} 2000 0 0 0 2000 ") for line in lines)
    assert any(line.startswith("sub_") and " active pro price_" in line for line in lines)
    assert any(" PURCHASE 2000 2000 " in line for line in lines)
    assert any(line.startswith(opened.session_id) for line in lines)

    told = plumb("account", user, "--json", "--entries", "2").document
    assert told["account"]["user"] == user
    assert (told["now"]["level"], told["now"]["available"]) == ("PRO", 2100)
    assert [entry["kind"] for entry in told["ledger"]].count("RENEWAL") <= 1
    assert len(told["ledger"]) == 2
    assert [checkout["id"] for checkout in told["open_checkouts"]] == [opened.session_id]
    assert len(told["account"]["payments"]) == 2
    assert all("card" not in payment for payment in told["account"]["payments"])
    assert told["cached"] == {
        "credits": {"value": 2100, "version": told["cached"]["credits"]["version"]},
        "level": {"value": "PRO", "version": told["cached"]["level"]["version"]},
    }


def test_stripe_and_redis_that_do_not_answer(
    plumb: Operator, shop: Shop, books: Books, stack: Stack, user: str
) -> None:
    bought(shop, books, user)
    stack.kill("upstash", restart=False)
    shop.control("faults", fail=100, status=503)
    try:
        result = plumb("account", user, "--json")
    finally:
        shop.control("faults", fail=0, status=500)
        stack.launch("upstash")
    assert result.code == 0
    assert result.document["now"]["available"] == 500
    assert (result.document["open_checkouts"], result.document["cached"]) == (None, None)
    assert "Redis did not answer" in result.err
    assert "Open checkouts are not shown: Stripe did not answer as it should (status 503)." in result.err


@pytest.mark.parametrize(("name", "sentence"), [("nobody", "There is no account of nobody."), ("a#b", "is no user id")])
def test_who_is_not_there(plumb: Operator, name: str, sentence: str) -> None:
    """S25: what is no user id is asked of nobody."""
    result = plumb("account", name)
    assert (result.code, result.out) == (1, "")
    assert sentence in result.err


# plumb event


def test_an_event_that_was_applied(plumb: Operator, shop: Shop, books: Books, user: str) -> None:
    session = bought(shop, books, user)
    (event,) = shop.events_of(session)
    told = plumb("event", event["id"], "--json").document
    assert told["record"]["outcome"] in ("APPLIED", "NOOP")
    assert told["record"]["type"] == "checkout.session.completed"
    assert (told["stripe"]["object"], told["stripe"]["pending_webhooks"]) == (session, 0)
    shown = plumb("event", event["id"]).out
    assert f"{event['id']} checkout.session.completed" in shown
    assert "example.com" not in shown  # no payload, and no e-mail address in it


def test_an_event_that_waits_for_its_owner(plumb: Operator, shop: Shop, books: Books) -> None:
    """F34: visible, with its reason and what to do."""
    customer = shop.stripe("POST", "customers", email="somebody@example.com")["id"]
    shop.stripe("POST", f"customers/{customer}", name="Somebody")
    shop.settle(books)
    (event,) = (
        e
        for e in shop.stripe("GET", "events", type="customer.updated", limit=100)["data"]
        if e["data"]["object"]["id"] == customer
    )
    result = plumb("event", event["id"])
    assert result.code == 0
    assert "PARKED" in result.out
    assert f"By hand: plumb replay {event['id']}" in result.out


def test_events_that_nobody_knows(plumb: Operator) -> None:
    unknown = plumb("event", "evt_unknown")
    assert unknown.code == 1
    assert "is not recorded here" in unknown.out
    wrong = plumb("event", "pi_1", "--json")
    assert (wrong.code, wrong.out) == (2, "")
    assert '"code": "usage"' in wrong.err


def test_the_newest_of_a_type_is_signed_for_the_webhook(
    plumb: Operator, stack: Stack, shop: Shop, books: Books, user: str
) -> None:
    """What it writes is taken by the function itself, signed with the running system's secret."""
    session = bought(shop, books, user)
    (event,) = shop.events_of(session)
    delivery = plumb("event", "sign", event["type"]).document
    assert json.loads(delivery["body"])["id"] == event["id"]
    assert plumb("event", "sign", event["id"]).document["body"] == delivery["body"]
    functions = stack.lambda_client()

    def known() -> bool:
        invoked = functions.invoke(FunctionName="WebhookFunction", Payload=json.dumps(delivery))
        answer = json.loads(invoked["Payload"].read())
        assert answer["statusCode"] == 200, answer
        return json.loads(answer["body"]) == {"ok": True, "idempotent": True}

    until("the webhook knows it", known)
    assert "no event of type tax.settings.updated" in plumb("event", "sign", "tax.settings.updated").err


# plumb check


def redis(stack: Stack) -> Redis:
    return Redis(stack.upstash_url, stack.upstash_token, rest_encoding=None, allow_telemetry=False)


def test_a_check_of_accounts_that_agree_prints_nothing(plumb: Operator, shop: Shop, books: Books, user: str) -> None:
    bought(shop, books, user)
    result = plumb("check")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_a_cache_that_lies_is_found(plumb: Operator, shop: Shop, books: Books, stack: Stack, user: str) -> None:
    """S24: a value put there by somebody else."""
    bought(shop, books, user)
    version = books.account(user)["version"]  # type: ignore[index]
    with redis(stack) as cache:
        before: Any = cache.get(f"local:test:1:credits:{user}")
        cache.set(f"local:test:1:credits:{user}", f'9999 {{"version":{version},"user":"{user}"}}')
        result = plumb("check", "--json")
        cache.set(f"local:test:1:credits:{user}", before)
    assert result.code == 1
    assert result.lines == [
        {"user": user, "what": "cached_credits", "expected": 500, "found": 9999, "version": version}
    ]
    assert plumb("check", user).code == 0


@pytest.mark.parametrize("ahead", [0, 90_000])
def test_a_resync_replaces_what_the_cache_would_keep(
    plumb: Operator, shop: Shop, books: Books, stack: Stack, user: str, ahead: int
) -> None:
    """S24: a value of the account's own version, or of a later one, which no publish replaces."""
    bought(shop, books, user)
    version = books.account(user)["version"] + ahead  # type: ignore[index]
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with redis(stack) as cache:
        cache.set(f"local:test:1:credits:{user}", f'9999 {{"version":{version},"user":"{user}"}}')
        cache.set(f"local:test:1:entitlements:{user}", f'PRO {{"version":{version},"user":"{user}","at":"{at}"}}')
    assert plumb("resync", user).code == 0
    assert plumb("check", user).out == ""
    assert shop.get("/entitlements", user).json()["level"] == "FREE"


def test_a_resync_without_redis(plumb: Operator, shop: Shop, books: Books, stack: Stack, user: str) -> None:
    bought(shop, books, user)
    stack.kill("upstash", restart=False)
    try:
        result = plumb("resync", user)
    finally:
        stack.launch("upstash")
    assert (result.code, result.err) == (0, f"Redis did not answer (ConnectError), so {user} stays cached.\n")


def test_a_ledger_that_lacks_an_entry_is_found(
    plumb: Operator, shop: Shop, books: Books, stack: Stack, user: str
) -> None:
    bought(shop, books, user)
    table = stack.table_name("LedgerTable")
    (entry,) = [item for item in books.ledger(user) if item["kind"] == "PURCHASE"]
    key = {"user": {"S": user}, "entry": {"S": entry["entry"]}}
    whole = stack.dynamodb().get_item(TableName=table, Key=key)["Item"]
    stack.dynamodb().delete_item(TableName=table, Key=key)
    try:
        result = plumb("check", user)
    finally:
        stack.dynamodb().put_item(TableName=table, Item=whole)
    assert result.code == 1
    assert result.out.startswith(f"{user}: ledger: 0, should be 500 (account version ")


def test_redis_that_is_down_is_told(plumb: Operator, shop: Shop, books: Books, stack: Stack, user: str) -> None:
    bought(shop, books, user)
    stack.kill("upstash", restart=False)
    try:
        result, without = plumb("check", user), plumb("check", user, "--no-cache")
    finally:
        stack.launch("upstash")
    assert (result.code, result.out) == (1, "")
    assert "Redis did not answer (ConnectError), so the cache was not looked at." in result.err
    assert without.code == 0


def test_accounts_that_move_meanwhile(plumb: Operator, shop: Shop, books: Books) -> None:
    """Money rule 28: buyers buy while the check runs, again and again; no false alarm."""

    def buy_often(user: str) -> None:
        for _ in range(3):
            shop.buy(user)

    with ThreadPoolExecutor(3) as pool:
        buying = [pool.submit(buy_often, f"moving-{n}") for n in range(3)]
        results = [plumb("check", "--json") for _ in range(3)]
        for each in buying:
            each.result()
    shop.settle(books)
    assert [result.code for result in results] == [0, 0, 0]  # on standard output the buyers speak as well
