"""The steps of a restore, each by itself (F48): nobody writes, a table is as another, and what is ours is found."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from billing.domain.ids import UserId
from billing.ports.store import Owner
from plumb.errors import PlumbError
from plumb.restore.copying import Copied, copy
from plumb.restore.orders import write_again
from plumb.restore.pausing import _off_since, must_be_paused, pause, resume
from plumb.stages.deployed import deployed_stack
from tests.fakes.operator import Operator
from tests.fakes.snapshots import NOW
from tests.fakes.world import FakeClock
from tests.unit.plumb.conftest import FUNCTIONS, REGION, Deployed

SOURCE, TARGET = "plumbline-staging-test-ledger-0914", "plumbline-staging-test-ledger"


def concurrency(deployed: Deployed) -> dict[str, int | None]:
    names = deployed_stack("staging").names
    return {
        logical_id: deployed.functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        for logical_id, name in names.items()
    }


def queued(deployed: Deployed) -> str:
    """The queue as the consumer's source."""
    name = deployed_stack("staging").names["EventConsumerFunction"]
    url = deployed.sqs.get_queue_url(QueueName="events")["QueueUrl"]
    arn = deployed.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    alias = f"{name}:live"
    return str(deployed.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=alias)["UUID"])


GO_ON = ("WebhookFunction", "LedgerWatchFunction")
STOPPED = dict.fromkeys(FUNCTIONS, 0) | dict.fromkeys(GO_ON)


def source_of(deployed: Deployed, uuid: str) -> dict[str, Any]:
    found: dict[str, Any] = deployed.functions.get_event_source_mapping(UUID=uuid)
    return found


def test_all_that_write_stand_still_and_go_on_again(deployed: Deployed, plumb: Operator) -> None:
    """The ledger's watch writes nothing, and is wanted most while somebody rewrites tables."""
    deployed.deploy()
    source = queued(deployed)
    told = plumb("restore", "pause", "--stage", "staging", "--yes", "--json")
    assert (told.code, len(told.document["functions"])) == (0, len(FUNCTIONS) - 2)
    assert "EventConsumerFunction" in told.document["functions"][-1], "by its event source it is known since when"
    assert concurrency(deployed) == STOPPED
    assert source_of(deployed, source)["State"] == "Disabled"
    assert plumb("restore", "resume", "--stage", "staging", "--yes").code == 0
    assert concurrency(deployed) == dict.fromkeys(FUNCTIONS)
    assert source_of(deployed, source)["State"] == "Enabled"


def test_at_no_moment_is_the_queue_read_for_a_function_that_is_refused(deployed: Deployed) -> None:
    """Wherever the command is killed: a message that is given back again and again ends as a dead letter."""
    deployed.deploy()
    source, names = queued(deployed), deployed_stack("staging").names
    consumer, moments = names["EventConsumerFunction"], list[tuple[str, bool]]()

    def look(**_: object) -> None:
        kept = deployed.functions.get_function_concurrency(FunctionName=consumer)
        moments.append((source_of(deployed, source)["State"], kept.get("ReservedConcurrentExecutions") == 0))

    for call in ("UpdateEventSourceMapping", "PutFunctionConcurrency", "DeleteFunctionConcurrency"):
        deployed.functions.meta.events.register(f"after-call.lambda.{call}", look)
    site: Any = SimpleNamespace(local=False, names=names, client=lambda _: deployed.functions)
    list(pause(site))
    assert moments[-1] == ("Disabled", True)
    list(resume(site))
    assert moments[-1] == ("Enabled", False)
    assert ("Enabled", True) not in moments


def test_nothing_is_put_back_or_mended_while_somebody_may_write(deployed: Deployed, plumb: Operator) -> None:
    deployed.deploy()
    site = deployed_stack("staging")
    assert len(list(pause(site))) == len(FUNCTIONS) - 2
    deployed.functions.delete_function_concurrency(FunctionName=site.names["CreditsFunction"])
    for call in (("copy", "ledger", SOURCE), ("mend", "--since", "2026-11-21T10:00:00Z")):
        told = plumb("restore", *call, "--stage", "staging", "--yes")
        assert told.code == 1
        assert told.err.endswith("may still write: plumb restore pause, first.\n")
    assert len(list(resume(site))) == len(FUNCTIONS) - 2


def test_nothing_is_put_back_before_what_had_begun_is_over(deployed: Deployed) -> None:
    """F48: an invocation may run as long as any function may, counted from when the queue was let go."""
    deployed.deploy()
    site, source = deployed_stack("staging"), queued(deployed)
    deployed.functions.update_function_configuration(FunctionName=site.names["CatchUpFunction"], Timeout=300)
    list(pause(site))
    off: datetime = source_of(deployed, source)["LastModified"]
    with pytest.raises(PlumbError, match="may still write: wait until"):
        must_be_paused(site, off + timedelta(minutes=6) - timedelta(seconds=1))
    must_be_paused(site, off + timedelta(minutes=6))
    deployed.functions.update_event_source_mapping(UUID=source, Enabled=True)
    with pytest.raises(PlumbError, match=r"still has its event source \(Enabled\)"):
        must_be_paused(site, off + timedelta(days=1))


def test_what_still_lets_go_of_the_queue_is_waited_for() -> None:
    """Of itself: a switch of moto's has its effect at once."""
    with pytest.raises(PlumbError, match="wait a minute"):
        _off_since("consumer", {"State": "Disabling", "LastModified": NOW})


