"""Who may do what. The calls themselves are held against the code by tests/unit/test_policies.py."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.template.rule import Rule, Template, alias_of, allow, change, drop, listed

# X-Ray's know no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
OF_NO_RESOURCE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
SERVICES = {"dynamodb", "sqs", "secretsmanager", "logs", "xray"}
LEDGER = {"Fn::GetAtt": ["LedgerTable", "Arn"]}
QUEUE = {"Fn::GetAtt": ["EventsQueue", "Arn"]}


def _actions(template: Template, role: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for statement in template.statements(role):
        for action in listed(statement.get("Action", [])):
            yield action, statement


def shared(template: Template) -> Iterator[str]:
    roles = list(template.roles_of_functions())
    for name, each in template.functions():
        if each.get("Role") != {"Fn::GetAtt": [f"{name}Role", "Arn"]} or roles.count(f"{name}Role") != 1:
            yield f"{name} has no role of its own"


def trusted(template: Template) -> Iterator[str]:
    for role in template.roles_of_functions():
        document = template.resources[role]["Properties"]["AssumeRolePolicyDocument"]
        trusted = [statement["Principal"] for statement in document["Statement"]]
        if trusted != [{"Service": "lambda.amazonaws.com"}]:
            yield f"{role} may be taken by {trusted}"


def managed(template: Template) -> Iterator[str]:
    for role in template.roles_of_functions():
        if template.resources[role]["Properties"].get("ManagedPolicyArns"):
            yield f"{role} has what AWS allows to everybody"


def wildcard_actions(template: Template) -> Iterator[str]:
    for role, _ in template.of("AWS::IAM::Role"):
        yield from (f"{role} allows {action}" for action, _ in _actions(template, role) if "*" in action)


def wildcard_resources(template: Template) -> Iterator[str]:
    for role, _ in template.of("AWS::IAM::Role"):
        for action, statement in _actions(template, role):
            if "*" in listed(statement["Resource"]) and action not in OF_NO_RESOURCE:
                yield f"{role} allows {action} on everything"


def all_but(template: Template) -> Iterator[str]:
    for role, _ in template.of("AWS::IAM::Role"):
        for statement in template.statements(role):
            if statement["Effect"] != "Allow" or {"NotAction", "NotResource"} & statement.keys():
                yield f"{role} says what is not allowed, and so allows the rest"


def services(template: Template) -> Iterator[str]:
    for role in template.roles_of_functions():
        for action, _ in _actions(template, role):
            if action.split(":")[0] not in SERVICES and "*" not in action:
                yield f"{role} allows {action}"


def own_log(template: Template) -> Iterator[str]:
    for name, each in template.functions():
        own = {"Fn::GetAtt": [each.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref"), "Arn"]}
        for action, statement in _actions(template, f"{name}Role"):
            if action.startswith("logs:") and statement["Resource"] != own and "*" not in listed(statement["Resource"]):
                yield f"{name} writes a log that is not its own"


def ledger_is_kept(template: Template) -> Iterator[str]:
    for role, _ in template.of("AWS::IAM::Role"):
        for action, statement in _actions(template, role):
            if LEDGER in listed(statement["Resource"]) and any(verb in action for verb in ("Update", "Delete")):
                yield f"{role} may change entries of the ledger: {action}"


def ledger_in_transactions(template: Template) -> Iterator[str]:
    inside = {"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}}
    for role, _ in template.of("AWS::IAM::Role"):
        for action, statement in _actions(template, role):
            if (
                action == "dynamodb:PutItem"
                and statement["Resource"] == LEDGER
                and statement.get("Condition") != inside
            ):
                yield f"{role} writes the ledger without the account"


def leading_keys(template: Template) -> Iterator[str]:
    """What a role may touch of a table is told by the kinds of its keys: `*` would be all of it."""
    for role, _ in template.of("AWS::IAM::Role"):
        for action, statement in _actions(template, role):
            for condition in statement.get("Condition", {}).values():
                for key in listed(condition.get("dynamodb:LeadingKeys", [])):
                    if not re.fullmatch(r"[A-Z]+#\*|parked", key):
                        yield f"{role}: {action} of items by {key}"


def webhook(template: Template) -> Iterator[str]:
    for action, statement in _actions(template, "WebhookFunctionRole"):
        if action == "sqs:SendMessage" and statement["Resource"] == QUEUE:
            continue
        if action.split(":")[0] not in ("secretsmanager", "logs", "xray"):
            yield f"the webhook, which strangers reach, may {action}"


def secrets(template: Template) -> Iterator[str]:
    for role, _ in template.of("AWS::IAM::Role"):
        for action, statement in _actions(template, role):
            if not action.startswith("secretsmanager:"):
                continue
            text = json.dumps(statement["Resource"])
            by_name = "Secret}-??????" in text or "${Name}-??????" in text  # and of no longer name
            if action != "secretsmanager:GetSecretValue" or not by_name:
                yield f"{role}: {action} on {text}"


def here(template: Template) -> Iterator[str]:
    """A service works for everybody: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html

    Lambda says nothing about where from; a pipe's role names its pipe, which is another rule.
    """
    for role, each in template.of("AWS::IAM::Role"):
        [statement] = each["AssumeRolePolicyDocument"]["Statement"]
        account = statement.get("Condition", {}).get("StringEquals", {}).get("aws:SourceAccount")
        asks = str(statement["Principal"].get("Service", "")).startswith(("codedeploy", "scheduler"))
        if asks and account != {"Ref": "AWS::AccountId"}:
            yield f"{role} may be taken for another account"


def schedules(template: Template) -> Iterator[str]:
    started = [alias["Ref"] for _, each in template.of("AWS::Scheduler::Schedule") for alias in [each["Target"]["Arn"]]]
    for action, statement in _actions(template, "SchedulesRole"):
        if action == "lambda:InvokeFunction" and {each["Ref"] for each in statement["Resource"]} != set(started):
            yield "the schedules' role starts what no schedule starts"


def sizes(template: Template) -> Iterator[str]:
    """10,240 characters for one role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html

    An `Fn::GetAtt` is shorter than the ARN that it becomes, so half of the limit is what may be written.
    """
    for role, each in template.of("AWS::IAM::Role"):
        if len(json.dumps(each.get("Policies", []), separators=(",", ":"))) > 10_240 / 2:
            yield f"{role} may be too long for IAM"


def callers(template: Template) -> Iterator[str]:
    for name, each in template.of("AWS::Lambda::Permission"):
        if each["Principal"] != "apigateway.amazonaws.com" or "SourceArn" not in each:
            yield f"{name} lets somebody else in"


RULES = (
    Rule(
        "each function has a role of its own",
        shared,
        change("AccountFunction", "Role", to={"Fn::GetAtt": ["SuccessSyncFunctionRole", "Arn"]}),
    ),
    Rule(
        "Lambda alone takes a function's role",
        trusted,
        change("AccountFunctionRole", "AssumeRolePolicyDocument", "Statement", 0, "Principal", to={"AWS": "*"}),
    ),
    Rule(
        "no function has a policy that AWS keeps for everybody",
        managed,
        change("AccountFunctionRole", "ManagedPolicyArns", to=["AmazonDynamoDBFullAccess"]),
    ),
    Rule(
        "no action has a wildcard",
        wildcard_actions,
        allow("CreditsFunctionRole", ["dynamodb:*"], {"Fn::GetAtt": ["AccountsTable", "Arn"]}),
    ),
    Rule(
        "nothing is allowed on everything but what knows no resource",
        wildcard_resources,
        allow("CreditsFunctionRole", ["dynamodb:GetItem"], "*"),
    ),
    Rule(
        "a statement says what is allowed, not what is not",
        all_but,
        allow("CreditsFunctionRole", [], QUEUE, NotAction=["sqs:PurgeQueue"]),
    ),
    Rule(
        "a function reaches the services that it is made of, and no other",
        services,
        allow("CreditsFunctionRole", ["iam:PassRole"], {"Fn::GetAtt": ["RolloutRole", "Arn"]}),
    ),
    Rule(
        "a function writes its own log alone",
        own_log,
        allow("CreditsFunctionRole", ["logs:PutLogEvents"], {"Fn::GetAtt": ["WebhookLogs", "Arn"]}),
    ),
    Rule(
        "nobody may change or remove an entry of the ledger",
        ledger_is_kept,
        allow("ReconcileFunctionRole", ["dynamodb:UpdateItem"], LEDGER),
    ),
    Rule(
        "the ledger is written together with the account",
        ledger_in_transactions,
        allow("ReconcileFunctionRole", ["dynamodb:PutItem"], LEDGER),
    ),
    Rule(
        "a role that may touch some items of a table is told which, by their kind",
        leading_keys,
        allow(
            "EventConsumerFunctionRole",
            ["dynamodb:ConditionCheckItem"],
            {"Fn::GetAtt": ["AccountsTable", "Arn"]},
            Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*"]}},
        ),
    ),
    Rule(
        "the webhook reads its secrets and sends to one queue",
        webhook,
        allow("WebhookFunctionRole", ["dynamodb:GetItem"], {"Fn::GetAtt": ["EventsTable", "Arn"]}),
    ),
    Rule(
        "a secret is read, by its name",
        secrets,
        allow("AccountFunctionRole", ["secretsmanager:GetSecretValue"], {"Fn::Sub": "arn:...:secret:plumbline/*"}),
    ),
    Rule(
        "the schedules' role starts what they start",
        schedules,
        change(
            "SchedulesRole", "Policies", 0, "PolicyDocument", "Statement", 0, "Resource", 0, "Ref", to=alias_of("X")
        ),
    ),
    Rule(
        "a service takes a role for this account alone",
        here,
        drop("SchedulesRole", "AssumeRolePolicyDocument", "Statement", 0, "Condition"),
    ),
    Rule(
        "a role's policies fit",
        sizes,
        allow("CreditsFunctionRole", ["sqs:SendMessage"], [{"Fn::GetAtt": ["EventsQueue", "Arn"]}] * 200),
    ),
    Rule(
        "of services the gateway alone calls a function, from a route",
        callers,
        change("WebhookFunctionStripePermission", "Principal", to="*"),
    ),
)
