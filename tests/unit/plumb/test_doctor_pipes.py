"""The doctor's pipes, the queues where they and the schedules give up, the alarms' topic: whole, then broken."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from plumb.doctor.alarms import alarms, subscribers
from plumb.doctor.aws_side import GIVEN_UP, queues
from plumb.doctor.finding import Check
from plumb.doctor.pipes import PIPES, at_work, pipes
from plumb.site import Site
from plumb.stages.deployed import deployed_stack
from plumb.world import World
from tests.fakes.operator import environment
from tests.modelled import modelled
from tests.unit.plumb.conftest import ENVIRONMENT, REGION, Deployed

LEDGER, SUBSCRIPTIONS = "plumbline-staging-test-ledger", "plumbline-staging-test-accounts"


class Piped:
    """A stack with what moto's CloudFormation makes no pipes of; `resources` is what the stack would list."""

    def __init__(self, deployed: Deployed) -> None:
        self.deployed = deployed
        self.pipes = boto3.client("pipes", region_name=REGION)
        self.sns = boto3.client("sns", region_name=REGION)
        self.resources = dict(zip(PIPES, (LEDGER, SUBSCRIPTIONS), strict=True))
        for name in (LEDGER, SUBSCRIPTIONS):
            self.pipe(name, self.table(name)["LatestStreamArn"])
        self.resources["EventsQueue"] = deployed.sqs.create_queue(QueueName="events")["QueueUrl"]
        for logical_id in GIVEN_UP:
            self.resources[logical_id] = deployed.sqs.create_queue(QueueName=logical_id)["QueueUrl"]
        self.resources["AlarmTopic"] = self.sns.create_topic(Name="alarms")["TopicArn"]

    def table(self, name: str, view: Any = "NEW_IMAGE") -> Any:
        keys = {"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "id", "AttributeType": "S"}
        return self.deployed.dynamodb.create_table(
            TableName=name,
            KeySchema=[keys[0]],  # type: ignore[list-item]
            AttributeDefinitions=[keys[1]],  # type: ignore[list-item]
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )["TableDescription"]

    def pipe(self, name: str, stream: str) -> None:
        self.pipes.create_pipe(Name=name, Source=stream, Target="arn:aws:events:::event-bus/bus", RoleArn="arn:role")

    def told(self, check: Check) -> list[str]:
        variables = {**ENVIRONMENT, "EVENTS_QUEUE_URL": self.resources["EventsQueue"]}
        site = Site("staging", {"F": variables}, "https://api", local=False, resources=self.resources)
        with environment(site.aws):
            world = World(site)
            found = [f"{finding.status} {finding.message}" for finding in check(world)]
            world.close()
        return found


@pytest.fixture
def piped(deployed: Deployed) -> Piped:
    return Piped(deployed)


def test_the_doctor_asks_for_what_the_template_has() -> None:
    model = modelled()
    assert sorted(PIPES) == sorted(pipe.logical_id for pipe in model.pipes)
    assert model.queues.keys() == {*GIVEN_UP, "EventsQueue", "EventsDeadLetterQueue"}


def test_pipes_that_run_are_told_as_good(piped: Piped) -> None:
    assert piped.told(pipes) == [
        f"ok {LEDGER} is RUNNING.",
        f"ok {LEDGER} writes the stream that it reads.",
        f"ok {SUBSCRIPTIONS} is RUNNING.",
        f"ok {SUBSCRIPTIONS} writes the stream that it reads.",
    ]


def switched_off(piped: Piped) -> None:
    piped.pipes.stop_pipe(Name=LEDGER)


def gone(piped: Piped) -> None:
    piped.pipes.delete_pipe(Name=LEDGER)


def never_made(piped: Piped) -> None:
    del piped.resources["LedgerPipe"]


def no_stream(piped: Piped) -> None:
    piped.deployed.dynamodb.update_table(TableName=LEDGER, StreamSpecification={"StreamEnabled": False})


def another_stream(piped: Piped) -> None:
    source = piped.pipes.describe_pipe(Name=LEDGER)["Source"]
    gone(piped)
    piped.pipe(LEDGER, source.rpartition("/")[0] + "/2026-11-01T00:00:00.000")


def no_table(piped: Piped) -> None:
    piped.deployed.dynamodb.delete_table(TableName=LEDGER)


def no_images(piped: Piped) -> None:
    no_table(piped)
    piped.table(LEDGER, "KEYS_ONLY")


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (switched_off, f"fail {LEDGER} is STOPPED, and is to be."),
        (gone, f"fail There is no LedgerPipe {LEDGER}."),
        (never_made, "fail There is no LedgerPipe."),
        (no_stream, f"fail {LEDGER} has no stream: nothing of it is told."),
        (another_stream, f"fail {LEDGER} reads a stream that {LEDGER} writes no more."),
        (no_images, f"fail The stream of {LEDGER} has KEYS_ONLY and no new images."),
        (no_table, f"fail {LEDGER} reads the stream of {LEDGER}, and there is no such table."),
    ],
)
def test_a_pipe_that_tells_nothing(piped: Piped, broken: Callable[[Piped], None], sentence: str) -> None:
    broken(piped)
    assert [told for told in piped.told(pipes) if not told.startswith("ok")] == [sentence]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("STARTING", f"warn {LEDGER} is STARTING (a reason)."),
        ("STOPPED", f"fail {LEDGER} is STOPPED, and should be RUNNING (a reason)."),
        ("START_FAILED", f"fail {LEDGER} is START_FAILED, and should be RUNNING (a reason)."),
    ],
)
def test_a_pipe_that_aws_has_switched_off(state: str, told: str) -> None:
    """As DescribePipe documents it: moto ends no pipe by itself."""
    described = {"Name": LEDGER, "CurrentState": state, "DesiredState": "RUNNING", "StateReason": "a reason"}
    [found] = at_work(described)
    assert (f"{found.status} {found.message}", bool(found.fix)) == (told, True)


