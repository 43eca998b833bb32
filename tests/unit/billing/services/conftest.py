"""The worlds that tests of services share: a deployment to which nothing has happened, and what most begin with.

A module that begins with one says so by `usefixtures`; one with a world of its own has its own `core`.
"""

import pytest

from billing.domain.ids import CustomerId, OrderId, SessionId
from tests.fakes.core import Core
from tests.fakes.snapshots import BOB, INVOICE, SESSION, SUBSCRIPTION, a_subscription, an_invoice, an_order


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def alice_has_paid(core: Core) -> None:
    """Alice has paid for 500 credits, and nobody has looked yet."""
    core.has_customer()
    core.has_session(an_order())
    core.stripe.pay(SESSION)


@pytest.fixture
def bob_has_paid(core: Core) -> None:
    """Bob as well, in a session `cs_bob`."""
    customer, session = CustomerId("cus_bob"), SessionId("cs_bob")
    core.has_customer(BOB, customer)
    core.has_session(an_order(id=OrderId("ord_bob"), user=BOB), session, customer)
    core.stripe.pay(session)


@pytest.fixture
def alice_has_subscribed(core: Core) -> None:
    """Alice has a subscription with a paid invoice, and nobody has looked yet."""
    core.has_customer()
    core.stripe.subscriptions[SUBSCRIPTION] = a_subscription(latest_invoice=INVOICE)
    core.stripe.invoices[INVOICE] = an_invoice()
