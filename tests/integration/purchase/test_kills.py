"""Kill each part at each hop of a purchase, with SIGKILL: it completes, once (F02, F05 to F11, F17, F19).

To be sure that a part dies in the middle of a hop, it is frozen first, so that the request that needs it can't be
answered, and then killed. The buyer presses again, as people do; Stripe delivers again; the queue delivers again.
DynamoDB, SQS and Stripe keep their data in memory here and are left alone: on AWS they are somebody else's to keep up.
"""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for

import httpx
import pytest

from local.stack import Stack
from tests.integration.purchase.books import Books
from tests.integration.purchase.conftest import impatient_template
from tests.integration.purchase.logs import FUNCTIONS, Logs
from tests.integration.purchase.shop import Checkout, Shop, opened
from tests.integration.purchase.wait import until

PARTS = ("gateway", "poller", "lambda", "upstash")
IN_FLIGHT = 0.3
"""Seconds that a request gets to reach the frozen part; one that does not need the part is answered sooner."""
BEHIND = ("gateway", "lambda")

Hop = Callable[["Purchase", str], None]


class Purchase:
    """One buyer's purchase, driven hop by hop through failures."""

    def __init__(self, stack: Stack, shop: Shop, books: Books, user: str) -> None:
        self.stack = stack
        self.shop = shop
        self.books = books
        self.user = user
        self.logs = Logs(stack)
        self._threads = ThreadPoolExecutor(1)

    # Victims

    def pids(self, victim: str) -> list[int]:
        if victim in PARTS:
            return [self.stack.pid(victim)]
        return until(f"{victim} has a worker", lambda: self.stack.worker_pids(victim))

    def kill(self, victim: str) -> None:
        if victim in PARTS:
            self.stack.kill(victim)
        else:
            _signal(self.pids(victim), signal.SIGKILL)

    def during(self, victim: str, act: Callable[[], object], needed: bool) -> None:
        """Kill the victim while `act` waits for it; if it is `needed`, `act` can't have been answered before."""
        pids = self.pids(victim)
        _signal(pids, signal.SIGSTOP)
        try:
            acting = self.aside(act)
            wait_for([acting], IN_FLIGHT)
            assert not (needed and acting.done()), f"{victim} was not needed"
        finally:
            if victim in PARTS:
                self.stack.kill(victim)
            else:
                _signal(pids, signal.SIGKILL)
        _let_fail(acting)

    def aside(self, act: Callable[[], object]) -> Future[object]:
        return self._threads.submit(act)

    def when(self, victim: str, message: str, function: str) -> None:
        """Kill the victim as soon as a function has logged this line about the purchase."""
        until(message, lambda: self.logs.said(message, function))
        self.kill(victim)

    # A buyer who does not give up

    def order(self) -> Checkout:
        return opened(self.user, self._persist(lambda: self.shop.order(self.user), 201))

    def pay(self, checkout: Checkout) -> None:
        self.shop.pay(checkout)

    def come_back(self, checkout: Checkout) -> None:
        self._persist(lambda: self.shop.come_back(checkout), 303)
        answer = self._persist(lambda: self.shop.success(checkout), 200).json()
        assert (answer["status"], answer["credits"]["balance"]) == ("paid", 500)

    def is_complete(self, checkout: Checkout) -> None:
        """Granted, and every event of it through, though the buyer may never have come back."""
        self.books.wait_for_ledger(self.user, entries=1)
        event = self.shop.completed_event(checkout)
        until("the event is recorded", lambda: self.books.event(event["id"]))
        self.books.check(self.user, balance=500, kinds=["PURCHASE"])

    def _persist(self, ask: Callable[[], httpx.Response], wanted: int) -> httpx.Response:
        return until("the buyer is answered", lambda: _answer(ask, wanted))


def _answer(ask: Callable[[], httpx.Response], wanted: int) -> httpx.Response | None:
    """None where a client is told, or has to assume, that it should try again."""
    try:
        answer = ask()
    except httpx.TransportError:
        return None
    assert answer.status_code == wanted or answer.status_code >= 500, answer.text
    return answer if answer.status_code == wanted else None


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        os.kill(pid, number)


def _let_fail(acting: Future[object]) -> None:
    """Whatever became of the interrupted request: the buyer asks again anyway."""
    failed = acting.exception(timeout=40)
    assert failed is None or isinstance(failed, httpx.TransportError), failed


# The hops. Each drives the purchase to its end, with the victim killed on the way.