def test_without_an_event_source_nobody_knows_since_when(deployed: Deployed) -> None:
    deployed.deploy()
    site = deployed_stack("staging")
    list(pause(site))
    with pytest.raises(PlumbError, match="deploy the stack"):
        must_be_paused(site, NOW)


def test_nobody_is_stopped_unasked(deployed: Deployed, plumb: Operator) -> None:
    deployed.deploy()
    assert plumb("restore", "pause", "--stage", "staging").code == 2
    assert concurrency(deployed) == dict.fromkeys(FUNCTIONS)


def test_nobody_goes_on_and_nothing_is_put_back_unasked(
    deployed: Deployed, plumb: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.deploy()
    source = queued(deployed)
    list(pause(deployed_stack("staging")))
    later = time.time() + 3600
    monkeypatch.setattr(time, "time", lambda: later)
    ledger(SOURCE)
    deployed.dynamodb.put_item(TableName=TARGET, Item=row(1, 1))
    for call in (("resume",), ("copy", "ledger", SOURCE)):
        told = plumb("restore", *call, "--stage", "staging")
        assert (told.code, told.err) == (2, "Nothing was changed: pass --yes to do it.\n")
    assert concurrency(deployed) == STOPPED
    assert source_of(deployed, source)["State"] == "Disabled"
    assert deployed.dynamodb.scan(TableName=TARGET)["Items"] == [row(1, 1)]


@pytest.mark.parametrize("since", ["yesterday", "2026-11-28T25:00:00Z"])
def test_a_moment_that_can_not_be_read_is_a_usage_error(plumb: Operator, since: str) -> None:
    assert plumb("restore", "mend", "--since", since).code == 2


def test_a_moment_that_is_still_to_come(deployed: Deployed, plumb: Operator) -> None:
    """A slip of the year would forget no record at all, and say that all is mended."""
    deployed.deploy()
    told = plumb("restore", "mend", "--since", "2999-11-28T09:14:00Z", "--stage", "staging")
    assert (told.code, told.err) == (1, "2999-11-28T09:14:00Z is still to come.\n")


def ledger(name: str, *keys: str) -> Any:
    client: Any = boto3.client("dynamodb", region_name=REGION)
    kinds = dict(zip(keys or ("user", "entry"), ("HASH", "RANGE"), strict=False))
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in kinds.items()],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in kinds],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def row(number: int, amount: int) -> dict[str, Any]:
    return {"user": {"S": "alice"}, "entry": {"S": f"{number:012d}#000"}, "amount": {"N": str(amount)}}


def test_a_table_holds_what_its_source_holds_and_nothing_else(deployed: Deployed) -> None:
    """More items than one request takes; one that differs, and one that the source does not have."""
    client = ledger(SOURCE)
    ledger(TARGET)
    for number in range(30):
        client.put_item(TableName=SOURCE, Item=row(number, 1))
    client.put_item(TableName=TARGET, Item=row(7, 2))
    for number in range(900, 1010):
        client.put_item(TableName=TARGET, Item=row(number, 3))
    seen: list[int] = []
    assert copy(client, SOURCE, TARGET, FakeClock(NOW), seen.append) == Copied(put=30, removed=110)
    assert sum(seen) == 111 + 30
    assert client.scan(TableName=TARGET)["Items"] == client.scan(TableName=SOURCE)["Items"]
    assert copy(client, SOURCE, TARGET, FakeClock(NOW), seen.append) == Copied(put=30, removed=0)


def test_a_table_of_something_else_is_no_source(deployed: Deployed) -> None:
    client = ledger(TARGET)
    ledger("another", "pk")
    for source, why in (("another", "its key is another"), ("gone", "no table gone"), (TARGET, "is no copy of")):
        with pytest.raises(PlumbError, match=why):
            copy(client, source, TARGET, FakeClock(NOW), lambda _: None)


SESSION: dict[str, Any] = {
    "id": "cs_test_1",
    "client_reference_id": "ord_01JD3K5Q8Z",
    "customer": {"id": "cus_1", "object": "customer", "metadata": {"user_id": "alice"}},
    "metadata": {"user_id": "alice", "order_id": "ord_01JD3K5Q8Z", "correlation_id": "ord_01JD3K5Q8Z"},
}


@pytest.mark.parametrize(("attached", "outcomes"), [(False, ["ENDED"]), (True, [])])
def test_an_open_session_is_ended_although_its_order_stands(attached: bool, outcomes: list[str]) -> None:
    """F48: an order is stored before its session is attached, and the restore point may lie between the two."""
    session, ended = SESSION | {"status": "open"}, list[str]()
    pages = SimpleNamespace(auto_paging_iter=lambda: [SimpleNamespace(to_dict=lambda: session)])
    sessions = SimpleNamespace(list=lambda asked: pages, expire=ended.append)
    alice = UserId("alice")
    world: Any = SimpleNamespace(
        stripe=SimpleNamespace(v1=SimpleNamespace(checkout=SimpleNamespace(sessions=sessions))),
        accounts=SimpleNamespace(
            buyers=lambda names: dict.fromkeys(names, alice) if attached else {},
            orders=lambda names: dict.fromkeys(names, "an order"),
            owners=lambda names: dict.fromkeys(names, Owner(alice)),
        ),
    )
    found = list(write_again(world, NOW, {}, dry=False))
    assert ([each.outcome for each in found], ended) == (outcomes, ["cs_test_1"] * len(outcomes))
