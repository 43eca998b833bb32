"""A deployed stack as moto's CloudFormation has it: functions with their environments, tables, queues, secrets."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.fakes.operator import Operator

STACK = "plumbline-staging"
REGION = "eu-central-1"
ENVIRONMENT = {
    "STAGE": "staging",
    "STRIPE_MODE": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "Plumbline/staging-test",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
    "STRIPE_API_KEY_SECRET": "plumbline/stripe-api-key",
    "STRIPE_WEBHOOK_SECRET": "plumbline/stripe-webhook",
    "UPSTASH_SECRET": "plumbline/upstash",
    "EVENTS_TABLE": "plumbline-staging-test-events",
    "ACCOUNTS_TABLE": "plumbline-staging-test-accounts",
    "LEDGER_TABLE": "plumbline-staging-test-ledger",
    "APP_URL": "https://app.example.com",
    "API_URL": "https://billing.example.com",
    "REDIS_EPOCH": "1",
    "LEVELS": "FREE,PRO,TEAM",
    "PAST_DUE_GRACE_DAYS": "7",
    "TRIAL_CREDITS": "false",
    "MAX_QUANTITY": "100",
    "UNKNOWN_CUSTOMERS": "park",
}
FUNCTIONS = (
    "WebhookFunction",
    "EventConsumerFunction",
    "CreateCheckoutFunction",
    "SuccessSyncFunction",
    "AccountFunction",
    "SubscriptionsFunction",
    "CreditsFunction",
    "ReconcileFunction",
    "CatchUpFunction",
    "LedgerWatchFunction",
)


class Deployed:
    """The stack, and what it has made."""

    def __init__(self) -> None:
        self.iam = boto3.client("iam")
        self.cloudformation = boto3.client("cloudformation", region_name=REGION)
        self.functions = boto3.client("lambda", region_name=REGION)
        self.dynamodb = boto3.client("dynamodb", region_name=REGION)
        self.sqs = boto3.client("sqs", region_name=REGION)
        self.secrets = boto3.client("secretsmanager", region_name=REGION)

    def deploy(self, name: str = STACK, **changed: str) -> None:
        """Make the stack; `changed` are variables of its functions."""
        resources = self._queues() | self._tables()
        variables = {**ENVIRONMENT, **changed, "EVENTS_QUEUE_URL": {"Ref": "EventsQueue"}}
        role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}
        resources |= {"Role": role, **{name: self._function(variables, name) for name in FUNCTIONS}}
        template = {"Resources": resources, "Outputs": {"ApiUrl": {"Value": "https://abc.execute-api.example.com"}}}
        self.cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
        for function in self.functions.list_functions()["Functions"]:
            self._publish(function["FunctionName"])

    def metrics(self) -> Any:
        return boto3.client("cloudwatch", region_name=REGION)

    def store_secrets(self, redis_url: str = "http://127.0.0.1:9") -> None:
        self._secret("plumbline/stripe-api-key", {"key": "sk_test_plumbline"})
        self._secret("plumbline/stripe-webhook", {"secrets": ["whsec_of_the_test_only"]})
        self._secret("plumbline/upstash", {"url": redis_url, "token": "token"})

    def set(self, function: str, **changed: str) -> None:
        """Change variables of one function by hand."""
        found = self.functions.list_functions()["Functions"]
        (one,) = [item for item in found if item["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == function]
        variables = {**one["Environment"]["Variables"], **changed}
        self.functions.update_function_configuration(
            FunctionName=one["FunctionName"], Environment={"Variables": variables}
        )
        self._publish(one["FunctionName"])

    def _publish(self, function: str) -> None:
        """A new version, and the alias that everybody calls turned to it."""
        version = self.functions.publish_version(FunctionName=function)["Version"]
        if self.functions.list_aliases(FunctionName=function)["Aliases"]:
            self.functions.update_alias(FunctionName=function, Name="live", FunctionVersion=version)
        else:
            self.functions.create_alias(FunctionName=function, Name="live", FunctionVersion=version)

    def _secret(self, name: str, content: object) -> None:
        self.secrets.create_secret(Name=name, SecretString=json.dumps(content))

    def _function(self, variables: dict[str, Any], name: str) -> dict[str, Any]:
        return {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "app.lambda_handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": "def lambda_handler(event, context): ..."},
                "Environment": {"Variables": {**variables, "POWERTOOLS_SERVICE_NAME": name}},
            },
        }

    def _queues(self) -> dict[str, Any]:
        target = {"Fn::GetAtt": ["EventsDeadLetterQueue", "Arn"]}
        return {
            "EventsDeadLetterQueue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "events-dead"}},
            "EventsQueue": {
                "Type": "AWS::SQS::Queue",
                "Properties": {
                    "QueueName": "events",
                    "RedrivePolicy": {"deadLetterTargetArn": target, "maxReceiveCount": 50},
                },
            },
        }

    def _tables(self) -> dict[str, Any]:
        keys = {"EventsTable": ["id"], "AccountsTable": ["pk"], "LedgerTable": ["user", "entry"]}
        names = {table: ENVIRONMENT[f"{table.removesuffix('Table').upper()}_TABLE"] for table in keys}
        return {table: self._table(names[table], names_of_keys) for table, names_of_keys in keys.items()}

    def _table(self, name: str, keys: list[str]) -> dict[str, Any]:
        properties: dict[str, Any] = {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
            "KeySchema": [
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
        }
        return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        deployed = Deployed()
        assert not deployed.dynamodb.list_tables()["TableNames"], "another file's moto is still around this one"
        yield deployed


@pytest.fixture
def plumb(capsys: pytest.CaptureFixture[str]) -> Operator:
    return Operator(capsys)