def test_what_was_given_up_is_counted(piped: Piped) -> None:
    assert piped.told(queues)[-2:] == ["ok FailedRunsQueue: empty.", "ok UntoldQueue: empty."]
    for logical_id in GIVEN_UP:
        piped.deployed.sqs.send_message(QueueUrl=piped.resources[logical_id], MessageBody="{}")
    piped.deployed.sqs.receive_message(QueueUrl=piped.resources["UntoldQueue"])  # hidden, while somebody looks at it
    assert piped.told(queues)[-2:] == [
        "warn FailedRunsQueue: 1 messages, each a run of a schedule, or records of the ledger's stream, given up.",
        "warn UntoldQueue: 1 messages, each records of a stream given up.",
    ]
    del piped.resources["UntoldQueue"]
    assert piped.told(queues)[-1] == "fail There is no UntoldQueue."


def test_a_dead_letter_that_somebody_holds_is_counted(piped: Piped) -> None:
    """Else the operator reads that no event failed, as long as somebody looks at those that did."""
    sqs, url = piped.deployed.sqs, piped.resources["EventsQueue"]
    dead = sqs.create_queue(QueueName="events-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 50})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    assert piped.told(queues)[1] == "ok events-dead: empty (after 50 receives)."
    sqs.send_message(QueueUrl=dead, MessageBody="{}")
    sqs.receive_message(QueueUrl=dead)
    assert piped.told(queues)[1] == "warn events-dead: 1 messages failed 50 times."


def test_somebody_hears_the_alarms(piped: Piped) -> None:
    assert piped.told(alarms) == ["warn alarms tells nobody."]
    topic = piped.resources["AlarmTopic"]
    piped.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    assert piped.told(alarms) == ["ok alarms tells 1 subscriber."]
    assert subscribers("alarms", ["PendingConfirmation"]).message == "alarms tells nobody: nobody has confirmed."
    del piped.resources["AlarmTopic"]
    assert piped.told(alarms) == ["fail There is no topic for alarms."]


def test_a_stack_says_where_its_queues_are(deployed: Deployed) -> None:
    deployed.deploy()
    assert deployed_stack("staging").resources["EventsQueue"].endswith("/events")
