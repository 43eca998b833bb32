"""The queue that loses nothing, against moto's own on the same requests, and under threads."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.sqs import models
from moto.sqs.exceptions import PurgeQueueInProgress, ReceiptHandleIsInvalid
from moto.sqs.models import Queue, SQSBackend

from local.aws import queues

STOCK = {name: getattr(SQSBackend, name) for name in ("receive_message", *queues._LOCKED)}
STOCK_OF_QUEUES = {name: vars(Queue)[name] for name in ("delete_message", *queues._COUNTS)}
NAME, DEAD, HOUR = "work", "dead", 3600


def put_stock_back() -> None:
    for name, method in STOCK.items():
        setattr(SQSBackend, name, method)
    for name, method in STOCK_OF_QUEUES.items():
        setattr(Queue, name, method)


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    queues.install()
    yield
    put_stock_back()


def made(attempts: int = 3) -> SQSBackend:
    backend: SQSBackend = models.sqs_backends["123456789012"]["us-east-1"]
    backend.reset()
    dead = backend.create_queue(DEAD, {})
    policy = f'{{"deadLetterTargetArn": "{dead.queue_arn}", "maxReceiveCount": {attempts}}}'
    backend.create_queue(NAME, {}, RedrivePolicy=policy)
    return backend


def bodies(backend: SQSBackend, queue: str = NAME) -> list[str]:
    return [message.body for message in backend.get_queue(queue)._messages]


REQUESTS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from([0, 900])),
        st.tuples(st.just("receive"), st.integers(1, 10), st.sampled_from([0, HOUR])),
        st.tuples(st.just("delete"), st.integers(0, 20)),
        st.tuples(st.just("change"), st.integers(0, 20), st.sampled_from([0, HOUR])),
        st.tuples(st.just("purge")),
    ),
    max_size=25,
)


def played(requests: list[tuple[Any, ...]]) -> list[Any]:
    """What a queue answers, told without what chance makes of ids and receipts."""
    backend, sent = made(), 0
    receipts: list[str] = []
    told: list[Any] = []
    for request in requests:
        try:
            match request:
                case ("send", delay):
                    sent += 1
                    backend.send_message(NAME, f"m{sent}", delay_seconds=delay)
                case ("receive", count, visibility):
                    found = backend.receive_message(NAME, count, 0, visibility)
                    receipts += [message.receipt_handle or "" for message in found]
                    told.append([(message.body, message.approximate_receive_count) for message in found])
                case ("delete", place):
                    backend.delete_message(NAME, receipts[place] if place < len(receipts) else "none")
                case ("change", place, visibility):
                    receipt = receipts[place] if place < len(receipts) else "none"
                    backend.change_message_visibility(NAME, receipt, visibility)
                case ("purge",):
                    backend.purge_queue(NAME)
        except ReceiptHandleIsInvalid:
            told.append("no such receipt")
        except PurgeQueueInProgress:
            told.append("purged a moment ago")
        queue = backend.get_queue(NAME)
        told.append((bodies(backend), bodies(backend, DEAD), [getattr(queue, name) for name in queues._COUNTS]))
    return told


@given(REQUESTS)
def test_it_answers_as_moto_does(requests: list[tuple[Any, ...]]) -> None:
    mine = played(requests)
    put_stock_back()
    try:
        assert mine == played(requests)
    finally:
        queues.install()


def at_once(*deeds: Callable[[], None]) -> None:
    with ThreadPoolExecutor(len(deeds)) as threads:
        for done in [threads.submit(deed) for deed in deeds]:
            done.result()


def test_no_two_receivers_take_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is held up between its look at a message and its taking it."""
    backend = made()
    for number in range(20):
        backend.send_message(NAME, str(number))
    both = threading.Barrier(2)
    mark = models.Message.mark_received

    def slow(message: models.Message, visibility_timeout: int | None = None) -> None:
        try:
            both.wait(0.05)
        except threading.BrokenBarrierError:
            both.reset()
        mark(message, visibility_timeout)

    monkeypatch.setattr(models.Message, "mark_received", slow)
    taken: list[str] = []

    def receive() -> None:
        taken.extend(message.body for message in backend.receive_message(NAME, 5, 0, HOUR))

    at_once(receive, receive)
    assert len(taken) == len(set(taken)) == 10


def test_a_receiver_waits_for_what_is_sent() -> None:
    backend = made()
    threading.Timer(0.2, lambda: backend.send_message(NAME, "late")).start()
    assert [message.body for message in backend.receive_message(NAME, 10, 20, HOUR)] == ["late"]


def test_a_long_queue_costs_what_is_taken_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = made()
    for number in range(3000):
        backend.send_message(NAME, str(number))
    looks: list[models.Message] = []
    visible: Callable[[models.Message], bool] = vars(models.Message)["visible"].fget

    def counted(message: models.Message) -> bool:
        looks.append(message)
        return visible(message)

    monkeypatch.setattr(models.Message, "visible", property(counted))
    for _ in range(3):
        for message in backend.receive_message(NAME, 10, 0, HOUR):
            backend.delete_message(NAME, message.receipt_handle or "")
    assert len(looks) == 30


def test_what_is_too_old_is_gone() -> None:
    backend = made()
    days = 24 * 60 * 60 * 1000
    for number in range(3):
        backend.send_message(NAME, str(number))
    for message, age in zip(backend.get_queue(NAME)._messages, (4 * days + 5000, 4 * days - 5000, 0), strict=True):
        setattr(message, "sent_timestamp", message.sent_timestamp - age)  # type: ignore[operator]  # noqa: B010
    assert [message.body for message in backend.receive_message(NAME, 10, 0, 0)] == ["1", "2"]
    assert bodies(backend) == ["1", "2"]
