"""Queues that keep their word under threads, and stay quick when they are long.

moto (5.2) lets two receivers take the same message at once, and changes its lists without a lock. It counts all of the
queue for each message that is sent or received, and asks the time for each that it counts: so a backlog of 20,000 takes
hours. Here one thread at a time works on a queue, and a receiver looks at what it takes and at what is in flight before
it. Everything else stays moto's own code.
"""

# ruff: noqa: SLF001 - moto offers no door to what is mended here

from __future__ import annotations

import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from moto.core.utils import unix_time_millis
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, SQSBackend, _filter_message_attributes

_LOOK_SECONDS = 1.0
"""Until a waiting receiver looks again, for a message that became visible by itself."""

_stock_receive = SQSBackend.receive_message
_stock_delete = Queue.delete_message
_LOCKED = ("change_message_visibility", "purge_queue", "get_queue_attributes")
_stock: dict[str, Callable[..., Any]] = {name: getattr(SQSBackend, name) for name in _LOCKED}


def install() -> None:
    """Replace what is not safe, or not quick; queues that keep an order (FIFO) stay as they are."""
    SQSBackend.receive_message = _receive_message  # type: ignore[method-assign,assignment]
    Queue.delete_message = _delete_message  # type: ignore[method-assign,assignment]
    for name in _LOCKED:
        setattr(SQSBackend, name, _one_at_a_time(_stock[name]))
    for name, counted in _COUNTS.items():
        setattr(Queue, name, property(counted))


def _one_at_a_time(method: Callable[..., Any]) -> Callable[..., Any]:
    def locked(backend: SQSBackend, queue_name: str, *given: Any, **named: Any) -> Any:
        with backend.get_queue(queue_name)._messages_lock:
            return method(backend, queue_name, *given, **named)

    return locked


def _waiting(queue: Queue) -> int:
    now = unix_time_millis()
    return sum(now > each.visible_at and now >= each.delayed_until for each in queue._messages)


def _in_flight(queue: Queue) -> int:
    now = unix_time_millis()
    return sum(now <= each.visible_at for each in queue._messages)


def _delayed(queue: Queue) -> int:
    now = unix_time_millis()
    return sum(now < each.delayed_until for each in queue._messages)


_COUNTS: dict[str, Callable[[Queue], int]] = {
    "approximate_number_of_messages": _waiting,
    "approximate_number_of_messages_not_visible": _in_flight,
    "approximate_number_of_messages_delayed": _delayed,
}


def _delete_message(queue: Queue, receipt_handle: str) -> None:
    """Take the message out of the list that is there. What was deleted before is passed over, as SQS does."""
    if queue.fifo_queue:
        _stock_delete(queue, receipt_handle)
        return
    with queue._messages_lock:
        if receipt_handle in queue.deleted_messages:
            return
        messages = queue._messages
        place = next((place for place, each in enumerate(messages) if each.had_receipt_handle(receipt_handle)), None)
        if place is None:
            raise ReceiptHandleIsInvalid
        message = messages.pop(place)
        queue.pending_messages.discard(message)
        queue.deleted_messages.update(message.all_receipt_handles)  # type: ignore[arg-type]


def _receive_message(
    backend: SQSBackend,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Message]:
    queue = backend.get_queue(queue_name)
    if queue.fifo_queue:
        return _stock_receive(
            backend, queue_name, count, wait_seconds_timeout, visibility_timeout, message_attribute_names
        )
    ends = time.monotonic() + wait_seconds_timeout
    with queue._messages_lock:
        while not (taken := _taken(queue, count, visibility_timeout)) and (left := ends - time.monotonic()) > 0:
            queue._messages_lock.wait(min(left, _LOOK_SECONDS))
        copies = deepcopy(taken)
    for message in copies:
        _filter_message_attributes(message, message_attribute_names or [])
    return copies


def _taken(queue: Queue, count: int, visibility_timeout: int) -> list[Message]:
    """Receive up to so many messages; those that were received too often go to the dead letters, too old ones go."""
    taken: list[Message] = []
    dead: list[Message] = []
    kept_since = unix_time_millis() - 1000 * queue.message_retention_period  # type: ignore[attr-defined]
    while queue._messages and queue._messages[0].sent_timestamp < kept_since:
        queue.pending_messages.discard(queue._messages.pop(0))
    for message in queue._messages:
        if not message.visible or message.delayed:
            continue
        if _received_too_often(queue, message):
            dead.append(message)
            continue
        queue.pending_messages.add(message)
        message.mark_received(visibility_timeout=visibility_timeout)
        taken.append(message)
        if len(taken) == count:
            break
    for message in dead:
        queue._messages.remove(message)
        queue.pending_messages.discard(message)
        queue.dead_letter_queue.add_message(message)  # type: ignore[union-attr]
    return taken


def _received_too_often(queue: Queue, message: Message) -> bool:
    if queue.dead_letter_queue is None or not queue.redrive_policy:
        return False
    return bool(message.approximate_receive_count >= queue.redrive_policy["maxReceiveCount"])
