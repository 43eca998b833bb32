"""Kill each part while a service spends: whatever it was told, the spend is done once (F16, F17, F19, F58).

As in test_kills: the victim is frozen first, so that the request that needs it can't be answered, and then killed. The
service asks again with the same key until it is told.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import wait as wait_for

import httpx
import pytest

from local.stack import Stack
from tests.integration.purchase.books import Books
from tests.integration.purchase.conftest import impatient_template
from tests.integration.purchase.logs import Logs
from tests.integration.purchase.service import Service
from tests.integration.purchase.shop import Shop
from tests.integration.purchase.test_kills import BEHIND, IN_FLIGHT, Purchase
from tests.integration.purchase.wait import until

VICTIMS = ("gateway", "lambda", "upstash", "CreditsFunction")
HOPS = ("before the spend", "during the spend", "with the transaction under way", "after the commit")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    template = impatient_template(tmp_path_factory.mktemp("impatient"))
    with Stack(template=template, warm=["CreditsFunction"]) as running:
        yield running


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("hop", HOPS)
def test_a_spend_is_done_once(hop: str, victim: str, stack: Stack, shop: Shop, books: Books, user: str) -> None:
    stack.supervisor.wait_until_ready()
    service, buyer = Service(shop), Purchase(stack, shop, books, user)
    shop.success(shop.buy(user))
    shop.settle(books)
    service.spend(user, 1, "warm")  # so that the function has a process to kill

    def spend() -> httpx.Response:
        return service.spend(user, 100, "key-1")

    match hop:
        case "before the spend":
            buyer.kill(victim)
        case "during the spend":
            buyer.during(victim, spend, needed=victim in (*BEHIND, "CreditsFunction"))
        case "with the transaction under way":
            stack.freeze("dynamodb")
            try:
                asking = buyer.aside(spend)
                wait_for([asking], IN_FLIGHT)
                assert not asking.done()
                buyer.kill(victim)
            finally:
                stack.thaw("dynamodb")
            assert asking.exception(timeout=40) is None or isinstance(asking.exception(), httpx.TransportError)
        case _:
            logs = Logs(stack)  # from here on: the first spend has its line as well
            asking = buyer.aside(spend)
            until("it is committed", lambda: logs.said("ledger entry written", "CreditsFunction"))
            buyer.kill(victim)
            assert asking.exception(timeout=40) is None or isinstance(asking.exception(), httpx.TransportError)

    answer = until("the service is answered", lambda: told(spend))
    assert (answer.json()["balance"], answer.json()["transaction"]["amount"]) == (399, -100)
    books.check(user, balance=399, kinds=["PURCHASE", "SPEND", "SPEND"])


def told(ask: Callable[[], httpx.Response]) -> httpx.Response | None:
    """None where the service has to ask again."""
    try:
        answer = ask()
    except httpx.TransportError:
        return None
    assert answer.status_code == 200 or answer.status_code >= 500, answer.text
    return answer if answer.status_code == 200 else None
