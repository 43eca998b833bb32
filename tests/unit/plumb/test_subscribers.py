"""What plumb tells of somebody who has a subscription, and what it refuses while there is one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.adapters.dynamodb.items import account_key, to_item
from billing.domain.account import Account
from billing.domain.ids import UserId
from billing.domain.subscription import state_of
from tests.fakes.operator import Operator
from tests.fakes.snapshots import CUSTOMER, NOW, POLICY, PRICES, a_subscription
from tests.unit.plumb.conftest import ENVIRONMENT, Deployed

ALICE = UserId("alice")
PERIOD_END = NOW + timedelta(days=30)


def subscribe(deployed: Deployed, **given: Any) -> None:
    deployed.deploy()
    deployed.store_secrets()
    state = state_of(a_subscription(**given), None, [], PRICES, POLICY.levels)
    account = Account(user=ALICE, customers=(CUSTOMER,), subscriptions=(state,), version=1)
    deployed.dynamodb.put_item(
        TableName=ENVIRONMENT["ACCOUNTS_TABLE"], Item=to_item(account, pk=account_key(account.user))
    )


@pytest.mark.parametrize("status", ["trialing", "active", "past_due", "unpaid", "paused"])
def test_no_customer_is_emptied_whose_subscription_may_bill_again(
    deployed: Deployed, plumb: Operator, status: str
) -> None:
    """S16: one that is paused is resumed by a click, and its receipts would go to nobody."""
    subscribe(deployed, status=status)
    told = plumb("forget", ALICE, "--stripe", "--yes", "--stage", "staging")
    assert (told.code, "still has the subscription sub_1" in told.err) == (1, True), told


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ({}, "no"),
        ({"cancel_at_period_end": True}, f"{PERIOD_END:%Y-%m-%d %H:%M:%S}"),
        ({"cancel_at": PERIOD_END - timedelta(days=9)}, f"{PERIOD_END - timedelta(days=9):%Y-%m-%d %H:%M:%S}"),
    ],
)
def test_it_is_told_when_a_subscription_ends(
    deployed: Deployed, plumb: Operator, given: dict[str, Any], ends: str
) -> None:
    """Stripe's portal sets a moment, and leaves the flag as it was."""
    subscribe(deployed, **given)
    lines = plumb("account", ALICE, "--stage", "staging", "--entries", "0").out.splitlines()
    [row] = [line for line in lines if line.startswith("sub_1 ")]
    assert row.endswith(f"  {ends}"), row
