"""The template reader: what the toy template says, and one clear sentence for what cannot be played."""

import logging
from pathlib import Path

import pytest

from local.template import Addresses, Model, TemplateError, load_model
from local.template.expand import expand

TOY = Path(__file__).parents[2] / "integration" / "local" / "toy" / "template.yaml"
GIVEN = {"AppUrl": "http://app", "JwtIssuer": "http://app/auth", "JwtAudience": "toys, dolls"}
ADDRESSES = Addresses(sqs_url="http://sqs", api_url="http://api")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def model(cache: Path) -> Model:
    return load_model(TOY, GIVEN, ADDRESSES, cache)


def test_a_function_has_its_code_layers_and_resolved_environment(model: Model) -> None:
    echo = model.functions["EchoFunction"]
    assert echo.handler == "app.lambda_handler"
    assert echo.code_dir == TOY.parent / "echo"
    assert echo.layer_dirs == (TOY.parent / "layers" / "shared",)
    assert echo.environment == {
        "GREETING": "hello, us-east-1",
        "TABLE": "plumbline-local-CounterTable",
        "QUEUE_ARN": "arn:aws:sqs:us-east-1:123456789012:plumbline-local-WorkQueue",
        "LOUD": "no",
    }
    assert (echo.timeout, echo.memory_mb) == (5.0, 256)


def test_a_parameter_decides_a_condition(cache: Path) -> None:
    loud = load_model(TOY, {**GIVEN, "Greeting": "HELLO"}, ADDRESSES, cache)
    assert loud.functions["EchoFunction"].environment["LOUD"] == "yes"
    assert loud.functions["EchoFunction"].environment["GREETING"] == "HELLO, us-east-1"


def test_routes_have_authorizers_and_scopes(model: Model) -> None:
    assert model.api is not None
    routes = {route.key: route for route in model.api.routes}
    assert set(routes) == {
        "ANY /echo",
        "GET /items/{id}",
        "GET /items/fixed",
        "GET /rest/{proxy+}",
        "GET /me",
        "POST /spend",
    }
    assert routes["ANY /echo"].authorizer is None
    assert routes["GET /me"].authorizer == "Jwt"
    assert routes["POST /spend"].scopes == ("toy:spend",)
    assert routes["GET /me"].function == "EchoFunction"
    jwt = model.api.authorizers["Jwt"]
    assert (jwt.issuer, jwt.audience, jwt.header) == ("http://app/auth", ("toys", "dolls"), "authorization")
    assert model.api.cors is not None
    assert model.api.cors.allow_origins == ("http://app",)
    assert model.api.cors.max_age == 600


