"""What starts by itself, how long it may take and how often it is tried, and what a release is watched for; once more.

A schedule whose job nobody knows, a retry more, a canary that lets everybody in at once: each is one word in the
template, deploys well, and is found when it is needed.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.template.rule import Template

KEPT = {"Fn::GetAtt": ["FailedRunsQueue", "Arn"]}

SCHEDULES = {
    "settle-due": ("rate(5 minutes)", "ReconcileFunctionAliaslive", {"job": "settle_due"}),
    "catch-up": ("rate(1 hour)", "CatchUpFunctionAliaslive", {"job": "catch_up"}),
    "catch-up-undelivered": ("rate(1 day)", "CatchUpFunctionAliaslive", {"job": "catch_up_undelivered"}),
    "look-at-objects": ("rate(15 minutes)", "CatchUpFunctionAliaslive", {"job": "look_at_objects"}),
}
"""By the end of its name: how often, what it starts, and with what."""

ASYNCHRONOUS = {"ReconcileFunction": (0, 300), "CatchUpFunction": (2, 3600)}
"""Retries, and the seconds after which what waits is given up."""

TIMEOUTS = {
    "CreateCheckoutFunction": 20,
    "SuccessSyncFunction": 20,
    "WebhookFunction": 10,
    "EventConsumerFunction": 30,
    "AccountFunction": 20,
    "SubscriptionsFunction": 20,
    "CreditsFunction": 20,
    "ReconcileFunction": 60,
    "CatchUpFunction": 300,
    "LedgerWatchFunction": 20,
}
"""Seconds. Six of the consumer's are its queue's visibility timeout."""

OF_ANY = ["ReleaseFailingAlarm", "RequestsBrokenAlarm"]
OF_THE_CONSUMER = ["ReleaseFailingAlarm", "EventsQuarantinedAlarm", "MessagesMalformedAlarm"]
"""It answers no request: what it can break is what it takes from the queue."""


@pytest.fixture(scope="module")
def template(expanded: dict[str, Any]) -> Template:
    return Template(expanded)


def test_each_schedule_starts_its_job(template: Template) -> None:
    found = {}
    for _, each in template.of("AWS::Scheduler::Schedule"):
        # a `State`, an end, or a window in which it may wait would be another key
        assert set(each) == {"Name", "Description", "ScheduleExpression", "FlexibleTimeWindow", "Target"}
        assert each["FlexibleTimeWindow"] == {"Mode": "OFF"}
        target = each["Target"]
        assert set(target) == {"Arn", "RoleArn", "Input", "DeadLetterConfig", "RetryPolicy"}
        assert target["RoleArn"] == {"Fn::GetAtt": ["SchedulesRole", "Arn"]}
        assert (target["DeadLetterConfig"], target["RetryPolicy"]) == ({"Arn": KEPT}, {"MaximumRetryAttempts": 0})
        name = each["Name"]["Fn::Sub"].removeprefix("plumbline-${Stage}-${StripeMode}-")
        found[name] = (each["ScheduleExpression"], target["Arn"]["Ref"], json.loads(target["Input"]))
    assert found == SCHEDULES


def test_none_is_left_out_under_a_condition(template: Template) -> None:
    kinds = {"AWS::Scheduler::Schedule", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::EventSourceMapping"}
    for name, each in template.resources.items():
        assert each["Type"] not in kinds or "Condition" not in each, name


def test_what_runs_by_itself_is_tried_so_often_and_kept(template: Template) -> None:
    found = {}
    for _, each in template.of("AWS::Lambda::EventInvokeConfig"):
        assert (each["Qualifier"], each["DestinationConfig"]) == ("live", {"OnFailure": {"Destination": KEPT}})
        found[each["FunctionName"]["Ref"]] = (each["MaximumRetryAttempts"], each["MaximumEventAgeInSeconds"])
    assert found == ASYNCHRONOUS


def test_each_function_has_its_time(template: Template) -> None:
    assert {name: each["Timeout"] for name, each in template.functions()} == TIMEOUTS


def test_the_queue_and_the_stream_are_read_so(template: Template) -> None:
    found = {name: dict(each) for name, each in template.of("AWS::Lambda::EventSourceMapping")}
    [pattern] = found["LedgerRewritten"].pop("FilterCriteria")["Filters"]
    assert json.loads(pattern["Pattern"]) == {"dynamodb": {"OldImage": {"entry": {"S": [{"exists": True}]}}}}
    assert found == {
        "EventConsumerFunctionQueue": {
            "FunctionName": {"Ref": "EventConsumerFunctionAliaslive"},
            "EventSourceArn": {"Fn::GetAtt": ["EventsQueue", "Arn"]},
            "BatchSize": 10,
            "MaximumBatchingWindowInSeconds": 1,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": 5},
        },
        "LedgerRewritten": {
            "FunctionName": {"Ref": "LedgerWatchFunctionAliaslive"},
            "EventSourceArn": {"Fn::GetAtt": ["LedgerTable", "StreamArn"]},
            "StartingPosition": "LATEST",
            "MaximumRetryAttempts": 10,
            "BisectBatchOnFunctionError": True,
            "DestinationConfig": {"OnFailure": {"Destination": KEPT}},
        },
    }


def _configuration(name: str) -> dict[str, Any]:
    return {"Fn::Sub": ["CodeDeployDefault.Lambda${ConfigName}", {"ConfigName": name}]}


def _asks(*alarms: str) -> dict[str, Any]:
    """Enabled, and with no word that lets a deployment go on when CloudWatch does not answer."""
    return {"Enabled": True, "Alarms": [{"Name": {"Ref": alarm}} for alarm in alarms]}


@pytest.mark.parametrize("function", TIMEOUTS)
def test_a_release_reaches_a_tenth_for_five_minutes_and_asks_these_alarms(template: Template, function: str) -> None:
    group = template.resources[f"{function}DeploymentGroup"]["Properties"]
    alarms = OF_THE_CONSUMER if function == "EventConsumerFunction" else OF_ANY
    assert group["DeploymentConfigName"] == {
        "Fn::If": ["RollsOutGradually", _configuration("Canary10Percent5Minutes"), _configuration("AllAtOnce")]
    }
    assert group["AlarmConfiguration"] == {
        "Fn::If": ["RollsOutGradually", _asks(*alarms), _asks("ReleaseFailingAlarm")]
    }
    assert group["DeploymentStyle"] == {
        "DeploymentType": "BLUE_GREEN",
        "DeploymentOption": "WITH_TRAFFIC_CONTROL",
    }
    update = template.resources[f"{function}Aliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert update["DeploymentGroupName"] == {"Ref": f"{function}DeploymentGroup"}
    assert set(update) == {"ApplicationName", "DeploymentGroupName"}, "and no hook that waits"
