"""EventBridge's patterns and Pipes' templates as far as template.yaml uses them, and a refusal of all else."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from local.pipes.api import start_api
from local.pipes.bus import Buses, envelope, events
from local.pipes.pipe import PipeRunner
from local.template import (
    Addresses,
    BusRule,
    Model,
    Pipe,
    Queue,
    Table,
    TemplateError,
    event_pattern,
    input_template,
    load_model,
)
from local.template.input_template import Untold, rendered

ROOT = Path(__file__).parents[3]
GIVEN = {"AppUrl": "https://app", "JwtIssuer": "https://app/auth", "Stage": "local"}
ADDRESSES = Addresses(sqs_url="http://sqs", api_url="http://api")
TOLD = {"dynamodb": {"NewImage": {"told": {"M": {"type": {"S": [{"exists": True}]}}}}}}


def record(**told: str) -> dict[str, Any]:
    texts = {name: {"S": value} for name, value in told.items()}
    image = {"user": {"S": "alice"}, "amount": {"N": "-5"}, "told": {"M": texts}}
    return {"eventName": "INSERT", "dynamodb": {"NewImage": image, "SequenceNumber": "7"}}


@pytest.mark.parametrize(
    ("wanted", "event", "fits"),
    [
        ({"a": ["x"]}, {"a": "x", "b": 1}, True),
        ({"a": ["x", "y"]}, {"a": "y"}, True),
        ({"a": ["x"]}, {"a": "X"}, False),
        ({"a": ["x"]}, {}, False),
        ({"a": ["x"], "b": [1]}, {"a": "x", "b": 2}, False),
        ({"a": [1]}, {"a": "1"}, False),
        ({"a": [1]}, {"a": True}, False),
        ({"a": [None]}, {"a": None}, True),
        ({"a": [None]}, {}, False),
        ({"a": {"b": ["x"]}}, {"a": {"b": "x"}}, True),
        ({"a": {"b": ["x"]}}, {"a": "x"}, False),
        ({"a": ["x"]}, {"a": ["y", "x"]}, True),
        ({"a": [{"exists": True}]}, {"a": "x"}, True),
        ({"a": [{"exists": True}]}, {"a": None}, True),
        ({"a": [{"exists": True}]}, {}, False),
        ({"a": [{"exists": True}]}, {"a": {"b": "x"}}, False),
        ({"a": [{"exists": False}]}, {}, True),
        ({"a": [{"exists": False}]}, {"a": "x"}, False),
        ({"a": {"b": [{"exists": False}]}}, {}, True),
        ({"a": [{"prefix": "aws.partner/"}]}, {"a": "aws.partner/stripe.com/ed_1"}, True),
        ({"a": [{"prefix": "aws.partner/"}]}, {"a": "aws"}, False),
        ({"a": [{"prefix": "1"}]}, {"a": 1}, False),
        (TOLD, record(type="credits.spent"), True),
        (TOLD, record(), False),
    ],
)
def test_a_pattern_matches_as_eventbridge_documents(wanted: Any, event: Any, fits: bool) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html"""
    event_pattern.refuse_unknown(wanted, "here")
    assert event_pattern.matches(wanted, event) is fits


@pytest.mark.parametrize(
    "unknown",
    [
        *({}, [], {"a": []}, {"a": "x"}, {"a": {}}, {"a": [["x"]]}, {"a": [{"numeric": [">", 1]}]}),
        *({"a": [{"anything-but": ["x"]}]}, {"a": [{"exists": "yes"}]}, {"a": [{"exists": True, "prefix": "x"}]}),
        {"a": {"b": [{"suffix": "x"}]}},
    ],
)
def test_a_pattern_that_is_not_played_is_refused(unknown: Any) -> None:
    with pytest.raises(TemplateError):
        event_pattern.refuse_unknown(unknown, "here")


def test_a_template_takes_texts_from_the_record() -> None:
    image = "$.dynamodb.NewImage"
    template = f'{{"id": "<{image}.user.S>/<$.dynamodb.SequenceNumber>", "amount": "<{image}.amount.N>"}}'
    input_template.refuse_unknown(template, "here")
    assert rendered(template, record()) == {"id": "alice/7", "amount": "-5"}


