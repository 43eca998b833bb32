"""Each function's role allows every call that its adapters make: the local system asks nobody for leave, AWS does."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from billing.adapters.dynamodb.known_objects import SHOWN
from local.template.expand import expand

ROOT = Path(__file__).parents[2]
BILLING = ROOT / "layers/billing/python/billing"

# The methods of the clients and the kinds of items of a transaction, which is allowed by what it holds
# (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html).
ACTIONS = {
    "get_item": "dynamodb:GetItem",
    "batch_get_item": "dynamodb:BatchGetItem",
    "query": "dynamodb:Query",
    "transact_write_items": None,
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "send_message": "sqs:SendMessage",
    "change_message_visibility": "sqs:ChangeMessageVisibility",
    "get_secret_value": "secretsmanager:GetSecretValue",
}
COULD_BE_CALLED = {
    *("get_item", "batch_get_item", "query", "scan", "put_item", "update_item", "delete_item", "batch_write_item"),
    *("transact_write_items", "transact_get_items", "Put", "Update", "Delete", "ConditionCheck"),
    *("send_message", "send_message_batch", "receive_message", "delete_message", "purge_queue"),
    *("change_message_visibility", "change_message_visibility_batch", "get_queue_attributes"),
    *("get_secret_value", "put_secret_value", "describe_secret", "batch_get_secret_value"),
}

SECRET = {"secretsmanager:GetSecretValue"}
KEYS = {"StripeApiKeySecret": SECRET, "UpstashSecret": SECRET}
# A converge: one read of the account with its purchases and orders, one transaction over all three tables. Single items
# that are read: a claim, an order, a purchase, a list of parked events.
ACCOUNTS = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
CONVERGE: dict[str, set[str]] = KEYS | {"AccountsTable": ACCOUNTS, "LedgerTable": {"dynamodb:PutItem"}}
# Where a customer gets its owner, or has one, its parked events are read, applied and taken off their list.
UNPARK: dict[str, set[str]] = CONVERGE | {
    "AccountsTable": {"dynamodb:DeleteItem", *ACCOUNTS},
    "EventsTable": {"dynamodb:BatchGetItem", "dynamodb:PutItem"},
}
NEEDS: dict[str, dict[str, set[str]]] = {
    "CreateCheckoutFunction": UNPARK,
    "SuccessSyncFunction": CONVERGE,
    "SubscriptionsFunction": UNPARK,
    "WebhookFunction": {
        "EventsQueue": {"sqs:SendMessage"},
        "StripeWebhookSecret": SECRET,
        "UpstashSecret": SECRET,
    },
    "EventConsumerFunction": UNPARK
    | {
        "AccountsTable": {"dynamodb:ConditionCheckItem", *UNPARK["AccountsTable"]},
        # the first three are the event source's, which acts as the function
        "EventsQueue": {
            *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
            "sqs:ChangeMessageVisibility",
        },
    },
    "CreditsFunction": {
        "AccountsTable": {"dynamodb:BatchGetItem", "dynamodb:PutItem"},
        "LedgerTable": {"dynamodb:GetItem", "dynamodb:PutItem"},
        "UpstashSecret": SECRET,
    },
    "ReconcileFunction": {
        "AccountsTable": {"dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query"},
        "LedgerTable": {"dynamodb:PutItem"},
        "UpstashSecret": SECRET,
    },
    "CatchUpFunction": {
        "AccountsTable": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:BatchGetItem", "dynamodb:Query"},
        "EventsTable": {"dynamodb:BatchGetItem"},
        "EventsQueue": {"sqs:SendMessage"},
        "StripeApiKeySecret": SECRET,
    },
    # the event source's, which acts as the function
    "LedgerWatchFunction": {
        "LedgerTable": {
            f"dynamodb:{read}" for read in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
        }
    },
    "AccountFunction": KEYS | {"AccountsTable": {"dynamodb:BatchGetItem"}, "LedgerTable": {"dynamodb:Query"}},
}
# Lambda acts as the function when it writes the log, and when it tells of a run that nobody waited for and that failed.
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
FAILED_RUNS = {"FailedRunsQueue": {"sqs:SendMessage"}}
ALONE = ("ReconcileFunction", "CatchUpFunction", "LedgerWatchFunction")
NEEDS = {
    name: needs | {f"{name.removesuffix('Function')}Logs": LOGS} | (FAILED_RUNS if name in ALONE else {})
    for name, needs in NEEDS.items()
}
OF_NO_RESOURCE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
"""https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html"""

# What the table above was written for: another adapter of a function, another call of an adapter, needs a line there.
CONVERGING = {"dynamodb.account_store", "dynamodb.event_store"}
STORES = CONVERGING | {"dynamodb.checkout_store"}
BUILT_OF = {
    "create_checkout": STORES,
    "success_sync": STORES,
    "subscriptions": CONVERGING,
    "webhook": {"sqs_queue"},
    "event_consumer": CONVERGING | {"sqs_queue"},
    "account": {"dynamodb.account_store", "dynamodb.ledger_store"},
    "credits": {"dynamodb.credit_store"},
    "reconcile": {"dynamodb.credit_store"},
    "catch_up": {
        *("dynamodb.event_store", "dynamodb.known_objects", "dynamodb.parked_list", "dynamodb.renewals"),
        *("dynamodb.walk_store", "sqs_queue"),
    },
}
CALLS = {
    "dynamodb/calls.py": {"get_item", "batch_get_item", "query", "transact_write_items", "Put"},
    "dynamodb/account_store.py": {"Update"},
    "dynamodb/credit_store.py": {"query"},
    "dynamodb/event_store.py": {"ConditionCheck", "Delete", "Update"},
    "dynamodb/ledger_store.py": {"get_item", "query"},
    "dynamodb/parked_list.py": {"query"},
    "dynamodb/renewals.py": {"query"},
    "dynamodb/personal_store.py": {"Update"},  # the operator's, of no function
    "sqs_queue.py": {"send_message", "change_message_visibility"},
    "secrets_manager.py": {"get_secret_value"},
}


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The template as AWS deploys it."""
    return expand(ROOT / "template.yaml", tmp_path_factory.mktemp("template"))["expanded"]["Resources"]


