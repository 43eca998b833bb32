"""One pipe at work: reads a table's stream, filters, transforms, and puts onto a bus."""

import json
import threading
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.pipes.bus import Buses, envelope
from local.say import say
from local.template import Pipe, names
from local.template.event_pattern import matches
from local.template.input_template import Untold, found, is_path, rendered

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_MOST_LOOKS = 40
"""Looks before a table is said to have no stream: at the start it may only not be there yet."""
_PAUSE_SECONDS = 0.5
"""Between two looks at a stream; AWS takes a quarter of a second.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-dynamodb.html"""
_LONG_PAUSE_SECONDS = 1.5
"""The same, at a stream that has had nothing for so many looks."""
_QUIET_LOOKS = 20


class PipeRunner:
    """Follows one stream from its oldest record on, so a restart tells everything again, as AWS may.

    The local tables have one shard each. One that stands elsewhere, without a stream, is said once.
    """

    def __init__(self, pipe: Pipe, streams: Any, sqs: "SQSClient", buses: Buses) -> None:
        self._pipe = pipe
        self._streams = streams
        self._sqs = sqs
        self._buses = buses
        self._stopped = threading.Event()
        self._at: str | None = None
        self._stream: str | None = None
        self._looked_for = 0
        self._at_work = True

    def run(self) -> None:
        """Follow until stopped; a table that is not there yet, or does not answer, is asked again."""
        quiet = 0
        try:
            while not self._stopped.is_set():
                try:
                    busy = self.look()
                except (BotoCoreError, ClientError):  # the place is kept: what was told comes again, with the same id
                    busy = False
                quiet = 0 if busy else quiet + 1
                if quiet:
                    long = quiet > _QUIET_LOOKS and self._stream is not None
                    self._stopped.wait(_LONG_PAUSE_SECONDS if long else _PAUSE_SECONDS)
        finally:  # an error that nobody foresaw ends the thread, and nothing but this
            self._at_work = False

    @property
    def beginning(self) -> bool:
        """Whether it still looks for its stream."""
        return self._at_work and self._stream is None and self._looked_for < _MOST_LOOKS

    def described(self) -> dict[str, str]:
        """As DescribePipe answers. AWS makes no pipe whose source is not there (`CREATE_FAILED`)."""
        pipe = self._pipe
        told = {"Name": pipe.name, "Arn": names.pipe_arn(pipe.name), "DesiredState": "RUNNING"}
        told |= {"Source": self._stream or names.stream_arn(pipe.table.name), "Target": names.bus_arn(pipe.bus)}
        if not self._at_work:
            return {**told, "CurrentState": "STOPPED", "StateReason": "The poller's log says why."}
        if self._stream is not None:
            return {**told, "CurrentState": "RUNNING"}
        if self.beginning:
            return {**told, "CurrentState": "CREATING"}
        return {**told, "CurrentState": "CREATE_FAILED", "StateReason": f"{pipe.table.name} has no stream."}

    def look(self) -> bool:
        """Tell of what is new; whether there was anything. Raises botocore's errors."""
        self._at = self._at or self._beginning()
        if self._at is None:
            return False
        answer = self._streams.get_records(ShardIterator=self._at, Limit=self._pipe.batch_size)
        for record in answer["Records"]:
            self._tell(record)
        self._at = answer.get("NextShardIterator")
        return bool(answer["Records"])

    def stop(self) -> None:
        self._stopped.set()

    def _beginning(self) -> str | None:
        listed = self._streams.list_streams(TableName=self._pipe.table.name)["Streams"]
        if not listed:
            self._looked_for += 1
            if self._looked_for == _MOST_LOOKS:
                say(f"{self._pipe.table.name} has no stream: {self._pipe.name} has nothing to tell")
            return None
        stream = listed[-1]["StreamArn"]
        shard = self._streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
        iterator: str = self._streams.get_shard_iterator(
            StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        self._stream = stream
        return iterator

    def _tell(self, record: Any) -> None:
        pipe = self._pipe
        if not any(matches(pattern, record) for pattern in pipe.patterns):
            return
        try:
            kind = found(pipe.detail_type, record) if is_path(pipe.detail_type) else pipe.detail_type
            event = envelope(pipe.source, kind, rendered(pipe.input_template, record))
        except Untold as error:
            self._give_up(record, str(error))
        else:
            self._buses.put(pipe.bus, event)

    def _give_up(self, record: Any, reason: str) -> None:
        """Where the record stands, as a dead-letter queue gets it: never the record itself."""
        say(f"{self._pipe.name}: a record is not told: {reason}")
        place = {"pipe": self._pipe.name, "reason": reason, "at": record["dynamodb"]["SequenceNumber"]}
        self._sqs.send_message(QueueUrl=self._pipe.dead_letters.url, MessageBody=json.dumps(place))
