"""The stores under load: DynamoDB's isolation, SQS, secrets, and Redis through the official Upstash client."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from upstash_redis import Redis
from upstash_redis.errors import UpstashError

from local.stack import Stack
from local.supervisor.plan import STRIPE_KEY_SECRET, UPSTASH_SECRET, WEBHOOK_SECRET

THREADS = 20
EACH = 10


def test_transactions_of_twenty_threads_add_up(toy: Stack) -> None:
    """Every thread raises a counter by compare-and-set, with an entry beside it: none may be lost or doubled."""
    table = toy.table_name("CounterTable")
    setup = toy.dynamodb()
    setup.put_item(TableName=table, Item={"pk": {"S": "sum"}, "n": {"N": "0"}})
    barrier = threading.Barrier(THREADS)
    clients = [toy.dynamodb() for _ in range(THREADS)]

    def add(thread: int) -> int:
        client, conflicts = clients[thread], 0
        barrier.wait()
        for _ in range(EACH):
            while not _raised(client, table, thread):
                conflicts += 1
        return conflicts

    with ThreadPoolExecutor(THREADS) as pool:
        conflicts = sum(pool.map(add, range(THREADS)))
    total = int(setup.get_item(TableName=table, Key={"pk": {"S": "sum"}}, ConsistentRead=True)["Item"]["n"]["N"])
    entries = [
        item
        for item in setup.scan(TableName=table, ConsistentRead=True)["Items"]
        if item["pk"]["S"].startswith("entry#")
    ]
    assert (total, len(entries)) == (THREADS * EACH, THREADS * EACH)
    assert conflicts > 0, "they really met"
    for client in (setup, *clients):
        client.close()


def _raised(client: Any, table: str, thread: int) -> bool:
    read = int(client.get_item(TableName=table, Key={"pk": {"S": "sum"}}, ConsistentRead=True)["Item"]["n"]["N"])
    values = {":read": {"N": str(read)}, ":next": {"N": str(read + 1)}}
    update = {
        "TableName": table,
        "Key": {"pk": {"S": "sum"}},
        "UpdateExpression": "SET n = :next",
        "ConditionExpression": "n = :read",
        "ExpressionAttributeValues": values,
    }
    entry = {
        "TableName": table,
        "Item": {"pk": {"S": f"entry#{read}"}, "thread": {"N": str(thread)}},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    try:
        client.transact_write_items(TransactItems=[{"Update": update}, {"Put": entry}])
    except client.exceptions.TransactionCanceledException:
        return False
    return True


def test_tables_have_their_time_to_live(toy: Stack) -> None:
    client = toy.dynamodb()
    described = client.describe_time_to_live(TableName=toy.table_name("CounterTable"))
    assert described["TimeToLiveDescription"]["AttributeName"] == "expires"
    client.close()


def test_the_systems_secrets_can_be_read(toy: Stack) -> None:
    client = toy.secrets()

    def read(name: str) -> Any:
        return json.loads(client.get_secret_value(SecretId=name)["SecretString"])

    assert read(STRIPE_KEY_SECRET) == {"key": toy.stripe_key}
    assert read(WEBHOOK_SECRET) == {"secrets": [toy.webhook_secret]}
    assert read(UPSTASH_SECRET) == {"url": toy.upstash_url, "token": toy.upstash_token}
    client.close()


@pytest.fixture(params=["base64", None])
def redis(request: pytest.FixtureRequest, toy: Stack) -> Any:
    with Redis(
        url=toy.upstash_url, token=toy.upstash_token, rest_encoding=request.param, rest_retries=0, allow_telemetry=False
    ) as client:
        client.flushall()
        yield client


def test_the_official_client_of_upstash_is_served(redis: Redis) -> None:
    assert redis.set("k", "naïve")
    assert redis.get("k") == "naïve"
    assert redis.get("absent") is None
    assert redis.set("lock", "1", nx=True, px=60_000)
    assert not redis.set("lock", "1", nx=True, px=60_000)
    assert 0 < redis.pttl("lock") <= 60_000
    redis.hset("h", values={"a": "1", "b": "2"})
    assert redis.hgetall("h") == {"a": "1", "b": "2"}
    assert redis.mget("k", "absent") == ["naïve", None]
    assert redis.delete("k", "lock") == 2


def test_scripts_are_run(redis: Redis) -> None:
    replace_by_higher = """
        local current = redis.call('GET', KEYS[1])
        if current and tonumber(current) >= tonumber(ARGV[1]) then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
        return 1"""
    assert redis.eval(replace_by_higher, keys=["v"], args=["5", "60"]) == 1
    assert redis.eval(replace_by_higher, keys=["v"], args=["4", "60"]) == 0
    assert redis.get("v") == "5"


def test_pipelines_and_transactions_are_run(redis: Redis) -> None:
    pipeline = redis.pipeline()
    pipeline.set("a", "1")
    pipeline.incr("a")
    assert pipeline.exec() == [True, 2]
    transaction = redis.multi()
    transaction.incr("a")
    transaction.get("a")
    assert transaction.exec() == [3, "3"]


def test_errors_reach_the_client(redis: Redis, toy: Stack) -> None:
    redis.set("text", "x")
    with pytest.raises(UpstashError, match="WRONGTYPE"):
        redis.lpush("text", "y")
    with (
        Redis(url=toy.upstash_url, token="wrong", rest_retries=0) as stranger,
        pytest.raises(UpstashError, match="WRONGPASS"),
    ):
        stranger.get("text")


def test_refusals_come_as_upstash_sends_them(toy: Stack, http: httpx.Client) -> None:
    refused = http.post(toy.upstash_url, json=["GET", "k"])
    assert (refused.status_code, refused.json()) == (401, {"error": "WRONGPASS invalid or missing auth token"})
    headers = {"authorization": f"Bearer {toy.upstash_token}"}
    broken = http.post(toy.upstash_url, json=["GET"], headers=headers)
    assert (broken.status_code, list(broken.json())) == (400, ["error"])