@pytest.mark.parametrize(
    "template",
    [
        *('{"a": <$.dynamodb.NewImage>}', '{"a": "<aws.pipes.pipe-name>"}', '{"a": "<$.list[0]>"}', '{"a": "<$.x.*>"}'),
        *('{"a": 1}', '["<$.x>"]', '"<$.x>"', '{"a": "b"', '{"a": "<>"}'),
    ],
)
def test_a_template_that_is_not_played_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        input_template.refuse_unknown(template, "here")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("$.dynamodb.OldImage.user.S", "leads nowhere"),
        ("$.dynamodb.NewImage.user.S.more", "leads nowhere"),
        ("$.dynamodb.NewImage", "is no text"),
        ("$.dynamodb.NewImage.told.M.type.S", "a character that JSON escapes"),
    ],
)
def test_what_aws_does_not_document_is_not_told(path: str, why: str) -> None:
    with pytest.raises(Untold, match=why):
        rendered(f'{{"a": "<{path}>"}}', record(type='say "hello"'))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    given = {**GIVEN, "StripeEventBus": "aws.partner/stripe.com/ed_1"}
    return load_model(ROOT / "template.yaml", given, ADDRESSES, tmp_path_factory.mktemp("cache"))


def test_the_templates_pipes_are_read(model: Model) -> None:
    assert {pipe.name: (pipe.table.logical_id, pipe.bus, pipe.dead_letters.logical_id) for pipe in model.pipes} == {
        "plumbline-local-test-ledger": ("LedgerTable", "plumbline-local-test", "UntoldQueue"),
        "plumbline-local-test-subscriptions": ("AccountsTable", "plumbline-local-test", "UntoldQueue"),
    }
    for pipe in model.pipes:
        assert (pipe.source, pipe.detail_type) == ("plumbline", "$.dynamodb.NewImage.told.M.type.S")
        assert "StreamSpecification" in pipe.table.definition


def test_the_second_door_is_there_for_who_names_a_bus(model: Model, tmp_path: Path) -> None:
    [rule] = model.bus_rules
    assert (rule.bus, rule.queue.logical_id) == ("aws.partner/stripe.com/ed_1", "EventsQueue")
    assert load_model(ROOT / "template.yaml", GIVEN, ADDRESSES, tmp_path).bus_rules == ()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("StartingPosition: TRIM_HORIZON", "StartingPosition: LATEST", "begins with the oldest record"),
        ("BatchSize: 10 #", "ParallelizationFactor: 2 #", "ParallelizationFactor cannot be played"),
        ("      LogConfiguration: *pipeLogs", "      Enrichment: arn:x", "Enrichment cannot be played"),
        ("Source: plumbline\n", "Source: plumbline\n          Time: $.x\n", "Time cannot be played"),
        ('["INSERT", "MODIFY"]', '[{"wildcard": "M*"}]', "only exists, prefix are supported"),
    ],
)
def test_a_pipe_that_is_not_played_is_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    for name in ("functions", "layers"):
        (tmp_path / name).symlink_to(ROOT / name)
    text = (ROOT / "template.yaml").read_text()
    assert old in text
    (tmp_path / "template.yaml").write_text(text.replace(old, new))
    with pytest.raises(TemplateError, match=sentence):
        load_model(tmp_path / "template.yaml", GIVEN, ADDRESSES, tmp_path / "cache")


def test_a_rule_queues_what_fits_it_from_its_bus_alone(tmp_path: Path) -> None:
    with mock_aws():
        sqs = boto3.client("sqs", "us-east-1")
        url = sqs.create_queue(QueueName="events")["QueueUrl"]
        rule = BusRule("bus", {"source": [{"prefix": "aws.partner/"}]}, Queue("Q", "events", "arn", url, {}))
        buses = Buses(tmp_path, lambda: Model(tmp_path, {}, None, bus_rules=(rule,)), sqs)
        fits, other = envelope("aws.partner/stripe.com/x", "a", {"id": "1"}), envelope("plumbline", "a", {"id": "2"})
        for bus, event in (("bus", other), ("another", fits), ("bus", fits)):
            buses.put(bus, event)
        [message] = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        assert json.loads(message["Body"]) == fits
    assert events(tmp_path) == [other, fits, fits]


