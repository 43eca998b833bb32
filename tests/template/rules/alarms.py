"""Alarms. What each watches is tried in tests/unit/test_alarms.py: here is only what every alarm has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.conftest import REPOSITORY
from tests.template.rule import Rule, Template, change, drop

ALARM = "AWS::CloudWatch::Alarm"
NAME = "plumbline-${Stage}-${StripeMode}-"
TOPIC = [{"Ref": "AlarmTopic"}]


def one_topic(template: Template) -> Iterator[str]:
    for name, each in template.of(ALARM):
        if each.get("AlarmActions") != TOPIC:
            yield f"{name} tells nobody"


def told_when_over(template: Template) -> Iterator[str]:
    yield from (f"{name} never ends" for name, each in template.of(ALARM) if each.get("OKActions") != TOPIC)


def runbook(template: Template) -> Iterator[str]:
    entries = set(re.findall(r"^## ([a-z-]+)$", (REPOSITORY / "docs/alarms.md").read_text(), re.MULTILINE))
    for name, each in template.of(ALARM):
        if str(each["AlarmName"].get("Fn::Sub", "")).removeprefix(NAME) not in entries:
            yield f"{name}: nobody knows what to do"


def named(template: Template) -> Iterator[str]:
    for name, each in template.of(ALARM):
        if not str(each["AlarmName"].get("Fn::Sub", "")).startswith(NAME):
            yield f"{name} may be another installation's"


def silence(template: Template) -> Iterator[str]:
    for name, each in template.of(ALARM):
        if each.get("TreatMissingData") not in ("breaching", "notBreaching"):
            yield f"{name} stays as it was when nothing is counted"


def told(template: Template) -> Iterator[str]:
    yield from (f"{name} says nothing" for name, each in template.of(ALARM) if not each.get("AlarmDescription"))


def topic(template: Template) -> Iterator[str]:
    """CloudWatch may not use SNS's own key: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"""
    yield from (f"{name} hears nothing" for name, each in template.of("AWS::SNS::Topic") if "KmsMasterKeyId" in each)


def mail(template: Template) -> Iterator[str]:
    for name, each in template.of("AWS::SNS::Subscription"):
        if template.resources[name].get("Condition") != "HasAlarmEmail" or each["TopicArn"] != {"Ref": "AlarmTopic"}:
            yield f"{name} is for nobody"


RULES = (
    Rule("every alarm tells the one topic", one_topic, change("DeadLettersAlarm", "AlarmActions", to=[])),
    Rule("the topic hears that an alarm is over", told_when_over, drop("DeadLettersAlarm", "OKActions")),
    Rule(
        "every alarm stands in the runbook",
        runbook,
        change("DeadLettersAlarm", "AlarmName", to={"Fn::Sub": f"{NAME}something-new"}),
    ),
    Rule(
        "an alarm's name has stage and mode",
        named,
        change("DeadLettersAlarm", "AlarmName", to={"Fn::Sub": "dead-letters"}),
    ),
    Rule("an alarm says what silence is", silence, drop("DeadLettersAlarm", "TreatMissingData")),
    Rule("an alarm says what happened", told, drop("DeadLettersAlarm", "AlarmDescription")),
    Rule("CloudWatch may write to the topic", topic, change("AlarmTopic", "KmsMasterKeyId", to="alias/aws/sns")),
    Rule("mail is for who gave an address", mail, change("AlarmMail", "TopicArn", to={"Ref": "Other"})),
)
