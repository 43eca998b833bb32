"""`plumb forget`: what is personal goes from every place where it is kept, and nobody else's does (S16)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from billing.adapters.dynamodb.items import Attributes, account_key, order_key, purchase_key, to_item
from billing.adapters.upstash_client import open_redis
from billing.domain.account import Account
from billing.domain.ids import CustomerId, OrderId, SessionId, UserId
from billing.domain.payment_notes import PaymentNote
from billing.domain.purchase import Purchase, opened
from billing.domain.snapshot import Card
from billing.domain.subscription import state_of
from billing.services.publish import published
from plumb.stages.deployed import deployed_stack
from plumb.world import World
from tests.fakes.operator import Operator, environment
from tests.fakes.snapshots import ALICE, BOB, NOW, POLICY, PRICES, a_payment, a_subscription, an_order
from tests.unit.billing.adapters.http_servers import TOKEN, upstash
from tests.unit.plumb.conftest import ENVIRONMENT, Deployed


@pytest.fixture
def url() -> Iterator[str]:
    with upstash() as url:
        yield url


class Kept:
    """All that is kept of users who have bought something with a card, as a reader of tables and cache sees it."""

    def __init__(self, deployed: Deployed, url: str) -> None:
        deployed.deploy()
        deployed.store_secrets()
        secret = json.dumps({"url": url, "token": TOKEN})
        deployed.secrets.put_secret_value(SecretId=ENVIRONMENT["UPSTASH_SECRET"], SecretString=secret)
        self._deployed, self._url = deployed, url

    def buys(self, user: UserId, last4: str) -> None:
        """One purchase, all of it, with the address in the account and in the order."""
        name, address, card = SessionId(f"cs_test_{user}"), f"{user}@example.com", Card("visa", last4)
        order = an_order(id=OrderId(f"ord_0000{user}"), user=user)
        purchase: Purchase = replace(opened(order, name), payment=a_payment(card=card), version=1)
        account = Account(
            user,
            customers=(CustomerId(f"cus_{user}"),),
            deleted_customers=(CustomerId(f"cus_{user}_before"),),
            email=address,
            payments=(PaymentNote(name, 500, "eur", NOW, card=card),),
            subscriptions=(state_of(a_subscription(card=card), None, [], PRICES, POLICY.levels),),
            version=2,
        )
        before = replace(account, customers=account.deleted_customers, deleted_customers=(), version=1)
        self._put(to_item(account, pk=account_key(user)))
        self._put(to_item(order, pk=order_key(order.id), email=address))
        self._put(to_item(purchase, pk=purchase_key(purchase.key)))
        site = deployed_stack("staging")
        with environment(site.aws):
            world = World(site)
            for each in (before, account):
                assert world.cache().publish([published(each, POLICY, NOW)], [])
            world.close()

    def items(self) -> str:
        tables = (ENVIRONMENT["ACCOUNTS_TABLE"], ENVIRONMENT["LEDGER_TABLE"])
        return repr([self._deployed.dynamodb.scan(TableName=table)["Items"] for table in tables])

    def cached(self) -> str:
        with open_redis(self._url, TOKEN, timeout=10) as redis:
            return repr({key: redis.get(key) for key in redis.keys("*")})

    def _put(self, item: Attributes) -> None:
        self._deployed.dynamodb.put_item(TableName=ENVIRONMENT["ACCOUNTS_TABLE"], Item=item)


def test_cards_and_addresses_go_from_every_item_and_from_the_cache(
    deployed: Deployed, plumb: Operator, url: str
) -> None:
    kept = Kept(deployed, url)
    kept.buys(ALICE, "4242")
    kept.buys(BOB, "1881")
    assert (kept.items().count("4242"), kept.cached().count("cus_alice_before'")) == (3, 1)
    told = plumb("forget", ALICE, "--yes", "--actor", "jo", "--stage", "staging", "--json")
    assert (told.code, told.document["account"], told.document["items"]) == (0, True, 2), told
    for personal in ("4242", "alice@example.com"):
        assert personal not in kept.items()
        assert personal not in kept.cached()
    assert "alice" not in kept.cached()
    assert (kept.items().count("1881"), "1881" in kept.cached(), "bob@example.com" in kept.items()) == (3, True, True)
