"""A checkout that begins again over what Stripe has kept, or lost, of the first try; real adapters, one user."""

from __future__ import annotations

from dataclasses import replace

import pytest

from billing.adapters.stripe_api.checkout import StripeSessions
from billing.domain.account import Account
from billing.domain.ids import CustomerId
from billing.domain.order import Order
from billing.errors import StripeUnavailable
from billing.ports.store import Owner
from billing.ports.stripe import OpenSession
from tests.integration.adapters.shop import Shop
from tests.integration.adapters.stripe_side import APP, StripeSide


class Dies(StripeSessions):
    """The process ends when Stripe has the request, and nobody reads the answer."""

    def create_session(self, order: Order, customer: CustomerId, key: str) -> OpenSession:
        super().create_session(order, customer, key)
        raise StripeUnavailable("died")


def test_a_customer_id_that_stripe_does_not_know(shop: Shop) -> None:
    """Test data of a Stripe account can be deleted as a whole, and our tables stay. Money rule 23."""
    store = shop.world.accounts
    store.own_customers(store.open_account(Account(shop.user)), [CustomerId("cus_nobody")])
    session = shop.start(shop.side.price())
    account = shop.account
    assert account.deleted_customers == ("cus_nobody",)
    assert account.customer_generation == 2
    assert shop.side.v1.checkout.sessions.retrieve(session.id).customer == account.customer
    assert store.owners([CustomerId(str(account.customer))]) == {account.customer: Owner(shop.user)}


class FailsLate(StripeSessions):
    """Stripe makes the session, fails then, and saves that."""

    side: StripeSide

    def create_session(self, order: Order, customer: CustomerId, key: str) -> OpenSession:
        self.side.control("faults", fail=1, status=500, fail_late=True)
        return super().create_session(order, customer, key)


def test_a_session_that_stripe_made_before_it_failed_is_nobodys_and_grants_nothing(
    shop: Shop, side: StripeSide
) -> None:
    """F26: its address was in no answer, and nobody is told of it later."""
    price, failing = side.price(), FailsLate(side.sdk, APP, "https://api.example.com")
    failing.side = side
    shop.checkout = replace(shop.checkout, stripe=failing)
    session = shop.start(price)
    assert shop.start(price) == session
    listed = side.v1.checkout.sessions.list({"customer": str(shop.account.customer)}).data
    (other,) = [each.id for each in listed if each.id != session.id]
    side.pay(session)
    shop.consume(shop.burst())
    side.v1.checkout.sessions.expire(other)
    shop.consume(shop.burst())
    assert (shop.account.balance, len(shop.account.lots)) == (500, 1)


@pytest.mark.parametrize("api", ["https://elsewhere.example.com", ""])
def test_a_setting_that_changed_between_the_crash_and_the_next_try(shop: Shop, side: StripeSide, api: str) -> None:
    """Stripe refuses the order's key for other parameters; the next order has a key of its own."""
    price, deps = side.price(), shop.checkout
    shop.checkout = replace(deps, stripe=Dies(side.sdk, APP, "https://api.example.com"))
    with pytest.raises(StripeUnavailable):
        shop.start(price)
    shop.checkout = replace(deps, stripe=StripeSessions(side.sdk, APP, api))
    session = shop.start(price)
    assert session == shop.start(price)
    success = side.v1.checkout.sessions.retrieve(session.id).success_url
    assert success is not None
    assert success.startswith(api or f"{APP}/checkout/return")
