"""What becomes of the rest of an account when credits are spent, held or given: nothing, whatever there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from datetime import timedelta

import pytest

from billing.domain.account import Account
from billing.domain.credits import Lot, balance_of
from billing.domain.entitlement import AccessPolicy, LevelGrant
from billing.domain.ids import CustomerId, PriceId, PurchaseKey, ReservationId, SubscriptionId
from billing.domain.ledger import Cause
from billing.domain.payment_notes import PaymentNote
from billing.domain.spending import (
    Act,
    Holdings,
    capture,
    grant,
    release,
    reserve,
    settle_account,
    spend,
    take,
    undo_spend,
)
from billing.domain.subscription import Span, SubscriptionState
from tests.fakes.snapshots import ALICE, DAY, NOW

SERVICE = Cause("service")
HELD = ReservationId("rsv_held")
CREDITS = {"lots", "reservations", "balance", "version"}
"""What an act may change; time may turn the recorded level as well."""
LOTS = (
    Lot(PurchaseKey("cs_1"), 0, 100, NOW, NOW + 10 * DAY),
    Lot(PurchaseKey("cs_2"), 0, 100, NOW),
)
BARE = Account(
    ALICE,
    email="alice@example.com",
    customers=(CustomerId("cus_1"),),
    deleted_customers=(CustomerId("cus_0"),),
    customer_generation=2,
    subscriptions=(
        SubscriptionState(
            id=SubscriptionId("sub_1"),
            customer=CustomerId("cus_1"),
            status="active",
            created=NOW,
            price_id=PriceId("price_1"),
            quantity=1,
            plan="pro_monthly",
            level="PRO",
            period_end=NOW + 30 * DAY,
            trial_end=None,
            cancel_at_period_end=False,
            paid_through=NOW + 30 * DAY,
        ),
    ),
    subscribed=("default",),
    levels=(LevelGrant(PurchaseKey("cs_3"), 0, "PRO", NOW, 30),),
    lots=LOTS,
    balance=balance_of(LOTS),
    payments=(PaymentNote("cs_1", 500, "usd", NOW),),
    access=Span("PRO", None),
    version=7,
    stripe_version=3,
    unlooked=True,
)
WHOLE = replace(
    reserve(Holdings(BARE), HELD, 10, NOW + timedelta(minutes=10), None, NOW, SERVICE).account,
    unlooked=True,
)
SPENT = spend(Holdings(WHOLE), 30, "a picture", None, NOW, SERVICE)


def undone() -> Act:
    assert SPENT.entry is not None
    return undo_spend(Holdings(replace(WHOLE, lots=SPENT.account.lots)), SPENT.entry, "refunded", NOW, SERVICE)


def settled() -> Act:
    act = settle_account(Holdings(WHOLE), NOW + 11 * DAY, AccessPolicy(("FREE", "PRO"), grace=DAY), SERVICE)
    assert act is not None, "a lot has run out by then"
    return act


ACTS: dict[str, Callable[[], Act]] = {
    "spend": lambda: SPENT,
    "undo": undone,
    "reserve": lambda: reserve(Holdings(WHOLE), ReservationId("rsv_2"), 5, NOW + DAY, None, NOW, SERVICE),
    "capture": lambda: capture(Holdings(WHOLE), HELD, 4, "captured", NOW, SERVICE),
    "release": lambda: release(Holdings(WHOLE), HELD, NOW, SERVICE),
    "grant": lambda: grant(Holdings(WHOLE), PurchaseKey("adj_1"), 25, None, "sorry", NOW, SERVICE),
    "take": lambda: take(Holdings(WHOLE), 5, "misuse", NOW, SERVICE),
    "expiry": settled,
}


def test_the_account_has_something_in_every_field() -> None:
    """So that one that is added is put to the test, too."""
    for each in fields(Account):
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        assert getattr(WHOLE, each.name) != default, each.name


@pytest.mark.parametrize("act", ACTS)
def test_an_act_changes_credits_alone(act: str) -> None:
    after = ACTS[act]().account
    kept = [each.name for each in fields(Account) if each.name not in CREDITS]
    assert {name: getattr(after, name) for name in kept} == {name: getattr(WHOLE, name) for name in kept}
    assert after.version == WHOLE.version + 1
