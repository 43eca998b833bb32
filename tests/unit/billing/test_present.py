"""From the domain to JSON: every field, exact, as a client reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from billing.domain.account import Account
from billing.domain.catalog import Gives, Price
from billing.domain.credits import Lot
from billing.domain.entitlement import AccessPolicy, LevelGrant
from billing.domain.ids import (
    CustomerId,
    EventId,
    OrderId,
    PriceId,
    PurchaseKey,
    SubscriptionId,
    UserId,
)
from billing.domain.ledger import Entry, Kind
from billing.domain.order import OrderLine
from billing.domain.purchase import Purchase, PurchaseState
from billing.domain.subscription import Span, SubscriptionState
from billing.ports.store import Page
from billing.present.account import account_answer, entitlement_answer, subscription_answer
from billing.present.catalog import catalog_answer
from billing.present.checkout import success_answer
from billing.present.credits import credits_answer, credits_detail, transactions_answer

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SOON = NOW + timedelta(days=30)
ISO, ISO_SOON = "2026-11-21T10:00:00Z", "2026-12-21T10:00:00Z"
POLICY = AccessPolicy(("FREE", "PRO", "TEAM"), timedelta(days=7))
SESSION = PurchaseKey("cs_1")
USER = UserId("alice")


def lot(**given: Any) -> Lot:
    return replace(Lot(SESSION, 0, 500, NOW), **given)


ACCOUNT = Account(
    user=USER,
    email="alice@example.com",
    customers=(CustomerId("cus_1"),),
    subscriptions=(
        SubscriptionState(
            id=SubscriptionId("sub_1"),
            customer=CustomerId("cus_1"),
            status="active",
            created=NOW,
            price_id=PriceId("price_2"),
            quantity=1,
            plan="pro",
            level="PRO",
            period_end=SOON,
            trial_end=None,
            cancel_at_period_end=False,
            paid_through=SOON,
        ),
    ),
    lots=(lot(used=100),),
    balance=400,
    version=7,
    stripe_version=5,
)
PURCHASE = Purchase(
    key=SESSION,
    user=USER,
    order=OrderId("ord_1"),
    mode="payment",
    currency="usd",
    lines=(
        OrderLine(PriceId("price_1"), "500 credits", 2, 500, Gives(credits=500)),
        OrderLine(PriceId("price_3"), "Pro for 30 days", 1, None, Gives(level="PRO", level_days=30)),
    ),
    created_at=NOW,
    state=PurchaseState.PAID,
    amount_total=1900,
    paid_at=NOW,
)


def told(answer: BaseModel) -> Any:
    """What a client reads."""
    return json.loads(answer.model_dump_json(by_alias=True))


def test_the_account_is_answered_whole() -> None:
    assert told(account_answer(ACCOUNT, POLICY, NOW)) == {
        "userId": "alice",
        "email": "alice@example.com",
        "credits": {"balance": 400, "reserved": 0, "available": 400},
        "entitlements": {"level": "PRO", "expiresAt": None},
        "subscriptions": [
            {
                "subscriptionId": "sub_1",
                "status": "active",
                "priceId": "price_2",
                "quantity": 1,
                "plan": "pro",
                "level": "PRO",
                "currentPeriodEnd": ISO_SOON,
                "trialEnd": None,
                "cancelAtPeriodEnd": False,
                "cancelAt": None,
            }
        ],
        "levels": [],
        "version": 7,
    }


@pytest.mark.parametrize(
    ("given", "told_as"),
    [
        ({"cancel_at_period_end": True}, {"cancelAtPeriodEnd": True, "cancelAt": ISO_SOON}),
        ({"cancel_at": NOW}, {"cancelAtPeriodEnd": False, "cancelAt": ISO}),
        ({"cancel_at": NOW, "cancel_at_period_end": True}, {"cancelAtPeriodEnd": True, "cancelAt": ISO}),
        ({"status": "trialing", "trial_end": SOON}, {"trialEnd": ISO_SOON}),
        ({"status": "active", "trial_end": NOW}, {"trialEnd": None}),
    ],
)
def test_a_subscription_answers_when_it_ends(given: dict[str, Any], told_as: dict[str, Any]) -> None:
    """The portal ends one by a time of its own where billing is flexible, and not by the flag."""
    answer = told(subscription_answer(replace(ACCOUNT.subscriptions[0], **given)))
    assert answer.items() >= told_as.items()


def test_an_account_of_somebody_who_never_bought() -> None:
    assert told(account_answer(Account(user=USER), POLICY, NOW)) == {
        "userId": "alice",
        "email": None,
        "credits": {"balance": 0, "reserved": 0, "available": 0},
        "entitlements": {"level": "FREE", "expiresAt": None},
        "subscriptions": [],
        "levels": [],
        "version": 0,
    }


def test_a_negative_balance_is_shown_and_nothing_is_available() -> None:
    spent_then_refunded = replace(ACCOUNT, lots=(lot(used=300, reversed=500),), balance=-300)
    assert told(credits_answer(spent_then_refunded, NOW)) == {"balance": -300, "reserved": 0, "available": 0}


def test_expired_credits_are_gone_before_the_schedule_has_written_it() -> None:
    expired = replace(ACCOUNT, lots=(lot(expires_at=NOW), lot(line=1, granted=50, expires_at=SOON)), balance=550)
    assert told(credits_detail(expired, NOW)) == {
        "balance": 50,
        "reserved": 0,
        "available": 50,
        "lots": [{"purchase": "cs_1", "granted": 50, "left": 50, "expiresAt": ISO_SOON}],
        "reservations": [],
    }


def test_lots_that_anything_is_left_of() -> None:
    account = replace(ACCOUNT, lots=(lot(used=500), lot(line=1, used=600), lot(line=2)))
    shown = told(credits_detail(account, NOW))["lots"]
    assert [(each["granted"], each["left"], each["expiresAt"]) for each in shown] == [
        (500, -100, None),
        (500, 500, None),
    ]


@pytest.mark.parametrize(("until", "shown"), [(SOON, ISO_SOON), (None, None)])
def test_an_entitlement_shows_its_level_and_its_end(until: datetime | None, shown: str | None) -> None:
    assert told(entitlement_answer(Span("PRO", until))) == {"level": "PRO", "expiresAt": shown}


@pytest.mark.parametrize("moment", [NOW.replace(microsecond=1), NOW.replace(microsecond=999_999)])
def test_times_have_no_fraction_of_a_second(moment: datetime) -> None:
    """The contract's form is `2026-11-21T10:00:00Z`: some clients read nothing else."""
    assert told(entitlement_answer(Span("PRO", moment)))["expiresAt"] == ISO


