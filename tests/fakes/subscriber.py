"""A core in which alice has the plan Pro, and what she may want of it."""

from __future__ import annotations

from dataclasses import replace

from billing.domain.ids import SubscriptionId
from billing.services.change_subscription import ChangeRequest
from billing.services.find_price import PriceRef
from tests.fakes.core import Core
from tests.fakes.snapshots import ALICE, INVOICE, a_line, a_price, a_subscription, an_invoice

TEAM = a_price("team_monthly", 3000, "month", level="TEAM", plan="team", credits=1000)
SUB = SubscriptionId("sub_1")


def subscribed_core() -> Core:
    """Alice has Pro since today, with the 100 credits of its first period."""
    core = Core()
    core.has_customer()
    core.stripe.prices[TEAM.id] = TEAM
    core.stripe.subscriptions[SUB] = a_subscription(latest_invoice=INVOICE)
    core.stripe.invoices[INVOICE] = an_invoice(a_line())
    core.deliver_change()
    assert core.granted() == [("PURCHASE", 100), ("ACCESS", 0)]
    return core


def wanted(lookup_key: str = "team_monthly", **given: object) -> ChangeRequest:
    """A change of her subscription to this price."""
    return replace(ChangeRequest(ALICE, PriceRef(lookup_key=lookup_key)), **given)  # type: ignore[arg-type]
