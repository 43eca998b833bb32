"""What is watched of each commit says what is wrong, and nothing of what is right."""

from typing import Any

import pytest

from tests.simulation.world.counted import Counted
from tests.simulation.world.promised import Promised

AT = "2026-11-20T10:00:00Z"


def lot(purchase: str = "cs_1", **figures: int | str | None) -> dict[str, Any]:
    nothing = {"reversed": 0, "used": 0, "expired": 0, "held": 0, "expires_at": None}
    return {"purchase": purchase, "line": 0, "granted": 100, **nothing, **figures}


def share(amount: int, purchase: str = "cs_1") -> dict[str, Any]:
    return {"purchase": purchase, "line": 0, "amount": amount}


def reservation(*shares: dict[str, Any], amount: int = 60) -> dict[str, Any]:
    return {"id": "rsv_1", "amount": amount, "shares": list(shares)}


def account(*lots: dict[str, Any], balance: int = 100, reservations: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {"user": "alice", "balance": balance, "lots": list(lots), "reservations": list(reservations)}


def spend(*shares: dict[str, Any], reference: str | None = None) -> dict[str, Any]:
    return {"kind": "SPEND", "at": AT, "lots": list(shares), "reference": reference}


HELD = account(lot(held=60), reservations=(reservation(share(60)),))


@pytest.mark.parametrize("outcomes", [["APPLIED"], ["NOOP", "NOOP"], []])
def test_a_converge_moves_the_counter_on_by_one(outcomes):
    assert Counted().committed("alice", 1, outcomes) is None


@pytest.mark.parametrize(("then", "outcomes"), [(3, ["NOOP"]), (2, ["APPLIED"]), (1, []), (4, [])])
def test_a_counter_that_stands_goes_back_or_leaps_is_wrong(then, outcomes):
    counted = Counted()
    counted.known["alice"] = 2
    assert (counted.committed("alice", then, outcomes) is None) == (then == 3)


def test_events_worked_through_without_an_account_are_wrong():
    assert Counted().committed(None, 0, ["NOOP"]) is not None
    assert Counted().committed(None, 0, ["PARKED", "IGNORED"]) is None


@pytest.mark.parametrize(
    ("written", "entries"),
    [
        (HELD, []),
        (account(lot(used=40, held=60), balance=60, reservations=HELD["reservations"]), [spend(share(40))]),
        (account(lot(used=60), balance=40), [spend(share(60), reference="rsv_1")]),
        (account(lot(used=40, expires_at="2026-11-20T10:00:01Z"), balance=60), [spend(share(40))]),
    ],
)
def test_what_is_right_is_not_reported(written, entries):
    assert list(Promised().wrong(written, entries)) == []


@pytest.mark.parametrize(
    ("written", "entries", "said"),
    [
        (account(lot(held=40), reservations=(reservation(share(40)),)), [], "do not add up"),
        (account(lot(held=10), reservations=(reservation(share(60)),)), [], "lots hold"),
        (account(lot(used=60, held=60), balance=40, reservations=HELD["reservations"]), [], "took what was reserved"),
        (HELD, [spend(share(60), reference="rsv_1")], "is still open"),
        (account(lot(used=40, expires_at=AT), balance=60), [spend(share(40))], "had run out"),
    ],
)
def test_what_is_wrong_is_reported(written, entries, said):
    assert any(said in wrong for wrong in Promised().wrong(written, entries))


def test_a_reservation_that_a_refund_has_overtaken_is_right_and_one_that_comes_then_is_not():
    refunded = account(lot(reversed=80, held=60), balance=20, reservations=HELD["reservations"])
    promised = Promised()
    promised.begins("alice", HELD)
    assert list(promised.wrong(refunded, [])) == []
    assert list(Promised().wrong(refunded, [])) != []


def test_a_lot_that_had_expired_is_spent_by_nobody_whatever_the_clock_says():
    promised = Promised()
    promised.begins("alice", account(lot(expired=100, expires_at=AT), balance=0))
    back = account(lot(used=40, expires_at="2026-11-20T12:00:00Z"), balance=60)
    assert any("had run out" in wrong for wrong in promised.wrong(back, [spend(share(40))]))
