"""Queues, and where what failed is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.template.rule import Rule, Template, change, drop, listed, remove

DAY = 86_400


def _sources(template: Template) -> Iterator[tuple[str, dict[str, object], int]]:
    """Each queue that starts a function, with the function's time limit."""
    for _, each in template.of("AWS::Lambda::EventSourceMapping"):
        name, attribute = each["EventSourceArn"]["Fn::GetAtt"]
        if attribute == "Arn":
            function = each["FunctionName"]["Ref"].removesuffix("Aliaslive")
            yield name, template.resources[name]["Properties"], template.resources[function]["Properties"]["Timeout"]


def _targets(template: Template) -> set[str]:
    """Queues that only people read."""
    return {name for name, _ in template.of("AWS::SQS::Queue")} - {name for name, _, _ in _sources(template)}


def encrypted(template: Template) -> Iterator[str]:
    for name, each in template.of("AWS::SQS::Queue"):
        if each.get("SqsManagedSseEnabled") is not True:
            yield f"{name} lies in the clear"


def over_tls(template: Template) -> Iterator[str]:
    refused = {
        queue["Ref"]
        for _, each in template.of("AWS::SQS::QueuePolicy")
        for statement in each["PolicyDocument"]["Statement"]
        if statement.get("Effect") == "Deny"
        and statement["Principal"] == "*"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for queue in each["Queues"]
        if {"Fn::GetAtt": [queue["Ref"], "Arn"]} in listed(statement["Resource"])
    }
    yield from (f"{name} may be used in the clear" for name, _ in template.of("AWS::SQS::Queue") if name not in refused)


def about_itself(template: Template) -> Iterator[str]:
    """SQS takes no other policy, and the stack would not be made: "each policy must cover only a single queue", and a
    statement one resource (https://docs.aws.amazon.com/AWSSimpleQueueService/2009-02-01/SQSDeveloperGuide/
    AccessPolicyLanguage_SpecialInfo.html, https://github.com/remind101/stacker_blueprints/pull/71).
    """
    for name, each in template.of("AWS::SQS::QueuePolicy"):
        own = [{"Fn::GetAtt": [queue["Ref"], "Arn"]} for queue in each["Queues"]]
        for statement in each["PolicyDocument"]["Statement"]:
            given = statement["Fn::If"][1] if "Fn::If" in statement else statement
            if len(own) != 1 or given["Resource"] != own[0]:
                yield f"{name} speaks of several queues, or of another"


def visibility(template: Template) -> Iterator[str]:
    for name, queue, timeout in _sources(template):
        if int(str(queue["VisibilityTimeout"])) < 6 * timeout:
            yield f"{name}: a message comes again while it is still worked on"


def redrive(template: Template) -> Iterator[str]:
    for name, queue, _ in _sources(template):
        target = json.dumps(queue.get("RedrivePolicy", {}))
        if not any(f'"{dead}"' in target for dead in _targets(template)):
            yield f"{name}: a message that can't be handled comes for ever"


def retention_of_sources(template: Template) -> Iterator[str]:
    for name, queue, _ in _sources(template):
        if queue.get("MessageRetentionPeriod") != 4 * DAY:
            yield f"{name} keeps messages for {queue.get('MessageRetentionPeriod')} s"


def retention_of_targets(template: Template) -> Iterator[str]:
    for name in sorted(_targets(template)):
        if template.resources[name]["Properties"].get("MessageRetentionPeriod") != 14 * DAY:
            yield f"{name} loses what failed before somebody is back from holiday"


def told(template: Template) -> Iterator[str]:
    watched = {
        json.dumps(each.get("Dimensions"))
        for _, each in template.of("AWS::CloudWatch::Alarm")
        if each.get("MetricName") == "ApproximateNumberOfMessagesVisible" and each["Threshold"] == 0
    }
    for name in sorted(_targets(template)):
        if not any(f'"{name}"' in dimensions for dimensions in watched):
            yield f"{name} fills up, and nobody is told"


RULES = (
    Rule("queues are encrypted", encrypted, drop("FailedRunsQueue", "SqsManagedSseEnabled")),
    Rule("no queue is used without TLS", over_tls, remove("UntoldQueuePolicy")),
    Rule(
        "a queue's policy is about that queue",
        about_itself,
        change("FailedRunsQueuePolicy", "Queues", to=[{"Ref": "FailedRunsQueue"}, {"Ref": "EventsQueue"}]),
    ),
    Rule(
        "a message is hidden for six times the consumer's time",
        visibility,
        change("EventsQueue", "VisibilityTimeout", to=179),
    ),
    Rule(
        "what can't be handled ends in a dead-letter queue",
        redrive,
        drop("EventsQueue", "RedrivePolicy"),
        also=frozenset({"each function has a failure path"}),
    ),
    Rule("an event waits for four days", retention_of_sources, drop("EventsQueue", "MessageRetentionPeriod")),
    Rule(
        "what failed is kept for two weeks",
        retention_of_targets,
        change("FailedRunsQueue", "MessageRetentionPeriod", to=DAY),
    ),
    Rule("what failed is told", told, change("FailedRunsAlarm", "Threshold", to=100)),
)
