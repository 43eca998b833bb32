"""Disputes: what an inquiry, a dispute and its end do to the credits and levels that were bought."""

from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row


def _inquiry(play: Play) -> None:
    """It moves no money."""
    play.buy()
    play.dispute(inquiry=True)


def _inquiry_closed(play: Play) -> None:
    play.buy()
    play.end_dispute(play.dispute(inquiry=True), "warning_closed")


def _inquiry_becomes_a_dispute(play: Play) -> None:
    play.buy()
    play.end_dispute(play.dispute(inquiry=True), "needs_response")


def _opened(play: Play) -> None:
    play.buy()
    play.dispute()


def _in_part(play: Play) -> None:
    play.buy()
    play.dispute(amount=200)


def _won(play: Play) -> None:
    play.buy()
    play.end_dispute(play.dispute(), "won")


def _lost(play: Play) -> None:
    play.buy()
    play.end_dispute(play.dispute(), "lost")


def _appealed(play: Play) -> None:
    """The bank refused the evidence and keeps the money; only its last word may give it back."""
    play.buy()
    dispute = play.dispute()
    play.api("POST", f"disputes/{dispute['id']}", **{"evidence[access_activity_log]": "Ada Canaryname was here"})
    play.end_dispute(dispute, "appeal_needs_response")
    play.end_dispute(dispute, "appeal_under_review")


def _appealed_and_won(play: Play) -> None:
    _appealed(play)
    (found,) = play.api("GET", "disputes", payment_intent=play.session()["payment_intent"])["data"]
    play.end_dispute(found, "won")


def _resolved(play: Play) -> None:
    """Stripe gave the money back before it became a dispute, by a rule of the shopkeeper's."""
    play.buy()
    play.dispute(prevented="resolution")


def _blocked(play: Play) -> None:
    """What Stripe told the bank was enough: nothing was moved."""
    play.buy()
    play.dispute(prevented="block")


def _beside_a_refund(play: Play) -> None:
    """Together never more than was paid (money rule 18)."""
    play.buy()
    play.refund(400)
    play.dispute(amount=500)


def _won_beside_a_refund(play: Play) -> None:
    play.buy()
    play.refund(400)
    play.end_dispute(play.dispute(amount=500), "won")


def _in_another_currency(play: Play) -> None:
    """A part, but in the currency of the buyer's bank: it counts as the whole charge (money rule 18)."""
    play.buy()
    play.dispute(amount=100, currency="eur", exchange_rate=1.1)


def _of_an_invoice(play: Play) -> None:
    """The plan's credits go; its level follows the subscription."""
    play.buy("pro_monthly")
    play.dispute()


def _of_a_level(play: Play) -> None:
    play.buy("pro_30_days")
    play.dispute()


def _of_a_level_won(play: Play) -> None:
    play.buy("pro_30_days")
    play.end_dispute(play.dispute(), "won")


PACK: Ledger = (("PURCHASE", 500),)
TAKEN: Ledger = (("DISPUTE", -500), ("PURCHASE", 500))
PART: Ledger = (("DISPUTE", -200), ("PURCHASE", 500))
GIVEN_BACK: Ledger = (("DISPUTE", -500), ("DISPUTE_WON", 500), ("PURCHASE", 500))
BOTH: Ledger = (("DISPUTE", -100), ("PURCHASE", 500), ("REFUND", -400))
BOTH_AT_ONCE: Ledger = (("PURCHASE", 500), ("REFUND", -500))
BOTH_WON: Ledger = (("DISPUTE", -100), ("DISPUTE_WON", 100), ("PURCHASE", 500), ("REFUND", -400))
MONTH: Ledger = (("ACCESS", 0), ("DISPUTE", -100), ("PURCHASE", 100))
TURN: Ledger = (("ACCESS", 0),)

ROWS = (
    Row("an inquiry", "disputes", _inquiry, "FREE", 500, PACK),
    Row("an inquiry that is closed", "disputes", _inquiry_closed, "FREE", 500, PACK),
    Row("an inquiry that becomes a dispute", "disputes", _inquiry_becomes_a_dispute, "FREE", 0, TAKEN),
    Row("disputed", "disputes", _opened, "FREE", 0, TAKEN),
    Row("disputed in part", "disputes", _in_part, "FREE", 300, PART),
    Row("a dispute won", "disputes", _won, "FREE", 500, GIVEN_BACK, at_once=PACK),
    Row("a dispute lost", "disputes", _lost, "FREE", 0, TAKEN),
    Row("a dispute appealed", "disputes", _appealed, "FREE", 0, TAKEN),
    Row("a dispute won by an appeal", "disputes", _appealed_and_won, "FREE", 500, GIVEN_BACK, at_once=PACK),
    Row("a dispute prevented by a refund", "disputes", _resolved, "FREE", 0, TAKEN),
    Row("a dispute prevented by a block", "disputes", _blocked, "FREE", 500, PACK),
    Row("a dispute beside a refund", "disputes", _beside_a_refund, "FREE", 0, BOTH, at_once=BOTH_AT_ONCE),
    Row(
        "a dispute won beside a refund",
        "disputes",
        _won_beside_a_refund,
        "FREE",
        100,
        BOTH_WON,
        at_once=(("PURCHASE", 500), ("REFUND", -400)),
    ),
    Row("a dispute in another currency", "disputes", _in_another_currency, "FREE", 0, TAKEN),
    Row("an invoice disputed", "disputes", _of_an_invoice, "PRO", 0, MONTH, (("active", "pro"),)),
    Row("a level disputed", "disputes", _of_a_level, "FREE", 0, TURN * 2, at_once=()),
    Row("a level disputed and won back", "disputes", _of_a_level_won, "PRO", 0, TURN * 3, at_once=TURN),
)
