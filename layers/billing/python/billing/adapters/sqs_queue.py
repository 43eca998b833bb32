"""The events queue over SQS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from billing.errors import QueueUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsQueue:
    """The Queue port. The client is connected at the first call: a refused webhook needs none."""

    def __init__(self, connect: Callable[[], SQSClient], url: str) -> None:
        self._connect = connect
        self._url = url
        self._client: SQSClient | None = None

    def send(self, body: str) -> None:
        """See Queue."""
        try:
            answer = self._sqs().send_message(QueueUrl=self._url, MessageBody=body)
        except (ClientError, BotoCoreError) as error:
            raise QueueUnavailable("the queue did not take the message", reason=type(error).__name__) from error
        if not answer.get("MessageId"):  # botocore takes any 200 for a success, a proxy's page among them
            raise QueueUnavailable("the queue did not say that it has the message")

    def delay(self, receipt: str, seconds: int) -> None:
        """See Queue."""
        try:
            self._sqs().change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds)
        except (ClientError, BotoCoreError) as error:
            raise QueueUnavailable("the message's visibility was not changed", reason=type(error).__name__) from error

    def _sqs(self) -> SQSClient:
        if self._client is None:
            self._client = self._connect()
        return self._client
