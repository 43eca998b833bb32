"""Functions in their worker processes: environment, timeout, crash, restart, concurrency, changed code."""

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack import Stack
from tests.integration.local.conftest import copy_toy, eventually

INVOKE = "{}/2015-03-31/functions/{}/invocations"


def wish(toy: Stack, name: str, **parameters: str) -> dict[str, Any]:
    return {"requestContext": {}, "queryStringParameters": {"wish": name, **parameters}}


def invoke(toy: Stack, http: httpx.Client, event: Any, function: str = "EchoFunction") -> httpx.Response:
    return http.post(INVOKE.format(toy.lambda_url, function), json=event)


def logged(toy: Stack) -> str:
    return (toy.state_dir / "logs" / "functions" / "EchoFunction.log").read_text()


def test_exactly_the_environment_of_the_template_and_of_lambda(toy: Stack, http: httpx.Client) -> None:
    seen = http.get(f"{toy.api_url}/echo").json()
    directory = Path(toy.config.template).parent
    assert seen["environment"] == {
        "GREETING": "hello, us-east-1",
        "TABLE": "plumbline-local-CounterTable",
        "QUEUE_ARN": "arn:aws:sqs:us-east-1:123456789012:plumbline-local-WorkQueue",
        "LOUD": "no",
        "_HANDLER": "app.lambda_handler",
        "LAMBDA_TASK_ROOT": str(directory / "echo"),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": "EchoFunction",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/EchoFunction",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "PYTHONPATH": str(directory / "layers" / "shared"),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_ENDPOINT_URL_DYNAMODB": toy.config.dynamodb_url,
        "AWS_ENDPOINT_URL_SQS": toy.config.sqs_url,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": toy.config.sqs_url,
    }
    assert seen["cwd"] == str(directory / "echo")
    assert seen["path"][:2] == [str(directory / "echo"), str(directory / "layers" / "shared")]
    assert not [path for path in seen["path"][2:] if Path(path) == Path.cwd()], "nothing of this repository"


def test_a_handler_gets_the_context_that_lambda_gives(toy: Stack, http: httpx.Client) -> None:
    context = http.get(f"{toy.api_url}/echo").json()["context"]
    assert len(context.pop("requestId")) == 36
    assert 4000 < context.pop("remaining") <= 5000
    assert context == {
        "name": "EchoFunction",
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:EchoFunction",
        "memory": "256",
    }


def test_boto3_invokes(toy: Stack) -> None:
    client = toy.lambda_client()
    answer = client.invoke(FunctionName="EchoFunction", Payload=json.dumps({"direct": True}))
    assert (answer["StatusCode"], "FunctionError" in answer) == (200, False)
    assert json.loads(answer["Payload"].read())["event"] == {"direct": True}
    arn = "arn:aws:lambda:us-east-1:123456789012:function:EchoFunction"
    failed = client.invoke(FunctionName=arn, Payload=json.dumps(wish(toy, "crash")))
    assert failed["FunctionError"] == "Unhandled"
    error = json.loads(failed["Payload"].read())
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such thing")
    assert "in _crash" in error["stackTrace"][-1]
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="Nobody")
    assert client.invoke(FunctionName="EchoFunction", InvocationType="Event", Payload="{}")["StatusCode"] == 202
    client.close()


def test_a_broken_payload_is_refused(toy: Stack, http: httpx.Client) -> None:
    answer = http.post(INVOKE.format(toy.lambda_url, "EchoFunction"), content=b"{")
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "InvalidRequestContentException")


def test_what_is_too_large_for_lambda_is_no_answer(toy: Stack, http: httpx.Client) -> None:
    """6 MiB, and what surrounds the body."""
    most = 6 * 1024 * 1024 + 100 - len('{"statusCode": 200, "body": ""}')
    assert len(invoke(toy, http, wish(toy, "large", bytes=str(most))).json()["body"]) == most
    refused = invoke(toy, http, wish(toy, "large", bytes=str(most + 1)))
    assert refused.headers["x-amz-function-error"] == "Unhandled"
    assert refused.json()["errorType"] == "Function.ResponseSizeTooLarge"
    asked = http.post(INVOKE.format(toy.lambda_url, "EchoFunction"), json="x" * 6 * 1024 * 1024)
    assert (asked.status_code, asked.headers["x-amzn-errortype"]) == (413, "RequestTooLargeException")


def test_a_handler_that_takes_too_long_is_killed(toy: Stack, http: httpx.Client) -> None:
    started = time.monotonic()
    answer = invoke(toy, http, wish(toy, "slow", seconds="60"))
    assert 4.9 < time.monotonic() - started < 15
    assert answer.headers["x-amz-function-error"] == "Unhandled"
    assert answer.json()["errorType"] == "Sandbox.Timedout"
    assert answer.json()["errorMessage"].endswith("Task timed out after 5.00 seconds")
    assert logged(toy).endswith(f"Z {answer.headers['x-amzn-requestid']} Task timed out after 5.00 seconds\n")
    assert http.get(f"{toy.api_url}/echo").json()["calls"] == 1, "a new process"


def test_a_worker_that_dies(toy: Stack, http: httpx.Client) -> None:
    answer = invoke(toy, http, wish(toy, "exit"))
    assert answer.json()["errorType"] == "Runtime.ExitError"
    assert answer.json()["errorMessage"].endswith("Runtime exited with error: exit status 7")
    assert logged(toy).endswith(f"{answer.json()['errorMessage']}\nRuntime.ExitError\n")
    assert http.get(f"{toy.api_url}/echo").status_code == 200