def test_a_paid_purchase_shows_what_it_gave() -> None:
    account = replace(
        ACCOUNT, subscriptions=(), levels=(LevelGrant(SESSION, 1, "PRO", NOW, 30),), lots=(lot(granted=1000),)
    )
    assert told(success_answer(PURCHASE, account, POLICY, NOW)) == {
        "status": "paid",
        "purchase": {
            "sessionId": "cs_1",
            "orderId": "ord_1",
            "mode": "payment",
            "amountTotal": 1900,
            "currency": "usd",
            "paidAt": ISO,
            "lines": [
                {
                    "priceId": "price_1",
                    "name": "500 credits",
                    "quantity": 2,
                    "unitAmount": 500,
                    "credits": 1000,
                    "level": None,
                },
                {
                    "priceId": "price_3",
                    "name": "Pro for 30 days",
                    "quantity": 1,
                    "unitAmount": None,
                    "credits": 0,
                    "level": "PRO",
                },
            ],
            "creditsGranted": 1000,
        },
        "credits": {"balance": 1000, "reserved": 0, "available": 1000},
        "entitlements": {"level": "PRO", "expiresAt": ISO_SOON},
    }


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (PurchaseState.OPEN, "open"),
        (PurchaseState.PROCESSING, "processing"),
        (PurchaseState.EXPIRED, "expired"),
        (PurchaseState.FAILED, "failed"),
    ],
)
def test_a_purchase_that_is_not_paid_grants_nothing(state: PurchaseState, status: str) -> None:
    unpaid = replace(PURCHASE, state=state, amount_total=None, paid_at=None)
    answer = told(success_answer(unpaid, Account(user=USER), POLICY, NOW))
    assert answer["status"] == status
    assert (answer["purchase"]["amountTotal"], answer["purchase"]["paidAt"]) == (None, None)
    assert answer["purchase"]["creditsGranted"] == 0


