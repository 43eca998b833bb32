"""When the trial ended of a subscription that is in no list any more: its customer was deleted (decision 0060)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from billing.adapters.stripe_api.reader import StripeReads
from billing.domain.ids import InvoiceId
from billing.domain.snapshot import Invoice
from billing.ports.stripe import Touched
from tests.fakes.snapshots import CUSTOMER, NOW
from tests.unit.billing.adapters.stripe_wire import refusal
from tests.unit.billing.adapters.test_stripe_adapter import PRICE
from tests.unit.billing.adapters.test_stripe_plan_changes import ITEM, LEVELS
from tests.unit.billing.adapters.test_stripe_rest_of_lists import Wire, rows
from tests.unit.billing.adapters.test_stripe_shapes import INVOICE, LINE, SUBSCRIPTION

PARENT = {"subscription_details": {"subscription": "sub_1"}}
CHANGE = INVOICE | {"billing_reason": "subscription_update", "lines": rows(LINE), "parent": PARENT}
READ = "/v1/invoices/in_1?expand[0]=payments"


def invoice_read(wire: Wire) -> Invoice:
    told = Touched(invoices=frozenset({InvoiceId("in_1")}))
    truth = wire.ask(lambda api: StripeReads(api, LEVELS, livemode=False).snapshot([CUSTOMER], told))
    (found,) = truth.invoices
    assert isinstance(found, Invoice)
    return found


@pytest.mark.parametrize("trial_end", [NOW, None])
def test_the_invoice_of_a_change_tells_when_the_trial_ended(trial_end: datetime | None) -> None:
    """F44: the customer was deleted while the payment was pending."""
    ended = SUBSCRIPTION | {"status": "canceled", "trial_end": trial_end and int(trial_end.timestamp())}
    wire = Wire(subscriptions=rows(), invoices__in_1=CHANGE, subscriptions__sub_1=ended | {"items": rows(ITEM)})
    assert invoice_read(wire).trial_end == trial_end
    assert wire.asked[1:] == [READ, "/v1/subscriptions/sub_1"]


def test_it_is_told_also_where_the_user_has_subscribed_anew() -> None:
    """With the next customer: that subscription is listed, and it says nothing of the one that is not."""
    another = SUBSCRIPTION | {"id": "sub_2", "items": rows(ITEM)}
    ended = SUBSCRIPTION | {"status": "canceled", "trial_end": int(NOW.timestamp()), "items": rows(ITEM)}
    wire = Wire(subscriptions=rows(another), invoices__in_1=CHANGE, subscriptions__sub_1=ended, prices__price_1=PRICE)
    assert invoice_read(wire).trial_end == NOW


def test_a_subscription_that_is_not_there_at_all_tells_of_no_trial() -> None:
    """Test data may have been deleted as a whole."""
    gone = refusal(code="resource_missing", param="id")
    wire = Wire(subscriptions=rows(), invoices__in_1=CHANGE, subscriptions__sub_1=gone)
    assert invoice_read(wire).trial_end is None
    assert len(wire.asked) == 3


@pytest.mark.parametrize(
    ("listed", "about"),
    [(True, {}), (False, {"billing_reason": "subscription_cycle"}), (False, {"parent": None})],
    ids=["listed", "no change", "no subscription"],
)
def test_no_subscription_is_read_otherwise(listed: bool, about: dict[str, Any]) -> None:
    subscriptions = [SUBSCRIPTION | {"items": rows(ITEM)}] if listed else []
    wire = Wire(subscriptions=rows(*subscriptions), invoices__in_1=CHANGE | about, prices__price_1=PRICE)
    assert invoice_read(wire).trial_end is None
    assert not [asked for asked in wire.asked if asked.startswith("/v1/subscriptions/")]
