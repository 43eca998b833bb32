"""What `plumb restore mend` looks at (F48): everybody, and all from shortly before the moment on.

Three tables are not put back to the same second.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from billing.adapters.dynamodb.items import account_key, to_item
from billing.domain.account import Account
from billing.domain.credits import Lot
from billing.domain.ids import CustomerId, PurchaseKey
from billing.domain.ledger import Kind
from billing.ports.store import Owner
from plumb.commands.restore import command
from plumb.invocation import Invocation, Options
from plumb.site import Site
from plumb.world import World
from tests.fakes.snapshots import ALICE, NOW
from tests.fakes.world import FakeClock
from tests.unit.plumb.conftest import ENVIRONMENT, Deployed
from tests.unit.plumb.test_long_lists import stripe_with
from tests.unit.plumb.test_restore import SESSION, ledger

ACCOUNTS, EVENTS, LEDGER = (ENVIRONMENT[f"{kind}_TABLE"] for kind in ("ACCOUNTS", "EVENTS", "LEDGER"))
BEFORE = timedelta(minutes=9)
MADE = int((NOW - BEFORE).timestamp())
CUSTOMER = {"id": "cus_1", "object": "customer", "metadata": {"user_id": ALICE}, "created": MADE}
OPEN = SESSION | {"object": "checkout.session", "status": "open", "created": MADE, "customer": CUSTOMER}


class Shop:
    """Tables that were put back to NOW, an hour ago, and a session that was made nine minutes before."""

    def __init__(self, deployed: Deployed, stripe: Any) -> None:
        self.dynamodb, self.stripe = deployed.dynamodb, stripe
        for name, keys in ((ACCOUNTS, ["pk"]), (EVENTS, ["id"]), (LEDGER, ["user", "entry"])):
            ledger(name, *keys)
        variables = {**ENVIRONMENT, "EVENTS_QUEUE_URL": "https://sqs.example.com/events"}
        self.world = World(Site("local", {"F": variables}, "https://api.example.com", local=True))
        self.world.clock = FakeClock(NOW + timedelta(hours=1))
        nothing = SimpleNamespace(scan=lambda cursor, **_: (cursor, []))
        vars(self.world).update(stripe=stripe.api, redis=nothing)

    def mend(self) -> None:
        invocation = Invocation(Options(yes=True, actor="jo"))
        vars(invocation).update(site=self.world.site, world=self.world)
        assert command.main(["mend", "--since", NOW.isoformat()], obj=invocation, standalone_mode=False) == 0


@pytest.fixture
def shop(deployed: Deployed) -> Iterator[Shop]:
    with stripe_with(checkout__sessions=[OPEN], events=[]) as stripe:
        yield Shop(deployed, stripe)


def test_an_event_that_was_recorded_just_before_is_read_anew(shop: Shop) -> None:
    """Else what was paid is in no account, and its record says that it is."""
    for name, before in (("evt_1", BEFORE), ("evt_2", timedelta(minutes=11))):
        record = {"id": {"S": name}, "recorded_at": {"S": (NOW - before).isoformat()}}
        shop.dynamodb.put_item(TableName=EVENTS, Item=record)
    shop.mend()
    assert [item["id"]["S"] for item in shop.dynamodb.scan(TableName=EVENTS)["Items"]] == ["evt_2"]


def test_a_customer_who_was_made_just_before_is_given_back(shop: Shop) -> None:
    """Else what the user pays is nobody's."""
    shop.mend()
    assert shop.world.accounts.owners([CustomerId("cus_1")]) == {"cus_1": Owner(ALICE)}


def test_a_session_that_was_opened_just_before_is_ended(shop: Shop) -> None:
    """Else the user pays it: its claim is gone, so beside another plan, or its order is, so for nothing."""
    shop.mend()
    assert shop.stripe.posted() == [f"/v1/checkout/sessions/{SESSION['id']}/expire"]


def test_an_account_of_which_the_ledger_has_no_entry_is_looked_at_as_well(shop: Shop) -> None:
    """Else a ledger that lost all of a user's entries never again adds up to what the user has."""
    lot = Lot(PurchaseKey("cs_1"), 0, 500, NOW)
    account = Account(ALICE, lots=(lot,), balance=500, version=2)
    shop.dynamodb.put_item(TableName=ACCOUNTS, Item=to_item(account, pk=account_key(ALICE)))
    shop.mend()
    entries = shop.world.ledger.page(ALICE, 10, None).entries
    assert [(entry.kind, entry.amount, entry.balance_after) for entry in entries] == [(Kind.RESTORE, 500, 500)]
