"""Using credits beside what Stripe says of them: spends, reservations, adjustments, expiry and debts."""

import tempfile
from pathlib import Path

from tests.integration.purchase.wait import until
from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row


def _credited(play: Play, key: str = "credits_500") -> None:
    """Buy, and have the credits: only then can they be used."""
    play.buy(key)
    play.settle()


def _spend(play: Play, amount: int, key: str = "spend-1") -> str:
    answer = play.spend(amount, key)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["transaction"]["id"])


def _spent(play: Play) -> None:
    """Twice under one key is once."""
    _credited(play)
    assert _spend(play, 120) == _spend(play, 120)


def _reversed(play: Play) -> None:
    _credited(play)
    entry = _spend(play, 120)
    assert play.service.reverse(play.user, entry, "undo-1").status_code == 200


def _captured(play: Play) -> None:
    _credited(play)
    name = play.service.reserve(play.user, 300)
    assert play.service.capture(play.user, name, "capture-1", 120).status_code == 200


def _captured_after_a_refund(play: Play) -> None:
    """What was reserved is used, although the money went back meanwhile: a debt."""
    _credited(play)
    name = play.service.reserve(play.user, 300)
    play.refund()
    play.settle()
    assert play.service.capture(play.user, name, "capture-1").status_code == 200


def _released(play: Play) -> None:
    _credited(play)
    name = play.service.reserve(play.user, 300)
    assert play.service.release(play.user, name, "release-1").status_code == 200


def _lapsed(play: Play) -> None:
    """It ends by itself: afterwards everything can be spent."""
    _credited(play)
    play.service.reserve(play.user, 300, seconds=1)
    until("it has lapsed", lambda: play.spend(500).status_code == 200)


def _soonest_first(play: Play) -> None:
    """From the pack that expires, although it was bought later; so a refund of the other one finds all but 100."""
    first = play.buy()
    _credited(play, "credits_2000_90d")
    _spend(play, 2100)
    play.refund(checkout=first)


def _adjusted(play: Play) -> None:
    _credited(play)
    play.grant(50)
    play.grant(20, "--take")


def _granted_by_a_file(play: Play) -> None:
    """A second run of the file does nothing."""
    _credited(play)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "grants.csv"
        file.write_text(f"user,amount,reason\n{play.user},100,welcome\n{play.user},-30,fee\n")
        for _ in range(2):
            play.house.plumb("grant", "--csv", str(file), "--yes")


def _expired(play: Play) -> None:
    """By the schedule, in an account that nothing else touches (money rule 16)."""
    _credited(play, "credits_2000_90d")
    _spend(play, 300)
    play.advance(91)
    play.service.run("settle_due")


def _debt_covered(play: Play) -> None:
    """What was spent before its refund is owed: it blocks, and the next purchase covers it first (money rule 17)."""
    _credited(play)
    _spend(play, 400)
    play.refund()
    play.settle()
    assert play.spend(1, "spend-2").status_code == 402
    _credited(play)
    _spend(play, 100, "spend-3")


ONE: Ledger = (("PURCHASE", 500), ("SPEND", -120))
UNDONE: Ledger = (("PURCHASE", 500), ("SPEND", -120), ("SPEND_REVERSAL", 120))
OWED: Ledger = (("PURCHASE", 500), ("REFUND", -500), ("SPEND", -300))
SOONEST: Ledger = (("PURCHASE", 500), ("PURCHASE", 2000), ("REFUND", -500), ("SPEND", -2100))
BY_HAND: Ledger = (("ADJUSTMENT", -20), ("ADJUSTMENT", 50), ("PURCHASE", 500))
BY_FILE: Ledger = (("ADJUSTMENT", -30), ("ADJUSTMENT", 100), ("PURCHASE", 500))
OVER: Ledger = (("EXPIRY", -1700), ("PURCHASE", 2000), ("SPEND", -300))
COVERED: Ledger = (("PURCHASE", 500), ("PURCHASE", 500), ("REFUND", -500), ("SPEND", -400), ("SPEND", -100))

ROWS = (
    Row("spent once under one key", "spending", _spent, "FREE", 380, ONE),
    Row("a spend undone", "spending", _reversed, "FREE", 500, UNDONE),
    Row("a reservation captured in part", "reservations", _captured, "FREE", 380, ONE),
    Row("captured after the refund", "reservations", _captured_after_a_refund, "FREE", -300, OWED),
    Row("a reservation released", "reservations", _released, "FREE", 500, (("PURCHASE", 500),)),
    Row("a reservation lapsed", "reservations", _lapsed, "FREE", 0, (("PURCHASE", 500), ("SPEND", -500))),
    Row("what expires first is spent first", "lots", _soonest_first, "FREE", -100, SOONEST),
    Row("adjusted by hand", "grants", _adjusted, "FREE", 530, BY_HAND),
    Row("granted by a file", "grants", _granted_by_a_file, "FREE", 570, BY_FILE),
    Row("expired by the schedule", "lots", _expired, "FREE", 0, OVER, time=True),
    Row("a debt that the next purchase covers", "ledger kinds", _debt_covered, "FREE", 0, COVERED),
)