def test_every_state_has_a_status() -> None:
    for state in PurchaseState:
        success_answer(replace(PURCHASE, state=state), Account(user=USER), POLICY, NOW)


def test_a_page_of_the_ledger_is_answered_with_its_cursor() -> None:
    full = Entry(USER, 12, 1, Kind.REFUND, -500, 0, "cs_1", EventId("evt_1"), "event_consumer", "refunded", NOW)
    bare = replace(full, kind=Kind.ACCESS, amount=0, stripe_object=None, event=None, actor="success_sync")
    assert told(transactions_answer(Page((full, bare), "000000000012#001"))) == {
        "transactions": [
            {
                "id": "000000000012#001",
                "kind": "REFUND",
                "amount": -500,
                "balanceAfter": 0,
                "createdAt": ISO,
                "stripeObject": "cs_1",
                "eventId": "evt_1",
                "actor": "event_consumer",
                "reason": "refunded",
                "reference": None,
            },
            {
                "id": "000000000012#001",
                "kind": "ACCESS",
                "amount": 0,
                "balanceAfter": 0,
                "createdAt": ISO,
                "stripeObject": None,
                "eventId": None,
                "actor": "success_sync",
                "reason": "refunded",
                "reference": None,
            },
        ],
        "nextCursor": "000000000012#001",
    }
    assert told(transactions_answer(Page((), None))) == {"transactions": [], "nextCursor": None}


PRICE = Price(
    id=PriceId("price_1"),
    lookup_key="pro_monthly",
    product_id="prod_1",
    product_name="Pro",
    description="All of it",
    active=True,
    currency="usd",
    unit_amount=1200,
    interval="month",
    gives=Gives(credits=100, credits_expire_days=90, level="PRO", level_days=30, plan="pro"),
    options={"eur": 1100},
    interval_count=3,
)


def test_a_price_that_is_for_sale() -> None:
    assert told(catalog_answer([PRICE])) == {
        "prices": [
            {
                "priceId": "price_1",
                "lookupKey": "pro_monthly",
                "productId": "prod_1",
                "productName": "Pro",
                "description": "All of it",
                "unitAmount": 1200,
                "currency": "usd",
                "type": "recurring",
                "interval": "month",
                "intervalCount": 3,
                "currencies": [{"currency": "eur", "unitAmount": 1100}],
                "gives": {
                    "credits": 100,
                    "creditsExpireDays": 90,
                    "level": "PRO",
                    "levelDays": 30,
                    "plan": "pro",
                    "planGroup": "default",
                },
            }
        ]
    }


def test_what_a_price_does_not_have_is_null() -> None:
    bare = replace(PRICE, lookup_key=None, description=None, interval=None, gives=Gives(level="PRO"), unit_amount=0)
    (shown,) = told(catalog_answer([bare]))["prices"]
    assert (shown["lookupKey"], shown["description"], shown["interval"]) == (None, None, None)
    assert shown["intervalCount"] is None
    assert (shown["type"], shown["unitAmount"]) == ("one_time", 0)
    assert shown["gives"] == {
        "credits": None,
        "creditsExpireDays": None,
        "level": "PRO",
        "levelDays": None,
        "plan": None,
        "planGroup": None,
    }


@pytest.mark.parametrize(
    "change", [{"active": False}, {"problem": "credits_amount"}, {"unit_amount": None}, {"gives": Gives(plan="pro")}]
)
def test_what_can_not_be_bought_is_not_shown(change: dict[str, Any]) -> None:
    assert told(catalog_answer([replace(PRICE, **change)])) == {"prices": []}