def before_create(buyer: Purchase, victim: str) -> None:
    buyer.kill(victim)
    checkout = buyer.order()
    buyer.pay(checkout)
    buyer.come_back(checkout)
    buyer.is_complete(checkout)


def during_create(buyer: Purchase, victim: str) -> None:
    needed = victim in (*BEHIND, "CreateCheckoutFunction")
    buyer.during(victim, lambda: buyer.shop.order(buyer.user), needed)
    checkout = buyer.order()
    buyer.pay(checkout)
    buyer.come_back(checkout)
    buyer.is_complete(checkout)


def before_pay(buyer: Purchase, victim: str) -> None:
    checkout = buyer.order()
    buyer.kill(victim)
    buyer.pay(checkout)
    buyer.is_complete(checkout)


def webhook_in_flight(buyer: Purchase, victim: str) -> None:
    checkout = buyer.order()
    buyer.during(victim, lambda: buyer.pay(checkout), needed=victim in (*BEHIND, "WebhookFunction"))
    buyer.is_complete(checkout)


def webhook_queued(buyer: Purchase, victim: str) -> None:
    """Between the queue's and Stripe's acknowledgement, or a moment later."""
    checkout = buyer.order()
    paying = buyer.aside(lambda: buyer.pay(checkout))
    buyer.when(victim, "queued", "WebhookFunction")
    _let_fail(paying)
    buyer.is_complete(checkout)


def during_success_sync(buyer: Purchase, victim: str) -> None:
    checkout = buyer.order()
    buyer.pay(checkout)
    needed = victim in (*BEHIND, "SuccessSyncFunction")
    buyer.during(victim, lambda: buyer.shop.success(checkout), needed)
    buyer.come_back(checkout)
    buyer.is_complete(checkout)


def after_success_sync(buyer: Purchase, victim: str) -> None:
    checkout = buyer.order()
    buyer.pay(checkout)
    buyer.come_back(checkout)
    buyer.kill(victim)
    buyer.is_complete(checkout)


def consumer_running(buyer: Purchase, victim: str) -> None:
    """The consumer has its batch and can't finish it: DynamoDB holds its answer back until the victim is dead."""
    checkout = buyer.order()
    buyer.stack.freeze("dynamodb")
    try:
        paying = buyer.aside(lambda: buyer.pay(checkout))
        until("the consumer has a batch", buyer.books.in_flight)
        buyer.kill(victim)
    finally:
        buyer.stack.thaw("dynamodb")
    _let_fail(paying)
    buyer.is_complete(checkout)


def consumer_committed(buyer: Purchase, victim: str) -> None:
    """After the transaction, before or while the message is deleted."""
    checkout = buyer.order()
    buyer.pay(checkout)
    buyer.when(victim, "ledger entry written", "EventConsumerFunction")
    buyer.is_complete(checkout)


HOPS: tuple[Hop, ...] = (
    before_create,
    during_create,
    before_pay,
    webhook_in_flight,
    webhook_queued,
    during_success_sync,
    after_success_sync,
    consumer_running,
    consumer_committed,
)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    template = impatient_template(tmp_path_factory.mktemp("impatient"))
    with Stack(template=template, warm=FUNCTIONS) as running:
        yield running


@pytest.fixture(scope="module")
def at_shop(system: Stack) -> Iterator[Shop]:
    shop = Shop(system)
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def its_books(system: Stack) -> Iterator[Books]:
    books = Books(system)
    yield books
    books.close()


WHOLE = os.environ.get("KILLS") == "whole"
SHARE = 1 if WHOLE else 3
"""Each check plays every third, in which each hop and each victim is; `make nightly` all of them."""
CASES = [
    pytest.param(hop, victim, id=f"{hop.__name__}-{victim}")
    for row, hop in enumerate(HOPS)
    for column, victim in enumerate([*PARTS, *FUNCTIONS])  # the quickest to change: no part dies twice in a row
    if (row + column) % SHARE == 0
]


@pytest.mark.parametrize(("hop", "victim"), CASES)
def test_the_purchase_completes_once(hop: Hop, victim: str, system: Stack, at_shop: Shop, its_books: Books) -> None:
    system.supervisor.wait_until_ready()
    hop(Purchase(system, at_shop, its_books, f"{hop.__name__}-{victim}"), victim)


def test_at_the_end_every_buyer_has_bought_once(its_books: Books) -> None:
    """Whatever came late, from retries and redeliveries, has changed nothing."""
    its_books.wait_until_drained()
    for case in CASES:
        its_books.check(str(case.id), balance=500, kinds=["PURCHASE"])