def allowed(resources: dict[str, Any], function: str) -> Iterator[tuple[str, str]]:
    """Action and resource, as text, of every statement of the function's role."""
    assert resources[function]["Properties"]["Role"] == {"Fn::GetAtt": [f"{function}Role", "Arn"]}
    for policy in resources[f"{function}Role"]["Properties"].get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                yield action, json.dumps(statement["Resource"])


@pytest.mark.parametrize(
    ("function", "name", "action"),
    [(function, name, action) for function, needs in NEEDS.items() for name in needs for action in sorted(needs[name])],
)
def test_what_a_function_calls_is_allowed(resources: dict[str, Any], function: str, name: str, action: str) -> None:
    granted = [about for what, about in allowed(resources, function) if fnmatchcase(action, what)]
    assert [about for about in granted if f'"{name}"' in about or f"${{{name}}}" in about]


@pytest.mark.parametrize("function", NEEDS)
def test_nothing_is_allowed_that_a_function_does_not_call(resources: dict[str, Any], function: str) -> None:
    """S20: a role for each function, of its own calls, without a wildcard."""
    for action, about in allowed(resources, function):
        if action in OF_NO_RESOURCE:
            assert about == '"*"'
            continue
        touched = [name for name in NEEDS[function] if f'"{name}"' in about or f"${{{name}}}" in about]
        assert [name for name in touched if action in NEEDS[function][name]], (action, about)


def conditions(resources: dict[str, Any], function: str, action: str, table: str) -> list[Any]:
    """The condition of each statement that allows this on that table."""
    return [
        statement.get("Condition")
        for policy in resources[f"{function}Role"]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if action in statement["Action"] and table in json.dumps(statement["Resource"])
    ]


