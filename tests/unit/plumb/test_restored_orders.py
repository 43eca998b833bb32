"""An order that a restore writes again although its price was deleted meanwhile (F48, docs/decisions/0062)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from billing.adapters.dynamodb.items import from_item
from billing.domain.ids import CustomerId, UserId
from billing.domain.order import Order
from plumb.restore.orders import write_again
from tests.fakes.snapshots import NOW
from tests.unit.billing.adapters.test_stripe_adapter import PRICE
from tests.unit.plumb.test_restore import SESSION

PRODUCT = {"id": "prod_1", "object": "product", "name": "Pro", "metadata": {"credits_amount": "50"}, "active": True}
OPTIONS = {"eur": {"unit_amount": 1200}, "usd": {"unit_amount": 0}}


def written_for(
    product: dict[str, Any], metadata: dict[str, str], currency: str = "eur", owner: str | None = "alice"
) -> tuple[str, list[Order]]:
    """What became of a session whose price is read no longer, and the orders that were written."""
    price = PRICE | {"metadata": metadata, "product": PRODUCT | product}
    times = {"created": int(NOW.timestamp()), "expires_at": int(NOW.timestamp())}
    session = SESSION | {"status": "complete", "mode": "subscription", "currency": currency} | times
    written: list[Any] = []

    def listed(obj: dict[str, Any]) -> Any:
        return SimpleNamespace(auto_paging_iter=lambda: [SimpleNamespace(to_dict=lambda: obj)])

    def lines_of(name: str, asked: Any) -> Any:
        told = {"currency_options": OPTIONS} if "data.price.currency_options" in asked["expand"] else {}
        return listed({"price": price | told, "quantity": 2})

    lines = SimpleNamespace(list=lines_of)
    sessions = SimpleNamespace(list=lambda asked: listed(session), line_items=lines)
    world: Any = SimpleNamespace(
        stripe=SimpleNamespace(v1=SimpleNamespace(checkout=SimpleNamespace(sessions=sessions))),
        accounts=SimpleNamespace(owners=lambda _: {}, orders=lambda _: {}),
        catalog=SimpleNamespace(price=lambda _: None),
        settings=SimpleNamespace(
            tables=SimpleNamespace(accounts="accounts"), policy=SimpleNamespace(levels=("FREE", "PRO"))
        ),
        dynamodb=SimpleNamespace(transact_write_items=lambda **request: written.append(request)),
    )
    taken_in = {CustomerId("cus_1"): UserId(owner)} if owner else {}
    (found,) = write_again(world, NOW, taken_in, dry=False)
    return found.outcome, [from_item(Order, request["TransactItems"][0]["Put"]["Item"]) for request in written]


@pytest.mark.parametrize(
    ("product", "metadata"), [({}, {}), ({"deleted": True, "metadata": {}}, {"credits_amount": "50"})]
)
def test_the_session_says_what_it_gave(product: dict[str, Any], metadata: dict[str, str]) -> None:
    outcome, (order,) = written_for(product, metadata)
    assert outcome == "WRITTEN"
    assert [(line.price_id, line.quantity, line.gives.credits) for line in order.lines] == [("price_1", 2, 50)]


def test_what_it_cost_is_told_in_the_currency_of_the_session() -> None:
    """Else a plan that costs nothing in it would look like a trial, and grant nothing."""
    _, (order,) = written_for({}, {}, "usd")
    assert [line.unit_amount for line in order.lines] == [0]


@pytest.mark.parametrize(
    ("product", "metadata"), [({"deleted": True}, {}), ({}, {"credits_amount": "many"})], ids=["nothing", "broken"]
)
@pytest.mark.parametrize("owner", ["alice", None])
def test_where_nothing_says_it_that_is_told(
    product: dict[str, Any], metadata: dict[str, str], owner: str | None
) -> None:
    outcome, orders = written_for(product, metadata, owner=owner)
    assert (outcome.startswith("its price price_1 can't be read"), orders) == (True, [])


def test_what_a_customer_of_nobody_has_paid_waits_for_who_takes_it_over() -> None:
    """F48: it was adopted since. Without the order its events were ignored as another app's, for good."""
    outcome, (order,) = written_for({}, {}, owner=None)
    assert (outcome, order.user) == ("its customer is nobody's: its order waits until the user takes it over", "alice")


def test_a_session_of_a_customer_of_nobody_is_ended() -> None:
    session, ended = SESSION | {"status": "open"}, list[str]()
    pages = SimpleNamespace(auto_paging_iter=lambda: [SimpleNamespace(to_dict=lambda: session)])
    sessions = SimpleNamespace(list=lambda asked: pages, expire=ended.append)
    world: Any = SimpleNamespace(
        stripe=SimpleNamespace(v1=SimpleNamespace(checkout=SimpleNamespace(sessions=sessions))),
        accounts=SimpleNamespace(buyers=lambda _: {}, owners=lambda _: {}),
    )
    [found] = write_again(world, NOW, {}, dry=False)
    assert (found.outcome, ended) == ("ENDED", ["cs_test_1"])
