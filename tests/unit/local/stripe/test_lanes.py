"""Many events at once: a limited number goes to an endpoint at a time, and one that is slow holds up no other."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx

from local.stripe.delivery import AT_ONCE, Deliveries, Delivery
from local.stripe.faults import Faults
from tests.unit.local.stripe.conftest import Account

CUSTOMERS = 3 * AT_ONCE


def test_a_slow_endpoint_has_its_own_lane(account: Account) -> None:
    account.world.remove(account.world.all("webhook_endpoint")[0])
    for name in ("slow", "quick"):
        account.post("/v1/webhook_endpoints", url=f"http://127.0.0.1/{name}", enabled_events=["customer.created"])
    under_way: Counter[str] = Counter()
    most: Counter[str] = Counter()
    done: Counter[str] = Counter()
    quick_is_done = asyncio.Event()

    async def endpoint(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        under_way[path] += 1
        most[path] = max(most[path], under_way[path])
        await (quick_is_done.wait() if path == "/slow" else asyncio.sleep(0))
        under_way[path] -= 1
        done[path] += 1
        if done["/quick"] == CUSTOMERS:
            quick_is_done.set()
        return httpx.Response(200)

    async def deliver() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(endpoint)) as client:
            deliveries = Deliveries(account.engine, Faults(), client)
            sent = deliveries.send_pending()
            await asyncio.wait_for(asyncio.gather(*(each.first_answer.wait() for each in sent)), timeout=30)

    for _ in range(CUSTOMERS):
        account.post("/v1/customers")
    asyncio.run(deliver())
    assert done == {"/slow": CUSTOMERS, "/quick": CUSTOMERS}
    assert most["/slow"] == AT_ONCE
    assert most["/quick"] <= AT_ONCE


def test_an_answer_without_end_does_not_block_its_lane(account: Account) -> None:
    """HTTPX times each piece of an answer, and one that always comes to another is never late."""

    async def drips() -> AsyncIterator[bytes]:
        while True:
            yield b"."
            await asyncio.sleep(0.01)

    async def deliver() -> Delivery:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, content=drips()))
        async with httpx.AsyncClient(transport=transport) as client:
            deliveries = Deliveries(account.engine, Faults(), client, pauses=(), timeout=0.2)
            (sent,) = deliveries.send_pending()
            await asyncio.wait_for(sent.first_answer.wait(), timeout=10)
            await deliveries.stop()
            return sent

    account.post("/v1/customers")
    assert [attempt.status for attempt in asyncio.run(deliver()).attempts] == [None]
