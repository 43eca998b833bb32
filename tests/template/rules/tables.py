"""Tables: what holds the money."""

from __future__ import annotations

from collections.abc import Iterator

from tests.template.rule import Rule, Template, change, drop, mark

TABLE = "AWS::DynamoDB::Table"
KEPT = ("RetainExceptOnCreate", "Retain")
EXPIRES = {"EventsTable": "expires_at", "AccountsTable": "forget_at"}


def on_demand(template: Template) -> Iterator[str]:
    yield from (name for name, each in template.of(TABLE) if each.get("BillingMode") != "PAY_PER_REQUEST")


def without_bound(template: Template) -> Iterator[str]:
    """What is beyond one is throttled: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max-throughput.html"""
    for name, each in template.of(TABLE):
        for one in (each, *each.get("GlobalSecondaryIndexes", [])):
            if "OnDemandThroughput" in one:
                yield f"{one.get('IndexName', name)} keeps buyers waiting on their busiest day"


def recovery(template: Template) -> Iterator[str]:
    for name, each in template.of(TABLE):
        if each.get("PointInTimeRecoverySpecification") != {"PointInTimeRecoveryEnabled": True}:
            yield f"{name} can't be put back"


def kept(template: Template) -> Iterator[str]:
    for name, each in template.resources.items():
        if each["Type"] == TABLE and (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy")) != KEPT:
            yield f"{name} goes with its stack, or stays, empty, where a first deployment failed and takes its name"


def protected(template: Template) -> Iterator[str]:
    for name, each in template.of(TABLE):
        if each.get("DeletionProtectionEnabled") != {"Fn::If": ["IsForDevelopment", False, True]}:
            yield f"{name} can be deleted"


def encrypted(template: Template) -> Iterator[str]:
    yield from (name for name, each in template.of(TABLE) if each.get("SSESpecification") != {"SSEEnabled": True})


def time_to_live(template: Template) -> Iterator[str]:
    for name, each in template.of(TABLE):
        ends = each.get("TimeToLiveSpecification")
        wanted = {"AttributeName": EXPIRES[name], "Enabled": True} if name in EXPIRES else None
        if ends != wanted:
            yield f"{name} forgets by {ends}"


def streamed(template: Template) -> Iterator[str]:
    """F64: what an entry was before is in the stream, or a rewritten one can't be told from a new one."""
    ledger = template.resources["LedgerTable"]["Properties"]
    if ledger.get("StreamSpecification") != {"StreamViewType": "NEW_AND_OLD_IMAGES"}:
        yield "the ledger's stream lacks what was there before"


def told(template: Template) -> Iterator[str]:
    """A pipe tells of what was written: with keys alone, or what was there before, it finds nothing that it takes."""
    for name, each in template.of("AWS::Pipes::Pipe"):
        table = each["Source"]["Fn::GetAtt"][0]
        kind = template.resources[table]["Properties"].get("StreamSpecification", {}).get("StreamViewType")
        if kind not in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
            yield f"{name} tells nothing of {table}"


def named(template: Template) -> Iterator[str]:
    """Test and live never mix."""
    for name, each in template.of(TABLE):
        if "${Stage}-${StripeMode}" not in str(each.get("TableName")):
            yield f"{name} may be another installation's"


def thin_indexes(template: Template) -> Iterator[str]:
    """An index is read late: it may say whom to look at, and never what anybody has."""
    for name, each in template.of(TABLE):
        for index in each.get("GlobalSecondaryIndexes", []):
            if index["Projection"] != {"ProjectionType": "KEYS_ONLY"}:
                yield f"{name}: {index['IndexName']} holds more than keys"


RULES = (
    Rule("tables are on demand", on_demand, change("EventsTable", "BillingMode", to="PROVISIONED")),
    Rule(
        "tables have no bound of their own",
        without_bound,
        change("AccountsTable", "OnDemandThroughput", to={"MaxWriteRequestUnits": 20}),
    ),
    Rule("tables can be put back to any second", recovery, drop("EventsTable", "PointInTimeRecoverySpecification")),
    Rule("tables outlive their stack", kept, mark("EventsTable", DeletionPolicy="Delete")),
    Rule(
        "outside dev no table can be deleted", protected, change("LedgerTable", "DeletionProtectionEnabled", to=False)
    ),
    Rule("tables are encrypted by a key of the account", encrypted, drop("LedgerTable", "SSESpecification")),
    Rule(
        "only what is meant to be forgotten ends, and the ledger never does",
        time_to_live,
        change("LedgerTable", "TimeToLiveSpecification", to={"AttributeName": "at", "Enabled": True}),
    ),
    Rule(
        "the ledger's stream has before and after",
        streamed,
        change("LedgerTable", "StreamSpecification", "StreamViewType", to="NEW_IMAGE"),
    ),
    Rule(
        "a stream that a pipe reads has what was written",
        told,
        change("AccountsTable", "StreamSpecification", "StreamViewType", to="OLD_IMAGE"),
    ),
    Rule("tables' names have stage and mode", named, change("LedgerTable", "TableName", to="plumbline-ledger")),
    Rule(
        "an index holds keys alone",
        thin_indexes,
        change("AccountsTable", "GlobalSecondaryIndexes", 0, "Projection", to={"ProjectionType": "ALL"}),
    ),
)
