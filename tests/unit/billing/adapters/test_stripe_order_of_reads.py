"""A snapshot is read in several requests, and a buyer may pay between two of them."""

from __future__ import annotations

import json
import socket
from typing import Any

from billing.adapters.stripe_api.reader import StripeReads
from billing.domain.ids import SessionId
from billing.ports.stripe import Touched
from tests.fakes.snapshots import CUSTOMER
from tests.unit.billing.adapters.http_servers import answer
from tests.unit.billing.adapters.test_stripe_adapter import PRICE
from tests.unit.billing.adapters.test_stripe_plan_changes import ITEM, LEVELS
from tests.unit.billing.adapters.test_stripe_rest_of_lists import Wire, rows
from tests.unit.billing.adapters.test_stripe_shapes import SESSION, SUBSCRIPTION

BOUGHT: dict[str, Any] = SUBSCRIPTION | {"items": rows(ITEM)}
OPEN: dict[str, Any] = SESSION | {"mode": "subscription", "status": "open", "subscription": None}
PAID: dict[str, Any] = OPEN | {"status": "complete", "payment_status": "paid", "subscription": BOUGHT}


def test_a_plan_that_is_known_as_bought_is_in_the_list() -> None:
    """Else the account knows the order as used and has no subscription, and the next checkout sells a second one."""
    paid = False

    def told(before: dict[str, Any], after: dict[str, Any]) -> Any:
        def play(connection: socket.socket) -> None:
            nonlocal paid
            answer(json.dumps(after if paid else before))(connection)
            paid = True

        return play

    wire = Wire(
        checkout__sessions__cs_1=told(OPEN, PAID),
        subscriptions=told(rows(), rows(BOUGHT)),
        prices__price_1=PRICE,
    )
    touched = Touched(sessions=frozenset({SessionId("cs_1")}))
    truth = wire.ask(lambda api: StripeReads(api, LEVELS, livemode=False).snapshot([CUSTOMER], touched))
    assert paid
    assert [session.status for session in truth.sessions] == ["open"], "the next look finds it paid"
    assert [each.id for each in truth.subscriptions] == ["sub_1"]
