"""What an owner has set reaches the code that goes by it: the bootstraps alone carry it there."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

import boto3
import pytest

from billing.bootstrap.account import account_dependencies
from billing.bootstrap.catch_up import look_dependencies, walk_dependencies
from billing.bootstrap.create_checkout import checkout_dependencies
from billing.bootstrap.event_consumer import consumer_dependencies
from billing.bootstrap.subscriptions import subscriptions_dependencies
from billing.bootstrap.success_sync import return_page
from billing.bootstrap.webhook import webhook_dependencies
from billing.domain.ids import CustomerId, PriceId
from billing.errors import StripeUnavailable
from billing.ports.stripe import Catalog
from billing.ports.world import Queue
from tests.fakes.snapshots import an_order
from tests.unit.billing.adapters.http_servers import answer
from tests.unit.billing.adapters.stripe_wire import sent
from tests.unit.billing.adapters.test_stripe_adapter import PRICE
from tests.unit.billing.adapters.test_stripe_plan_changes import ITEM, PRODUCT, SUB, SUBSCRIPTION
from tests.unit.functions.process import Environment

CUSTOMER = CustomerId("cus_1")
SELLING: dict[str, Callable[[], Catalog]] = {
    "account": lambda: account_dependencies().catalog(),
    "catch_up": lambda: look_dependencies().catalog,
    "create_checkout": lambda: checkout_dependencies().catalog,
    "subscriptions": lambda: subscriptions_dependencies().change.catalog,
}


def asked(environment: Environment, ask: Callable[[], object]) -> dict[str, str]:
    """The parameters of the one request that is made, which the server refuses."""
    environment.server.received.clear()
    with suppress(StripeUnavailable):
        ask()
    return sent(environment.server.received[0])


@pytest.mark.parametrize(("given", "used"), [("bpc_1", "bpc_1"), ("", None)])
def test_the_portal_is_opened_in_the_configuration_that_is_named(
    given: str, used: str | None, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripe's default one may offer plans that this installation does not sell."""
    monkeypatch.setenv("PORTAL_CONFIGURATION", given)
    monkeypatch.setenv("APP_URL", "https://app.example.com")
    portal = subscriptions_dependencies().portal.portal
    params = asked(environment, lambda: portal.open_portal(CUSTOMER, None, None))
    assert (params.get("configuration"), params["return_url"]) == (used, "https://app.example.com/account")


@pytest.mark.parametrize(
    ("api_url", "page"),
    [
        ("https://api.example.com", "https://api.example.com/checkout/success"),
        ("", "https://a.example/checkout/return"),
    ],
)
def test_a_buyer_comes_back_by_the_api_where_its_address_is_set(
    api_url: str, page: str, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else no redirect makes the account match before the webhook: the page would say that nothing was bought."""
    monkeypatch.setenv("APP_URL", "https://a.example")
    monkeypatch.setenv("API_URL", api_url)
    stripe = checkout_dependencies().stripe
    params = asked(environment, lambda: stripe.create_session(an_order(), CUSTOMER, "key"))
    assert params["success_url"] == f"{page}?session_id={{CHECKOUT_SESSION_ID}}"
    assert params["cancel_url"] == "https://a.example/checkout/canceled"
    assert return_page() == "https://a.example/checkout/return"


@pytest.mark.parametrize("adopting", [True, False])
def test_a_customer_of_the_same_address_is_taken_over_only_where_that_is_wanted(
    adopting: bool, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F35: whoever proves an address gets what its customer has paid for."""
    monkeypatch.setenv("ADOPT_CUSTOMERS", str(adopting).lower())
    worlds = (checkout_dependencies().selling.adopt_customers, subscriptions_dependencies().portal.adopting)
    assert worlds == (adopting, adopting)


def test_no_door_sells_more_of_a_plan_than_the_most(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_QUANTITY", "7")
    assert (checkout_dependencies().selling.max_quantity, subscriptions_dependencies().change.max_quantity) == (7, 7)


@pytest.mark.parametrize("catalog", SELLING.values(), ids=SELLING.keys())
def test_a_price_gives_the_levels_of_this_installation(
    catalog: Callable[[], Catalog], environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that names another level is broken, and is neither sold nor looked for."""
    monkeypatch.setenv("LEVELS", "NONE,GOLD")
    environment.server.play = answer(json.dumps(PRICE | {"metadata": {"plan": "p", "entitlement_level": "GOLD"}}))
    price = catalog().price(PriceId("price_1"))
    assert price is not None
    assert (price.problem, price.gives.level) == (None, "GOLD")


def test_what_is_subscribed_to_has_the_levels_of_this_installation(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEVELS", "NONE,GOLD")
    gold = ITEM | {"price": PRICE | {"product": PRODUCT, "metadata": {"plan": "p", "entitlement_level": "GOLD"}}}
    environment.server.play = answer(json.dumps(SUBSCRIPTION | {"items": {"data": [gold], "has_more": False}}))
    [item] = subscriptions_dependencies().change.stripe.live(SUB).items
    assert (item.price.problem, item.price.gives.level) == (None, "GOLD")


QUEUES: dict[str, Callable[[], Queue]] = {
    "catch_up": lambda: walk_dependencies().queue,
    "event_consumer": lambda: consumer_dependencies().queue,
    "webhook": lambda: webhook_dependencies().queue,
}


@pytest.mark.parametrize("queue", QUEUES.values(), ids=QUEUES.keys())
def test_events_go_into_the_queue_of_this_installation(
    queue: Callable[[], Queue], environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="ours")["QueueUrl"]
    monkeypatch.setenv("EVENTS_QUEUE_URL", url)
    queue().send("{}")
    assert [each["Body"] for each in sqs.receive_message(QueueUrl=url)["Messages"]] == ["{}"]
    sqs.delete_queue(QueueUrl=url)


@pytest.mark.parametrize("account", ["acct_1Connected", ""])
def test_every_request_is_about_the_connected_account(
    account: str, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F30: without its name Stripe answers of the platform's own account."""
    monkeypatch.setenv("STRIPE_ACCOUNT", account)
    with suppress(StripeUnavailable):
        account_dependencies().catalog().active_prices()
    head = environment.server.received[-1].partition(b"\r\n\r\n")[0].decode().lower()
    assert ("stripe-account: acct_1connected" in head.splitlines()) is bool(account)