def test_a_record_that_can_not_be_told_is_given_up_and_holds_up_no_other(tmp_path: Path) -> None:
    with mock_aws():
        dynamodb, sqs = boto3.client("dynamodb", "us-east-1"), boto3.client("sqs", "us-east-1")
        # else an ARN's account is part of the address, which moto does not know
        plain = Config(account_id_endpoint_mode="disabled")
        streams = boto3.client("dynamodbstreams", "us-east-1", config=plain)
        dynamodb.create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "user", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "user", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        url = sqs.create_queue(QueueName="untold")["QueueUrl"]
        for user in ('a "quote"', "alice"):
            told = {"M": {"type": {"S": "credits.spent"}}}
            dynamodb.put_item(TableName="ledger", Item={"user": {"S": user}, "told": told})
        dynamodb.put_item(TableName="ledger", Item={"user": {"S": "nothing-told"}})
        pipe = Pipe(
            logical_id="P",
            name="pipe",
            table=Table("L", "ledger", {}, None),
            patterns=(TOLD,),
            bus="bus",
            source="plumbline",
            detail_type="$.dynamodb.NewImage.told.M.type.S",
            input_template='{"user": "<$.dynamodb.NewImage.user.S>"}',
            batch_size=10,
            dead_letters=Queue("Q", "untold", "arn", url, {}),
        )
        buses = Buses(tmp_path, lambda: Model(tmp_path, {}, None), sqs)
        runner = PipeRunner(pipe, streams, sqs, buses)
        before = runner.described()
        runner.look()
        runner.look()
        [message] = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        stream = dynamodb.describe_table(TableName="ledger")["Table"]["LatestStreamArn"]
    assert (before["CurrentState"], runner.described()["CurrentState"]) == ("CREATING", "RUNNING")
    assert runner.described()["Source"] == stream
    assert [(event["detail-type"], event["detail"]) for event in events(tmp_path)] == [
        ("credits.spent", {"user": "alice"})
    ]
    place = json.loads(message["Body"])
    assert (place["pipe"], "quote" in message["Body"]) == ("pipe", False)


class _NoStream:
    def list_streams(self, TableName: str) -> dict[str, Any]:  # noqa: N803 - the API's name
        if TableName == "broken":
            raise RuntimeError
        return {"Streams": []}


def _follower(table: str) -> PipeRunner:
    queue = Queue("Q", "untold", "arn", "http://sqs", {})
    pipe = Pipe("P", "p", Table("T", table, {}, None), (TOLD,), "bus", "plumbline", "a", "{}", 10, queue)
    return PipeRunner(pipe, _NoStream(), boto3.client("sqs", "us-east-1"), Buses(Path(), pytest.fail, None))  # type: ignore[arg-type]


def test_a_pipe_that_has_nothing_to_read_does_not_run() -> None:
    """As AWS: it makes no pipe whose source is not there."""
    runner = _follower("ledger")
    for _ in range(40):
        assert runner.described()["CurrentState"] == "CREATING"
        runner.look()
    told = runner.described()
    assert (told["CurrentState"], told["StateReason"]) == ("CREATE_FAILED", "ledger has no stream.")


def test_a_pipe_that_an_error_has_ended_says_so() -> None:
    runner = _follower("broken")
    with pytest.raises(RuntimeError):
        runner.run()
    assert (runner.described()["DesiredState"], runner.described()["CurrentState"]) == ("RUNNING", "STOPPED")


def test_the_api_of_pipes_answers_awss_own_client() -> None:
    server = start_api(0, lambda: {"p": _follower("ledger")})
    address = f"http://127.0.0.1:{server.server_port}"
    client = boto3.client("pipes", "us-east-1", endpoint_url=address, config=Config(proxies={}))
    try:
        found = client.describe_pipe(Name="p")
        with pytest.raises(client.exceptions.NotFoundException, match="Pipe q does not exist"):
            client.describe_pipe(Name="q")
        with pytest.raises(ClientError, match="UnknownOperationException"):
            client.list_pipes()
    finally:
        server.shutdown()
        server.server_close()
    assert (found["Name"], found["CurrentState"], found["Target"].rpartition("/")[2]) == ("p", "CREATING", "bus")
