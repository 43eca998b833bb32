"""Pipes to the team's other services: at work, from the stream that their table writes now, and nothing untold.

AWS may switch a pipe off that is refused all the time, and no alarm tells of it: a pipe that is off fails at nothing.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-error-troubleshooting.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from plumb.doctor.finding import Finding, fail, ok, warn
from plumb.world import World

PIPES = ("LedgerPipe", "SubscriptionPipe")
"""Logical ids in template.yaml."""
_ON_ITS_WAY = ("CREATING", "STARTING", "UPDATING")
_IMAGES = ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")
_DEPLOY = "Deploy template.yaml: it makes the pipe, its role and the table's stream."
_ANEW = "Make the pipe anew, under another name: docs/alarms.md, domain-events-untold."


def pipes(world: World) -> Iterator[Finding]:
    """Each pipe is there and runs, and its stream is the one that the table has."""
    client = world.aws("pipes")
    for logical_id in PIPES:
        name = world.site.resources.get(logical_id)
        found = None if name is None else _described(client, name)
        if found is None:
            yield fail("pipes", f"There is no {logical_id}{f' {name}' if name else ''}.", _DEPLOY)
            continue
        yield from at_work(found)
        yield from _stream(world, found)


def _described(client: Any, name: str) -> Mapping[str, Any] | None:
    """https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html"""
    try:
        found: Mapping[str, Any] = client.describe_pipe(Name=name)
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "NotFoundException":
            raise
        return None
    return found


def at_work(pipe: Mapping[str, Any]) -> Iterator[Finding]:
    """What DescribePipe's answer says of its state, with AWS's own reason."""
    name, state, wanted = pipe["Name"], pipe["CurrentState"], pipe["DesiredState"]
    why = f" ({reason})" if (reason := pipe.get("StateReason")) else ""
    start = f"aws pipes start-pipe --name {name}"
    if wanted != "RUNNING":
        yield fail("pipes", f"{name} is {state}, and is to be{why}.", f"Mend what it says, if it does, then {start}")
    elif state == "RUNNING":
        yield ok("pipes", f"{name} is RUNNING.")
    elif state in _ON_ITS_WAY:
        yield warn("pipes", f"{name} is {state}{why}.", "Ask again in two minutes.")
    else:
        yield fail("pipes", f"{name} is {state}, and should be RUNNING{why}.", f"Mend what it says, then {start}")


def _stream(world: World, pipe: Mapping[str, Any]) -> Iterator[Finding]:
    """A stream that was switched off and on again is another one, and a pipe stays with the one that it was made for.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    """
    source = pipe["Source"]
    table_name = source.partition(":table/")[2].partition("/stream/")[0]
    try:
        table: Any = world.dynamodb.describe_table(TableName=table_name)["Table"]
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        yield fail("pipes", f"{pipe['Name']} reads the stream of {table_name}, and there is no such table.", _DEPLOY)
        return
    stream = table.get("StreamSpecification", {})
    if not stream.get("StreamEnabled"):
        yield fail("pipes", f"{table_name} has no stream: nothing of it is told.", _DEPLOY)
    elif stream["StreamViewType"] not in _IMAGES:
        yield fail("pipes", f"The stream of {table_name} has {stream['StreamViewType']} and no new images.", _DEPLOY)
    elif table["LatestStreamArn"] != source:
        yield fail("pipes", f"{pipe['Name']} reads a stream that {table_name} writes no more.", _ANEW)
    else:
        yield ok("pipes", f"{table_name} writes the stream that it reads.")
