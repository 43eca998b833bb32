"""One event source mapping at work."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from local.http_of_threads import OneEach
from local.poller.record import record
from local.poller.verdict import succeeded
from local.say import say
from local.template import EventSourceMapping

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

DEFAULT_CONCURRENCY = 5
"""Batches at once without a MaximumConcurrency: what Lambda starts with.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
_INVOCATION_SECONDS = 910.0
"""Above Lambda's 15 minutes: the Lambda service keeps each function's own timeout."""
_LONG_POLL_SECONDS = 10
_PAUSE_SECONDS = 0.2
_SQS_RECEIVE_LIMIT = 10


class MappingPoller:
    """Long-polls one queue and invokes one function, with as many batches at once as the mapping allows."""

    def __init__(self, mapping: EventSourceMapping, sqs: "SQSClient", invoke_url: str) -> None:
        self._mapping = mapping
        self._sqs = sqs
        self._url = invoke_url
        limit = mapping.maximum_concurrency or DEFAULT_CONCURRENCY
        self._free = threading.Semaphore(limit)
        self._executor = ThreadPoolExecutor(limit, thread_name_prefix=mapping.logical_id)
        self._client = httpx.Client(transport=OneEach(), timeout=_INVOCATION_SECONDS)
        self._stopped = threading.Event()
        self._reads = False

    def run(self) -> None:
        """Poll until stopped; a queue service that does not answer is asked again."""
        while not self._stopped.is_set():
            self._free.acquire()
            handed_over = False
            try:
                batch = self._collect()
                self._reads = True
                if batch:
                    self._executor.submit(self._deliver, batch)
                    handed_over = True
            except (BotoCoreError, ClientError) as exc:
                if self._reads:  # said once; before the first success the queue is only not there yet
                    say(f"queue {self._mapping.queue.name} cannot be read: {exc}")
                self._reads = False
                self._stopped.wait(_PAUSE_SECONDS)
            finally:
                if not handed_over:
                    self._free.release()

    def stop(self) -> None:
        self._stopped.set()

    def _collect(self) -> "list[MessageTypeDef]":
        """A batch: what one receive brings, or what gathers within the batching window up to the batch size."""
        batch: list[MessageTypeDef] = []
        closes = None
        while len(batch) < self._mapping.batch_size and not self._stopped.is_set():
            if closes is None:
                wait = _LONG_POLL_SECONDS
            else:
                wait = int(closes - time.monotonic())
                if closes <= time.monotonic():
                    break
            answer = self._sqs.receive_message(
                QueueUrl=self._mapping.queue.url,
                MaxNumberOfMessages=min(_SQS_RECEIVE_LIMIT, self._mapping.batch_size - len(batch)),
                WaitTimeSeconds=max(0, wait),
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            received = answer.get("Messages", [])
            batch += received
            if received and closes is None:
                closes = time.monotonic() + self._mapping.window_seconds
            elif not received and closes is None:
                break
            elif not received and wait < 1:  # a long poll counts in whole seconds; the rest of the window is waited out
                self._stopped.wait(min(0.05, max(0.0, closes - time.monotonic())) if closes is not None else 0)
        return batch

    def _deliver(self, batch: "list[MessageTypeDef]") -> None:
        try:
            answer = self._invoke(json.dumps({"Records": [record(message, self._mapping.queue) for message in batch]}))
            if answer is None:
                return
            handles = {message["MessageId"]: message["ReceiptHandle"] for message in batch}
            done = succeeded(
                handles,
                answer.text,
                function_error=answer.status_code != 200 or "x-amz-function-error" in answer.headers,
                partial_failures=self._mapping.partial_failures,
            )
            if len(done) < len(batch):
                say(f"{self._mapping.function}: {len(batch) - len(done)} of {len(batch)} messages stay in the queue")
            self._delete([handles[message_id] for message_id in handles if message_id in done])
        except (BotoCoreError, ClientError) as exc:
            # The function did its work; the message comes again and must be harmless (F10).
            say(f"messages done but not deleted from {self._mapping.queue.name}: {exc}")
        finally:
            self._free.release()

    def _invoke(self, payload: str) -> httpx.Response | None:
        """Invoke; again while the service is away and nothing can have begun; None when the answer is lost."""
        while not self._stopped.is_set():
            try:
                return self._client.post(self._url, content=payload)
            except httpx.ConnectError:
                self._stopped.wait(_PAUSE_SECONDS)
            except httpx.TransportError as exc:
                say(f"{self._mapping.function}: no answer ({type(exc).__name__}), the batch stays in the queue")
                return None
        return None

    def _delete(self, handles: list[str]) -> None:
        for start in range(0, len(handles), _SQS_RECEIVE_LIMIT):
            entries = handles[start : start + _SQS_RECEIVE_LIMIT]
            self._sqs.delete_message_batch(
                QueueUrl=self._mapping.queue.url,
                Entries=[{"Id": str(index), "ReceiptHandle": handle} for index, handle in enumerate(entries)],
            )