def test_queues_mappings_tables_and_schedules_are_read(model: Model) -> None:
    queue = model.queues["WorkQueue"]
    assert queue.url == "http://sqs/123456789012/plumbline-local-WorkQueue"
    assert queue.attributes["VisibilityTimeout"] == "2"
    assert '"maxReceiveCount": 2' in queue.attributes["RedrivePolicy"]
    (mapping,) = model.mappings
    assert (mapping.function, mapping.queue, mapping.batch_size) == ("QueueWorkerFunction", queue, 5)
    assert (mapping.partial_failures, mapping.maximum_concurrency, mapping.window_seconds) == (True, 2, 0.0)
    table = model.tables["CounterTable"]
    assert table.definition["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert table.ttl_attribute == "expires"
    by_source = {schedule.source: schedule for schedule in model.schedules}
    assert by_source["aws.events"].expression == "rate(1 minute)"
    assert by_source["aws.events"].payload is None
    assert by_source["aws.scheduler"].payload == '{"mine": true}'


def test_a_function_is_found_by_name_logical_id_and_arn(model: Model) -> None:
    echo = model.functions["EchoFunction"]
    for name in ("EchoFunction", echo.arn, f"{echo.arn}:$LATEST"):
        assert model.function_named(name) is echo
    assert model.function_named("Nobody") is None


FUNCTION = """
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: {runtime}
      CodeUri: {code}
      Handler: app.lambda_handler
      Environment: {{Variables: {{X: {value}}}}}
"""


def written(tmp_path: Path, resources: str, head: str = "") -> Path:
    (tmp_path / "code").mkdir(exist_ok=True)
    template = tmp_path / "template.yaml"
    template.write_text(f"Transform: AWS::Serverless-2016-10-31\n{head}Resources:\n{resources}")
    return template


def function(runtime: str = "python3.13", code: str = "code", value: str = "x") -> str:
    return FUNCTION.format(runtime=runtime, code=code, value=value)


QUEUE_EVENT = """
  M:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref F, EventSourceArn: "arn:aws:sqs:eu-west-1:1:elsewhere"}
"""
LAMBDA_AUTHORIZER = """
  A:
    Type: AWS::Serverless::HttpApi
    Properties: {Auth: {Authorizers: {L: {FunctionArn: !GetAtt F.Arn, AuthorizerPayloadFormatVersion: 2.0}}}}
"""
SCHEDULE = (
    function().rstrip()
    + """
      Events:
        S: {Type: Schedule, Properties: {Schedule: "cron(0 0 L * ? *)"}}
"""
)
PARAMETER = "Parameters: {Size: {Type: String, AllowedValues: [S, M]}}\n"


@pytest.mark.parametrize(
    ("resources", "head", "given", "sentence"),
    [
        (function(runtime="nodejs22.x"), "", {}, "F: only Python functions run locally, not nodejs22.x."),
        (function(code="missing"), "", {}, "F: the directory {root}/missing does not exist."),
        (function(code="s3://bucket/key"), "", {}, "F: CodeUri must be a directory of this repository to run locally."),
        (function(value="!ImportValue y"), "", {}, "Fn::ImportValue is not supported locally."),
        (function(value="!Ref Nothing"), "", {}, "Nothing is referred to, but is neither a parameter nor a resource."),
        (function(value="!GetAtt F.Version"), "", {}, "F.Version (AWS::Lambda::Function) has no value locally."),
        (
            function() + QUEUE_EVENT,
            "",
            {},
            "M: only queues of this template are supported as event sources, not arn:aws:sqs:eu-west-1:1:elsewhere.",
        ),
        (
            function() + LAMBDA_AUTHORIZER,
            "",
            {},
            "The authorizer L is not a JWT authorizer; others are not supported locally.",
        ),
        (
            function().rstrip()
            + "\n      Events: {N: {Type: SNS, Properties: {Topic: 'arn:aws:sns:eu-west-1:1:t'}}}\n",
            "",
            {},
            "F: the event N is of type SNS, which cannot be played locally; HttpApi, SQS, Schedule, ScheduleV2 can.",
        ),
        (function(), "", {"Nope": "1"}, "The template declares no parameter Nope."),
        (function(), PARAMETER, {}, "The parameter Size has no default and no value."),
        (function(), PARAMETER, {"Size": "L"}, "The parameter Size must be one of S, M, not 'L'."),
    ],
)
def test_what_cannot_be_played_is_one_sentence(
    resources: str, head: str, given: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(TemplateError) as raised:
        load_model(written(tmp_path, resources, head), given, ADDRESSES, tmp_path)
    assert str(raised.value) == sentence.format(root=tmp_path)


def test_a_schedule_that_cannot_be_played(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"cron\(0 0 L \* \? \*\) is not supported locally"):
        load_model(written(tmp_path, SCHEDULE), {}, ADDRESSES, tmp_path)


def test_a_missing_or_broken_template_is_told(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="cannot be read: No such file"):
        load_model(tmp_path / "none.yaml", {}, ADDRESSES, tmp_path)
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [")
    with pytest.raises(TemplateError, match="not valid YAML"):
        load_model(broken, {}, ADDRESSES, tmp_path)


def test_the_expansion_is_kept_by_content(cache: Path, tmp_path: Path) -> None:
    template = written(tmp_path, function(value="one"))
    load_model(template, {}, ADDRESSES, tmp_path)
    (kept,) = tmp_path.glob("template-*.json")
    kept.write_text(kept.read_text().replace('"one"', '"from the cache"'))
    assert load_model(template, {}, ADDRESSES, tmp_path).functions["F"].environment["X"] == "from the cache"
    written(tmp_path, function(value="two"))
    assert load_model(template, {}, ADDRESSES, tmp_path).functions["F"].environment["X"] == "two"


def test_a_layer_without_a_build_method_keeps_its_python_directory(tmp_path: Path) -> None:
    (tmp_path / "layer" / "python").mkdir(parents=True)
    layer = "  L: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}\n"
    template = written(tmp_path, layer + function().rstrip() + "\n      Layers: [!Ref L]\n")
    loaded = load_model(template, {}, ADDRESSES, tmp_path).functions["F"]
    assert loaded.layer_dirs == ((tmp_path / "layer" / "python").resolve(),)


def test_intrinsic_functions_are_resolved(tmp_path: Path) -> None:
    head = "Mappings: {Sizes: {small: {disk: '8'}}}\n"
    values = {
        '!Join ["-", [a, !Ref "AWS::AccountId"]]': "a-123456789012",
        '!Select [1, !Split [",", "x,y,z"]]': "y",
        "!FindInMap [Sizes, small, disk]": "8",
        '!Sub ["${A}/${!Literal}/${F.Arn}", {A: !Ref "AWS::Partition"}]': (
            "aws/${Literal}/arn:aws:lambda:us-east-1:123456789012:function:F"
        ),
        "!Ref F": "F",
    }
    for text, wanted in values.items():
        template = written(tmp_path, function(value=text), head)
        assert load_model(template, {}, ADDRESSES, tmp_path).functions["F"].environment["X"] == wanted


BOUNDED = """Parameters:
  Days: {Type: Number, Default: 1, MinValue: 0, MaxValue: 730}
  Levels: {Type: String, Default: FREE, MinLength: 2, MaxLength: 6}
"""


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"Days": "9999"}, "The parameter Days must be at most 730, not '9999'."),
        ({"Days": "-1"}, "The parameter Days must be at least 0, not '-1'."),
        ({"Days": "nan"}, "The parameter Days must be at least 0, not 'nan'."),
        ({"Days": "many"}, "The parameter Days must be a number, not 'many'."),
        ({"Levels": "A"}, "The parameter Levels must have a length of at least 2, not 'A'."),
        ({"Levels": "A,B,C,D"}, "The parameter Levels must have a length of at most 6, not 'A,B,C,D'."),
    ],
)
def test_a_parameter_out_of_bounds_is_refused(given: dict[str, str], sentence: str, tmp_path: Path) -> None:
    template = written(tmp_path, function(), BOUNDED)
    load_model(template, {"Days": "730", "Levels": "A,B,CD"}, ADDRESSES, tmp_path)
    with pytest.raises(TemplateError) as raised:
        load_model(template, given, ADDRESSES, tmp_path)
    assert str(raised.value) == sentence


def test_the_translator_says_nothing_of_its_own(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It would warn at each first start, on standard error, of a feature toggle."""
    caplog.set_level(logging.NOTSET, logger="samtranslator")
    expand(Path(__file__).parents[3] / "template.yaml", tmp_path)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
