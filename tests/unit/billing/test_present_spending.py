"""What using credits came to, and what is reserved: from the domain to JSON, every field, as a client reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from billing.domain.account import Account, Credits
from billing.domain.credits import Lot, Reservation, Share
from billing.domain.entitlement import AccessPolicy, LevelGrant
from billing.domain.ids import PurchaseKey, ReservationId, UserId
from billing.domain.ledger import Entry, Kind
from billing.domain.receipt import Receipt
from billing.present.account import account_answer
from billing.present.credits import credits_detail, reserve_answer, spend_answer

NOW = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)
ISO, ISO_LATER = "2026-11-21T10:00:00Z", "2026-11-21T10:15:00Z"
USER = UserId("alice")
LOT = Lot(PurchaseKey("cs_1"), 0, 500, NOW, held=80)
RESERVATION = Reservation(
    ReservationId("rsv_1"), 80, NOW, NOW + timedelta(minutes=15), (Share(LOT.purchase, 0, 80),), "job-2"
)
TOLD = {"reservationId": "rsv_1", "amount": 80, "createdAt": ISO, "expiresAt": ISO_LATER, "reference": "job-2"}
LEFT = Credits(balance=500, available=420, reserved=80)


def told(answer: BaseModel) -> Any:
    return json.loads(answer.model_dump_json(by_alias=True))


def test_what_is_reserved_is_a_part_of_the_balance_until_it_lapses() -> None:
    account = Account(USER, lots=(LOT,), reservations=(RESERVATION,), balance=500)
    assert told(credits_detail(account, NOW)) == {
        "balance": 500,
        "reserved": 80,
        "available": 420,
        "lots": [{"purchase": "cs_1", "granted": 500, "left": 500, "expiresAt": None}],
        "reservations": [TOLD],
    }
    lapsed = told(credits_detail(account, RESERVATION.expires_at))
    assert (lapsed["reserved"], lapsed["available"], lapsed["reservations"]) == (0, 500, [])


def test_a_spend_is_answered_with_what_is_left() -> None:
    entry = Entry(USER, 4, 0, Kind.SPEND, -25, 475, None, None, "service", "1 picture", NOW, reference="job-1")
    assert told(spend_answer(Receipt(LEFT, entry=entry))) == {
        "balance": 500,
        "reserved": 80,
        "available": 420,
        "transaction": {
            "id": "000000000004#000",
            "kind": "SPEND",
            "amount": -25,
            "balanceAfter": 475,
            "createdAt": ISO,
            "stripeObject": None,
            "eventId": None,
            "actor": "service",
            "reason": "1 picture",
            "reference": "job-1",
        },
    }


def test_a_reservation_is_answered_with_what_is_left() -> None:
    answer = told(reserve_answer(Receipt(LEFT, reservation=RESERVATION)))
    assert answer == {"balance": 500, "reserved": 80, "available": 420, "reservation": TOLD}


@pytest.mark.parametrize("show", [spend_answer, reserve_answer])
def test_a_receipt_of_something_else_is_not_shown(show: Any) -> None:
    with pytest.raises(ValueError, match="a receipt without"):
        show(Receipt(LEFT))


def test_the_levels_that_were_bought_once() -> None:
    bought = LevelGrant(PurchaseKey("cs_1"), 0, "PRO", NOW, 30, NOW + timedelta(minutes=15))
    account = Account(USER, levels=(bought, replace(bought, days=None, ended_at=None)))
    assert told(account_answer(account, AccessPolicy(("FREE", "PRO"), timedelta(0)), NOW))["levels"] == [
        {"level": "PRO", "purchase": "cs_1", "paidAt": ISO, "days": 30, "endedAt": ISO_LATER},
        {"level": "PRO", "purchase": "cs_1", "paidAt": ISO, "days": None, "endedAt": None},
    ]
