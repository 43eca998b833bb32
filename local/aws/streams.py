"""moto's streams for a reader that never ends.

moto (5.2) makes another iterator for each read, and keeps them all: a pipe that looks twice a second would fill the
memory in a day. AWS forgets one after 15 minutes, here the newest stay.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html
"""

from collections.abc import Callable
from typing import Any

from moto.dynamodbstreams.models import DynamoDBStreamsBackend

KEPT = 100
_stock: Callable[[DynamoDBStreamsBackend, str, int], dict[str, Any]] = DynamoDBStreamsBackend.get_records


def install() -> None:
    """Replace the method."""
    DynamoDBStreamsBackend.get_records = _get_records  # type: ignore[method-assign,assignment]


def _get_records(backend: DynamoDBStreamsBackend, iterator_arn: str, limit: int) -> dict[str, Any]:
    answer = _stock(backend, iterator_arn, limit)
    iterators = backend.shard_iterators
    while len(iterators) > KEPT:
        del iterators[next(iter(iterators))]
    return answer
