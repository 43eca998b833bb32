"""Dead letters put back: by SQS's own move task, which moto has not and botocore's stubs play, and one by one."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from plumb.commands.redrive import command
from plumb.errors import PlumbError
from plumb.invocation import Invocation, Options
from plumb.queues import move_by_hand, move_by_task
from plumb.site import Site
from tests.fakes.operator import Operator
from tests.fakes.world import FakeClock
from tests.simulation.stores.sqs import Queue, Sqs, url_of
from tests.unit.plumb.conftest import Deployed

URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/events-dead"
ARN = "arn:aws:sqs:eu-central-1:123456789012:events-dead"
SOURCE_URL, SOURCE_ARN = URL.removesuffix("-dead"), ARN.removesuffix("-dead")


def moved(*tasks: dict[str, Any]) -> tuple[int, list[int]]:
    client = boto3.client("sqs", region_name="eu-central-1")
    seen: list[int] = []
    with Stubber(client) as stub:
        for url, arn in ((URL, ARN), (SOURCE_URL, SOURCE_ARN)):
            wanted = {"QueueUrl": url, "AttributeNames": ["QueueArn"]}
            stub.add_response("get_queue_attributes", {"Attributes": {"QueueArn": arn}}, wanted)
        # EventBridge's dead letters came from no queue: without a destination SQS would fail at them
        moved = {"SourceArn": ARN, "DestinationArn": SOURCE_ARN}
        stub.add_response("start_message_move_task", {"TaskHandle": "handle-of-the-task"}, moved)
        for task in tasks:
            stub.add_response("list_message_move_tasks", {"Results": [task]}, {"SourceArn": ARN, "MaxResults": 1})
        found = move_by_task(client, URL, SOURCE_URL, FakeClock(datetime(2026, 11, 27, tzinfo=UTC)), seen.append)
        stub.assert_no_pending_responses()
    return found, seen


def test_it_waits_until_the_task_is_through() -> None:
    running = {"Status": "RUNNING", "ApproximateNumberOfMessagesMoved": 3}
    assert moved(running, {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 7}) == (7, [3, 7])


def test_a_task_that_fails_names_its_reason_and_how_many_it_moved() -> None:
    failed = {"Status": "FAILED", "ApproximateNumberOfMessagesMoved": 2, "FailureReason": "AccessDenied"}
    with pytest.raises(PlumbError, match="ended FAILED after 2 messages: AccessDenied"):
        moved(failed)


def test_a_task_that_somebody_cancels_is_waited_for_and_is_not_through() -> None:
    cancelling, cancelled = (
        {"Status": each, "ApproximateNumberOfMessagesMoved": 2} for each in ("CANCELLING", "CANCELLED")
    )
    with pytest.raises(PlumbError, match="ended CANCELLED after 2 messages: no reason given"):
        moved(cancelling, cancelled)


class Killed(BaseException):
    """The operator's process has ended."""


class KilledAfter(Sqs):
    """A client whose process ends once it has sent or deleted so many times."""

    calls = 0

    def send_message(self, **request: Any) -> dict[str, Any]:
        return self._counted(super().send_message(**request))

    def delete_message(self, **request: Any) -> dict[str, Any]:
        return self._counted(super().delete_message(**request))

    def _counted(self, answer: dict[str, Any]) -> dict[str, Any]:
        self.calls -= 1
        if self.calls == 0:
            raise Killed
        return answer


@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_killed_wherever_it_is_nothing_is_lost(after: int) -> None:
    """F10: a message that is in both queues changes nothing twice, and one that is in none would be lost."""
    client: Any = KilledAfter(lambda: 0.0, [Queue("events", {}), Queue("dead", {})])
    for body in ("first", "second"):
        client.send_message(QueueUrl=url_of("dead"), MessageBody=body)
    client.calls = after
    with pytest.raises(Killed):
        move_by_hand(client, url_of("dead"), url_of("events"), 10, lambda _: None)
    bodies = [message.body for queue in client.queues.values() for message in queue.messages]
    assert set(bodies) == {"first", "second"}


@pytest.mark.parametrize("free", [0, 1])
def test_a_command_that_moved_fewer_messages_than_it_was_to_has_failed(
    capsys: pytest.CaptureFixture[str], free: int
) -> None:
    """Somebody else holds them: whoever runs it in a script must hear of it."""
    attributes = {"ApproximateNumberOfMessages": "3", "ApproximateNumberOfMessagesNotVisible": "0"}
    policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": ARN})}
    client = boto3.client("sqs", region_name="eu-central-1")
    invocation = Invocation(Options(yes=True))
    vars(invocation)["site"] = Site(stage="local", functions={}, api_url="http://127.0.0.1:9", local=True)
    vars(invocation)["world"] = SimpleNamespace(sqs=client, queue_url="https://sqs/events", close=lambda: None)
    with Stubber(client) as stub:
        stub.add_response("get_queue_attributes", {"Attributes": attributes | policy})
        stub.add_response("get_queue_url", {"QueueUrl": URL})
        stub.add_response("get_queue_attributes", {"Attributes": attributes})
        for each in range(free):
            received = {"Body": "{}", "ReceiptHandle": f"handle-{each}"}
            stub.add_response("receive_message", {"Messages": [received]})
            stub.add_response("send_message", {})
            stub.add_response("delete_message", {})
        stub.add_response("receive_message", {})
        code = command.main([], obj=invocation, standalone_mode=False)
        stub.assert_no_pending_responses()
    assert (code, capsys.readouterr().out) == (1, f"events-dead: 3 messages.\nMoved {free}.\n")


def test_no_dead_letter_is_moved_unasked(deployed: Deployed, plumb: Operator) -> None:
    """They failed for a reason, and a person has to say that it is mended."""
    deployed.deploy()
    dead = deployed.sqs.get_queue_url(QueueName="events-dead")["QueueUrl"]
    deployed.sqs.send_message(QueueUrl=dead, MessageBody="{}")
    told = plumb("redrive", "--stage", "staging")
    assert (told.code, told.out) == (2, "events-dead: 1 messages.\n")
    assert told.err == "Nothing was changed: pass --yes to do it.\n"
    assert plumb("redrive", "--dry-run", "--stage", "staging").code == 0
    assert len(deployed.sqs.receive_message(QueueUrl=dead)["Messages"]) == 1
