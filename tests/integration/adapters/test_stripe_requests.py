"""How often Stripe is asked: 25 requests a second are all there are, and a subscription makes seven events to start.

The bound is performance.md's: at most three for the burst of one checkout in one batch.
"""

from __future__ import annotations

from typing import Any

import pytest

from billing.domain.records import Outcome
from tests.integration.adapters.shop import Shop

AT_MOST = 3
PLAN = {"plan": "pro", "entitlement_level": "PRO", "credits_amount": "100"}


def test_the_burst_of_a_payment_in_one_batch(shop: Shop) -> None:
    session = shop.buy(shop.side.price())
    burst = shop.burst()
    asked = shop.consume(burst)
    assert len(burst) == 2  # payment_intent.succeeded, checkout.session.completed
    assert asked == [f"GET /v1/checkout/sessions/{session.id}", "GET /v1/subscriptions"]
    assert shop.account.balance == 500


def test_the_burst_of_a_subscription_in_one_batch(shop: Shop) -> None:
    """The price comes with the session's line items. The payment of the invoice is read before it grants, since it may
    have been refunded by then.
    """
    session = shop.buy(shop.side.price(interval="month", product=PLAN))
    burst = shop.burst()
    asked = shop.consume(burst)
    assert len(burst) >= 6
    paid = [path for path in asked if path.startswith("GET /v1/payment_intents/")]
    assert asked == [f"GET /v1/checkout/sessions/{session.id}", "GET /v1/subscriptions", *paid]
    assert len(paid) == 1
    assert len(asked) <= AT_MOST
    assert (shop.account.balance, [state.plan for state in shop.account.subscriptions]) == (100, ["pro"])


@pytest.mark.parametrize(("interval", "given"), [(None, {}), ("month", {"product": PLAN})], ids=["payment", "plan"])
def test_no_event_alone_needs_more(shop: Shop, interval: str | None, given: dict[str, Any]) -> None:
    """In separate batches nothing can be shared: then each is bounded, and the end is the same."""
    shop.buy(shop.side.price(interval=interval, **given))
    asked = [len(shop.consume([message])) for message in shop.burst()]
    assert max(asked) <= AT_MOST
    assert shop.account.balance == (500 if interval is None else 100)


def test_one_converge_serves_the_whole_burst(shop: Shop) -> None:
    """Every event of a checkout names the same order: the batch must not fall apart over that."""
    shop.buy(shop.side.price())
    before = shop.account.stripe_version
    shop.consume(shop.burst())
    assert shop.account.stripe_version == before + 1
    assert shop.metrics.counts[f"EventsByOutcome{{outcome={Outcome.APPLIED}}}"] == 2
    assert "failed" not in shop.log.messages


def test_a_replay_changes_nothing(shop: Shop) -> None:
    shop.buy(shop.side.price())
    burst = shop.burst()
    shop.consume(burst)
    before, entries = shop.account, shop.world.ledger.page(shop.user, 10, None)
    asked = shop.consume(burst)
    assert (shop.account, shop.world.ledger.page(shop.user, 10, None)) == (before, entries)
    assert len(asked) <= AT_MOST


def test_what_a_checkout_asks_stripe(shop: Shop) -> None:
    """The first one makes the customer, and looks for what came before it had an owner (money rule 9)."""
    price = shop.side.price()
    shop.side.requests.clear()
    shop.start(price)
    first = list(shop.side.requests)
    assert sorted(first) == sorted(
        [f"GET /v1/prices/{price}", "POST /v1/customers", "GET /v1/subscriptions", "POST /v1/checkout/sessions"]
    )
    other = shop.side.price()
    shop.side.requests.clear()
    shop.start(other)
    assert shop.side.requests == [f"GET /v1/prices/{other}", "POST /v1/checkout/sessions"]