def test_idle_workers_that_are_killed_are_replaced(toy: Stack, http: httpx.Client) -> None:
    http.get(f"{toy.api_url}/echo")
    killed = toy.worker_pids("EchoFunction")
    assert killed
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    fresh = eventually(lambda: [pid for pid in toy.worker_pids("EchoFunction") if pid not in killed] or None)
    assert fresh, "replaced before anybody asks"
    answer = http.get(f"{toy.api_url}/echo")
    assert (answer.status_code, answer.json()["pid"] in killed) == (200, False)


def test_a_worker_killed_in_the_middle(toy: Stack, http: httpx.Client) -> None:
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(invoke, toy, http, wish(toy, "slow", seconds="4"))

        def killed() -> bool | None:
            """What was idle may be hit first, where the invocation has not begun yet."""
            for pid in _busy(toy, http) or []:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return pending.done() or None

        eventually(killed)
        assert pending.result().json()["errorMessage"].endswith("signal: SIGKILL")


def _busy(toy: Stack, http: httpx.Client) -> list[int] | None:
    answer = http.get(f"{toy.api_url}/echo")
    idle = answer.json()["pid"]
    return [pid for pid in toy.worker_pids("EchoFunction") if pid != idle] or None


def test_invocations_really_run_side_by_side_up_to_the_limit(toy: Stack, http: httpx.Client) -> None:
    limit = toy.config.workers_per_function
    with ThreadPoolExecutor(limit + 1) as pool:
        started = time.monotonic()
        answers = list(pool.map(lambda _: invoke(toy, http, wish(toy, "slow", seconds="1")), range(limit + 1)))
        took = time.monotonic() - started
    pids = {answer.json()["pid"] for answer in answers}
    assert len(pids) == limit, "four at once, or the first would have been used again"
    assert took >= 2, "the fifth waits for one of four"


def test_what_a_handler_prints_is_in_its_log(toy: Stack, http: httpx.Client) -> None:
    http.get(f"{toy.api_url}/echo?wish=log")
    eventually(lambda: "a line of the handler" in toy.logs("EchoFunction") or None)
    eventually(lambda: "echo | a line of the handler" in toy.logs("lambda") or None)


# What may be edited while everything runs; on a system of its own


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    template = copy_toy(tmp_path_factory.mktemp("edited") / "system")
    with Stack(template=template, stripe=False) as stack:
        yield stack


def test_changed_code_answers_the_next_request(edited: Stack, http: httpx.Client) -> None:
    layer = Path(edited.config.template).parent / "layers" / "shared" / "shared.py"
    for number in range(2, 6):  # fast, and always of the same length
        layer.write_text(f'VERSION = "layer {number}"\n')
        assert http.get(f"{edited.api_url}/echo").json()["shared"] == f"layer {number}"


def test_broken_code_is_an_error_until_it_is_repaired(edited: Stack, http: httpx.Client) -> None:
    code = Path(edited.config.template).parent / "echo" / "app.py"
    good = code.read_text()
    code.write_text("import no_such_module\n")
    broken = invoke(edited, http, {})
    assert broken.json()["errorType"] == "Runtime.ImportModuleError"
    assert broken.json()["errorMessage"] == "Unable to import module 'app': No module named 'no_such_module'"
    code.write_text("x = 1\n")
    assert invoke(edited, http, {}).json()["errorType"] == "Runtime.HandlerNotFound"
    code.write_text("def lambda_handler(event, context): raise SystemExit(3)\n")
    assert invoke(edited, http, {}).json()["errorType"] == "Runtime.ExitError"
    code.write_text(good)
    assert http.get(f"{edited.api_url}/echo").status_code == 200


ADDED = """
  NewFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: new
      Environment: {Variables: {TABLE: !Ref NewTable}}
      Events:
        Route: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /new, Method: GET, Auth: {Authorizer: NONE}}}
        Queue: {Type: SQS, Properties: {Queue: !GetAtt NewQueue.Arn}}
  NewQueue: {Type: AWS::SQS::Queue}
  NewTable:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
"""
NEW_CODE = """
import os, boto3
def lambda_handler(event, context):
    for record in event.get("Records", []):
        boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item={"pk": {"S": record["body"]}})
    return {"new": os.environ["TABLE"]}
"""


def test_what_is_added_to_the_template_works_without_a_restart(edited: Stack, http: httpx.Client) -> None:
    """A function, a route, a queue with its mapping, a table: nothing of `local/` knows them."""
    template = Path(edited.config.template)
    (template.parent / "new").mkdir()
    (template.parent / "new" / "app.py").write_text(NEW_CODE)
    assert http.get(f"{edited.api_url}/new").status_code == 404
    template.write_text(template.read_text() + ADDED)
    answer = http.get(f"{edited.api_url}/new")
    assert (answer.status_code, answer.json()) == (200, {"new": "plumbline-local-NewTable"})
    sqs, dynamodb = edited.sqs(), edited.dynamodb()
    eventually(lambda: "plumbline-local-NewQueue" in str(sqs.list_queues()) or None)
    eventually(lambda: "plumbline-local-NewTable" in str(dynamodb.list_tables()) or None)
    sqs.send_message(QueueUrl=edited.queue_url("NewQueue"), MessageBody="hello")
    key = {"pk": {"S": "hello"}}
    eventually(lambda: dynamodb.get_item(TableName="plumbline-local-NewTable", Key=key).get("Item"))
    sqs.close()
    dynamodb.close()


def test_a_template_broken_while_it_is_edited_leaves_the_last_good_one(edited: Stack, http: httpx.Client) -> None:
    template = Path(edited.config.template)
    good = template.read_text()
    template.write_text("Resources: [")
    assert http.get(f"{edited.api_url}/echo").status_code == 200
    eventually(lambda: "template not reloaded" in edited.logs("gateway") or None)
    template.write_text(good)
    assert http.get(f"{edited.api_url}/echo").status_code == 200
