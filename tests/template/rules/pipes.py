"""What goes to the event bus, and what comes from one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.template.rule import Rule, Template, allow, change, drop

PIPE = "AWS::Pipes::Pipe"
READ = {f"dynamodb:{verb}" for verb in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}
BUS = {"Fn::GetAtt": ["DomainEvents", "Arn"]}
STRIPE = "HasStripeEventBus"


def _stream(each: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = each["SourceParameters"]["DynamoDBStreamParameters"]
    return found


def given_up(template: Template) -> Iterator[str]:
    """A record is 24 hours in a stream; what is given up must be there long enough for somebody to come."""
    for name, each in template.of(PIPE):
        if _stream(each).get("DeadLetterConfig") != {"Arn": {"Fn::GetAtt": ["UntoldQueue", "Arn"]}}:
            yield f"{name} gives up, and nobody hears of it"
        if not 3600 <= _stream(each).get("MaximumRecordAgeInSeconds", -1) <= 43_200:
            yield f"{name} gives up when the stream has forgotten, or at once"


def from_the_beginning(template: Template) -> Iterator[str]:
    for name, each in template.of(PIPE):
        if _stream(each)["StartingPosition"] != "TRIM_HORIZON":
            yield f"{name} misses what is written while it is made"


def only_what_is_told(template: Template) -> Iterator[str]:
    told = {"told": {"M": {"type": {"S": [{"exists": True}]}}}}
    for name, each in template.of(PIPE):
        filters = each["SourceParameters"].get("FilterCriteria", {}).get("Filters", [])
        if [json.loads(one["Pattern"])["dynamodb"] for one in filters] != [{"NewImage": told}]:
            yield f"{name} takes records whose paths lead nowhere"


def plain_texts(template: Template) -> Iterator[str]:
    """Accounts have e-mail addresses. What is read is named, one text by one, and none is of a list or a map."""
    for name, each in template.of(PIPE):
        given = each["TargetParameters"]["InputTemplate"]
        for path in re.findall(r"<([^>]*)>", given):
            if not re.fullmatch(r"[$][.]dynamodb[.]NewImage([.]told[.]M)?[.][a-z_]+[.][SN]", path) or "mail" in path:
                yield f"{name} tells {path}"
        if not all(isinstance(value, str) for value in json.loads(given).values()):
            yield f"{name} has a value without quotes"


def own_stream(template: Template) -> Iterator[str]:
    for name, each in template.of(PIPE):
        role = each["RoleArn"]["Fn::GetAtt"][0]
        rights = {
            (action, json.dumps(statement["Resource"]))
            for statement in template.statements(role)
            for action in statement["Action"]
        }
        wanted = {(action, json.dumps(each["Source"])) for action in READ}
        wanted |= {("events:PutEvents", json.dumps(BUS))}
        wanted |= {("sqs:SendMessage", json.dumps({"Fn::GetAtt": ["UntoldQueue", "Arn"]}))}
        yield from (f"{name} may {action} on {resource}" for action, resource in rights ^ wanted)


def taken_by_its_pipe(template: Template) -> Iterator[str]:
    for name, each in template.of(PIPE):
        role = template.resources[each["RoleArn"]["Fn::GetAtt"][0]]["Properties"]
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        condition = json.dumps(statement.get("Condition"))
        if statement["Principal"] != {"Service": "pipes.amazonaws.com"} or each["Name"]["Fn::Sub"] not in condition:
            yield f"{name} shares its role"


def two_readers(template: Template) -> Iterator[str]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html#Streams.Processing"""
    readers = [json.dumps(each["Source"]) for _, each in template.of(PIPE)]
    readers += [json.dumps(each["EventSourceArn"]) for _, each in template.of("AWS::Lambda::EventSourceMapping")]
    yield from (f"{source} is read by more than two" for source in set(readers) if readers.count(source) > 2)


def nothing_carried_is_logged(template: Template) -> Iterator[str]:
    for name, each in template.of(PIPE):
        log = each.get("LogConfiguration", {})
        if log.get("Level") != "ERROR" or "IncludeExecutionData" in log:
            yield f"{name} logs what it carries, or not why it fails"


def second_door(template: Template) -> Iterator[str]:
    """Nothing signs an envelope: the rule of Stripe's bus alone may queue one, and only who names a bus has it."""
    rule = template.resources["StripeEvents"]
    [target] = rule["Properties"]["Targets"]
    if rule.get("Condition") != STRIPE or rule["Properties"]["EventPattern"] != {
        "source": [{"prefix": "aws.partner/stripe.com/"}]
    }:
        yield "the second door is open to somebody else"
    if target["Arn"] != {"Fn::GetAtt": ["EventsQueue", "Arn"]} or "DeadLetterConfig" not in target:
        yield "what the second door can't deliver is lost"
    of_the_rule = {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["StripeEvents", "Arn"]}}}
    may = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    allowed = {
        f"{policy['Queues'][0]['Ref']} {json.dumps(statement, sort_keys=True)}"
        for _, policy in template.of("AWS::SQS::QueuePolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Effect") != "Deny"
    }
    wanted = {
        queue: {**may, "Condition": of_the_rule, "Resource": {"Fn::GetAtt": [queue, "Arn"]}}
        for queue in ("EventsQueue", "EventsDeadLetterQueue")
    }
    only_with_a_bus = {
        f"{queue} {json.dumps({'Fn::If': [STRIPE, statement, {'Ref': 'AWS::NoValue'}]}, sort_keys=True)}"
        for queue, statement in wanted.items()
    }
    if allowed != only_with_a_bus:
        yield "somebody else may put envelopes onto the queue"


RULES = (
    Rule(
        "what a pipe gives up is kept, and early enough",
        given_up,
        change(
            *("LedgerPipe", "SourceParameters", "DynamoDBStreamParameters", "MaximumRecordAgeInSeconds"),
            to=-1,
        ),
    ),
    Rule(
        "a pipe begins with the oldest record",
        from_the_beginning,
        change("SubscriptionPipe", "SourceParameters", "DynamoDBStreamParameters", "StartingPosition", to="LATEST"),
    ),
    Rule(
        "a pipe takes what has something to tell",
        only_what_is_told,
        drop("SubscriptionPipe", "SourceParameters", "FilterCriteria"),
    ),
    Rule(
        "a pipe names each text that it tells, and no address",
        plain_texts,
        change("SubscriptionPipe", "TargetParameters", "InputTemplate", to='{"a": "<$.dynamodb.NewImage.email.S>"}'),
    ),
    Rule(
        "a pipe reads its stream and writes to the bus",
        own_stream,
        allow("LedgerPipeRole", ["dynamodb:GetItem"], {"Fn::GetAtt": ["AccountsTable", "Arn"]}),
    ),
    Rule(
        "a pipe's role is that pipe's",
        taken_by_its_pipe,
        drop("LedgerPipeRole", "AssumeRolePolicyDocument", "Statement", 0, "Condition"),
    ),
    Rule(
        "a stream has two readers at most",
        two_readers,
        change("SubscriptionPipe", "Source", to={"Fn::GetAtt": ["LedgerTable", "StreamArn"]}),
        also=frozenset({"a pipe reads its stream and writes to the bus"}),
    ),
    Rule(
        "a pipe logs why it fails, and not what it carries",
        nothing_carried_is_logged,
        change("LedgerPipe", "LogConfiguration", "IncludeExecutionData", to=["ALL"]),
    ),
    Rule(
        "Stripe's rule alone puts envelopes onto the queue",
        second_door,
        drop("EventsQueuePolicy", "PolicyDocument", "Statement", 1, "Fn::If", 1, "Condition"),
    ),
)