@pytest.mark.parametrize(
    "function", [name for name in NEEDS if "dynamodb:PutItem" in NEEDS[name].get("LedgerTable", ())]
)
def test_the_ledger_is_written_inside_transactions_only(resources: dict[str, Any], function: str) -> None:
    """F64, S20, money rule 30: together with the account, or not at all."""
    inside = {"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}}
    assert conditions(resources, function, "dynamodb:PutItem", "LedgerTable") == [inside]


@pytest.mark.parametrize("function", ["CreateCheckoutFunction", "SubscriptionsFunction", "EventConsumerFunction"])
def test_of_all_that_is_kept_lists_of_parked_events_alone_may_be_deleted(
    resources: dict[str, Any], function: str
) -> None:
    """S20: nothing that says what anybody has or owes is ever removed."""
    lists = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["PARKED#*"]}}
    assert conditions(resources, function, "dynamodb:DeleteItem", "Table") == [lists]


def test_of_accounts_catching_up_reads_the_subscriptions_alone(resources: dict[str, Any]) -> None:
    """S20: it compares, and needs to know nobody's e-mail address. Without names no read is allowed at all:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    conditions = [
        statement["Condition"]
        for policy in resources["CatchUpFunctionRole"]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "ACCOUNT#*" in json.dumps(statement.get("Condition", {}))
    ]
    named = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["ACCOUNT#*", "ORDER#*"]},
        "ForAllValues:StringEquals": {"dynamodb:Attributes": list(SHOWN)},
        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
        "Null": {"dynamodb:Attributes": "false"},
    }
    assert conditions == [named]


def test_catching_up_writes_its_own_place_and_looks_up_what_is_parked(resources: dict[str, Any]) -> None:
    """S20: of the index of what is due it reads the lists of parked events, and not who has what until when."""
    may = {
        verb: conditions(resources, "CatchUpFunction", f"dynamodb:{verb}", "AccountsTable")
        for verb in ("GetItem", "PutItem", "Query")
    }
    walks = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["WALK#*"]}}
    parked = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["parked"]}}
    assert may == {"GetItem": [walks], "PutItem": [walks], "Query": [parked, None]}  # the second index is its own


def test_what_is_allowed_of_some_keys_is_so_only_where_all_of_a_request_are_of_them(resources: dict[str, Any]) -> None:
    """S20: with `ForAnyValue` one key of a batch would let in all others
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html).
    """
    operators = {
        operator
        for role in resources.values()
        if role["Type"] == "AWS::IAM::Role"
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        for operator, asked in statement.get("Condition", {}).items()
        if "dynamodb:LeadingKeys" in asked
    }
    assert operators == {"ForAllValues:StringLike", "ForAllValues:StringEquals"}


def test_who_only_reads_may_not_write(resources: dict[str, Any]) -> None:
    writing = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}
    assert not {action.split(":")[1] for action, _ in allowed(resources, "AccountFunction")} & writing


# ------------------------------------------------------------------------------------------------- the table is whole


def modules_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("name", BUILT_OF)
def test_the_adapters_of_each_function_are_those_of_the_table(name: str) -> None:
    found = {module.removeprefix("billing.adapters.") for module in modules_of(BILLING / f"bootstrap/{name}.py")}
    if "billing.bootstrap.converging" in found and name != "account":  # which reaches only the SDK in it
        found |= CONVERGING
    if "billing.bootstrap.spending" in found:
        found.add("dynamodb.credit_store")
    assert {module for module in found if module.startswith(("dynamodb.", "sqs_"))} == BUILT_OF[name]


def test_the_calls_of_the_adapters_are_those_of_the_table() -> None:
    called: dict[str, set[str]] = {}
    for path in sorted((BILLING / "adapters").rglob("*.py")):
        if path.parent.name == "stripe_api" or path.name.startswith("upstash"):
            continue
        tree = ast.parse(path.read_text())
        methods = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        methods -= {"query"} if "adapters/dynamodb" not in path.as_posix() else set()
        items = {
            key.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Dict)
            for key in node.keys
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        }
        if found := (methods | items) & COULD_BE_CALLED:
            called[path.relative_to(BILLING / "adapters").as_posix()] = found
    assert called == CALLS
    assert {name for calls in CALLS.values() for name in calls} == set(ACTIONS)
    needed = {action for needs in NEEDS.values() for actions in needs.values() for action in actions}
    assert {action for action in ACTIONS.values() if action} <= needed
