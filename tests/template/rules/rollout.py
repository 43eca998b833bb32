"""Versions, the alias that everybody calls, and what takes a release back (docs/decisions/0046)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.template.rule import Rule, Template, alias_of, change, drop, mark

WATCHED = {"ReleaseFailingAlarm"}


def alias(template: Template) -> Iterator[str]:
    for name, _ in template.functions():
        found = template.resources.get(alias_of(name), {}).get("Properties", {})
        version = found.get("FunctionVersion", {}).get("Fn::GetAtt", [""])[0]
        of = template.resources.get(version, {}).get("Properties", {}).get("FunctionName")
        if found.get("Name") != "live" or of != {"Ref": name}:
            yield f"{name} has no alias `live` of a version of its own"


def _starts(template: Template) -> Iterator[tuple[str, Any]]:
    """Whatever starts a function, with what it starts."""
    for route, each in template.routes().items():
        yield route, each["x-amazon-apigateway-integration"]["uri"]
    for name, each in template.of("AWS::Lambda::EventSourceMapping"):
        yield name, each["FunctionName"]
    for name, each in template.of("AWS::Scheduler::Schedule"):
        yield name, each["Target"]["Arn"]
    for name, each in template.of("AWS::Lambda::Permission"):
        yield name, each["FunctionName"]


def everybody(template: Template) -> Iterator[str]:
    aliases = {alias_of(name) for name, _ in template.functions()}
    for who, what in _starts(template):
        text = json.dumps(what)
        if not any(f'"{name}"' in text or f"${{{name}}}" in text for name in aliases):
            yield f"{who} starts {text}, which no rollout reaches"


def turned(template: Template) -> Iterator[str]:
    groups = dict(template.of("AWS::CodeDeploy::DeploymentGroup"))
    for name, each in template.resources.items():
        if each["Type"] == "AWS::Lambda::Alias":
            policy = each.get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate", {})
            if policy.get("DeploymentGroupName", {}).get("Ref") not in groups:
                yield f"{name} is turned to a new version at once"


def gradually(template: Template) -> Iterator[str]:
    for name, each in template.of("AWS::CodeDeploy::DeploymentGroup"):
        [condition, then, otherwise] = each["DeploymentConfigName"].get("Fn::If", ["", "", ""])
        if condition != "RollsOutGradually" or "Canary" not in str(then) or "AllAtOnce" not in str(otherwise):
            yield f"{name} is not gradual outside dev"


def condition(template: Template) -> Iterator[str]:
    outside = {"Fn::Not": [{"Condition": "IsForDevelopment"}]}
    wanted = {"Fn::And": [outside, {"Fn::Equals": [{"Ref": "Rollout"}, "canary"]}]}
    if template.document["Conditions"]["RollsOutGradually"] != wanted:
        yield "it depends on something else than stage and Rollout"


def taken_back(template: Template) -> Iterator[str]:
    for name, each in template.of("AWS::CodeDeploy::DeploymentGroup"):
        rollback = each.get("AutoRollbackConfiguration", {})
        events = {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"}
        if not rollback.get("Enabled") or set(rollback["Events"]) != events:
            yield f"{name} is not turned back"


def watched(template: Template) -> Iterator[str]:
    for name, each in template.of("AWS::CodeDeploy::DeploymentGroup"):
        [_, then, _] = each.get("AlarmConfiguration", {}).get("Fn::If", [0, {}, {}])
        if not _asked(then) > WATCHED:
            yield f"{name} asks {_asked(then)}"


def mends(template: Template) -> Iterator[str]:
    """An alarm that is on when a deployment begins stops it: at once, that may be none about what is to be mended."""
    for name, each in template.of("AWS::CodeDeploy::DeploymentGroup"):
        [_, _, otherwise] = each.get("AlarmConfiguration", {}).get("Fn::If", [0, 0, {"Alarms": []}])
        if _asked(otherwise) - WATCHED:
            yield f"{name} asks {_asked(otherwise)}"


def _asked(configuration: dict[str, Any]) -> set[str]:
    enabled = configuration.get("Enabled") is True
    return {alarm["Name"]["Ref"] for alarm in configuration.get("Alarms", []) if enabled}


def versions_follow(template: Template) -> Iterator[str]:
    """The description is create-only, and the variable has Lambda agree to another version."""
    for name, each in template.of("AWS::Lambda::Version"):
        function = template.resources[each["FunctionName"]["Ref"]]["Properties"]
        said = function["Environment"]["Variables"].get("RELEASE")
        if not said or each.get("Description") != said or "${Release}" not in str(said):
            yield f"{name} stays as it is when a parameter changes"


def kept_versions(template: Template) -> Iterator[str]:
    for name, each in template.resources.items():
        if each["Type"] == "AWS::Lambda::Version" and each.get("DeletionPolicy") != "Retain":
            yield f"{name} is gone when the next one is there"


def role(template: Template) -> Iterator[str]:
    for name, each in template.of("AWS::CodeDeploy::DeploymentGroup"):
        role = template.resources[each["ServiceRoleArn"]["Fn::GetAtt"][0]]["Properties"]
        if "Limited" not in str(role["ManagedPolicyArns"]) or role.get("Policies"):
            yield f"{name} may do more than turn an alias"


RULES = (
    Rule(
        "each function has the alias `live` of a version of its own",
        alias,
        change("AccountFunctionAliaslive", "FunctionVersion", to={"Fn::GetAtt": ["WebhookFunction", "Version"]}),
    ),
    Rule(
        "whoever starts a function starts its alias",
        everybody,
        change("EventConsumerFunctionQueue", "FunctionName", to={"Ref": "EventConsumerFunction"}),
    ),
    Rule("CodeDeploy turns every alias", turned, mark("AccountFunctionAliaslive", UpdatePolicy={})),
    Rule(
        "a tenth for five minutes, outside dev",
        gradually,
        change(
            "AccountFunctionDeploymentGroup",
            "DeploymentConfigName",
            to={"Fn::Sub": "CodeDeployDefault.LambdaAllAtOnce"},
        ),
    ),
    Rule(
        "gradual is what is not dev, unless somebody says otherwise",
        condition,
        lambda template: template.document["Conditions"].update(
            RollsOutGradually={"Fn::Equals": [{"Ref": "Rollout"}, "canary"]}
        ),
    ),
    Rule(
        "a release is taken back when it fails, on an alarm and when somebody asks",
        taken_back,
        change("AccountFunctionDeploymentGroup", "AutoRollbackConfiguration", "Events", to=["DEPLOYMENT_FAILURE"]),
    ),
    Rule(
        "a release is watched for its own errors, and for something else",
        watched,
        drop("AccountFunctionDeploymentGroup", "AlarmConfiguration"),
    ),
    Rule(
        "a mend can be deployed while an alarm is on",
        mends,
        change(
            *("AccountFunctionDeploymentGroup", "AlarmConfiguration", "Fn::If", 2),
            to={"Enabled": True, "Alarms": [{"Name": {"Ref": "RequestsBrokenAlarm"}}]},
        ),
    ),
    Rule(
        "another value of a parameter is another version",
        versions_follow,
        drop("WebhookFunctionVersion*", "Description"),
    ),
    Rule(
        "older versions are there to go back to",
        kept_versions,
        mark("AccountFunctionVersion*", DeletionPolicy="Delete"),
    ),
    Rule(
        "CodeDeploy turns aliases, and does no more",
        role,
        change("RolloutRole", "ManagedPolicyArns", to=["AWSCodeDeployRoleForLambda"]),
    ),
)
