"""Money that goes back by a refund: of what, how much, and how the refund itself ends."""

from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row


def _full(play: Play) -> None:
    play.buy()
    play.refund()


def _by_the_api(play: Play) -> None:
    """By a program of the team's, and not in the dashboard."""
    play.buy()
    play.api("POST", "refunds", payment_intent=play.session()["payment_intent"], amount=333)


def _three_parts(play: Play) -> None:
    """Rounded down on the running total, so that a third part may take one more (money rule 18)."""
    play.buy("credits_2000_90d")
    for _ in range(3):
        play.refund(100)


def _until_all_is_back(play: Play) -> None:
    play.buy()
    for amount in (100, 150, 250):
        play.refund(amount)


def _taken_on(play: Play, first: str, last: str) -> None:
    play.buy()
    refund = play.refund(status=first)
    play.control("refund", refund=refund["id"], status=last)


def _pending_then_failed(play: Play) -> None:
    _taken_on(play, "pending", "failed")


def _pending_then_done(play: Play) -> None:
    _taken_on(play, "pending", "succeeded")


def _canceled(play: Play) -> None:
    _taken_on(play, "requires_action", "canceled")


def _done_then_failed(play: Play) -> None:
    """Even after it had succeeded: the buyer's bank sends the money back."""
    _taken_on(play, "succeeded", "failed")


def _requires_action(play: Play) -> None:
    """The buyer has still to say where the money shall go: it is on its way out."""
    play.buy()
    play.refund(status="requires_action")


def _one_part_fails(play: Play) -> None:
    play.buy()
    play.refund(200)
    second = play.refund(100)
    play.control("refund", refund=second["id"], status="failed")


def _of_a_spent_pack(play: Play) -> None:
    play.buy()
    play.settle()
    assert play.spend(400).status_code == 200
    play.refund()


def _of_a_level(play: Play) -> None:
    play.buy("pro_30_days")
    play.refund()


def _of_a_level_in_part(play: Play) -> None:
    """A level ends at a full reversal only (money rule 18)."""
    play.buy("pro_30_days")
    play.refund(450)


def _of_one_of_two_levels(play: Play) -> None:
    """The second follows from where the first ended (money rule 19): each step moves the end, and is seen by itself."""
    first = play.buy("pro_30_days")
    play.settle()
    play.buy("pro_30_days")
    play.settle()
    play.refund(checkout=first)


def _of_one_of_two_packs(play: Play) -> None:
    """It hits its own purchase's lot only."""
    play.buy()
    play.buy("credits_2000_90d")
    play.refund(750)


def _of_a_first_invoice(play: Play) -> None:
    """The credits go, the plan stays: it is the subscription that says who has the level."""
    play.buy("pro_monthly")
    play.refund()


def _of_a_renewal(play: Play) -> None:
    """The month that is paid back takes its own credits along, and leaves those of the first."""
    play.buy("pro_monthly")
    play.advance(32)
    play.control("refund", invoice=play.invoice())


def _of_an_expired_pack(play: Play) -> None:
    """What is paid back of it need not expire any more: both are targets (money rule 16)."""
    pack = play.buy("credits_2000_90d")
    play.advance(91)
    play.service.run("settle_due")
    play.refund(750, checkout=pack)


PACK: Ledger = (("PURCHASE", 500),)
BACK: Ledger = (("PURCHASE", 500), ("REFUND", -500))
UNDONE: Ledger = (("PURCHASE", 500), ("REFUND", -500), ("REFUND_FAILED", 500))
THIRDS: Ledger = (("PURCHASE", 2000), ("REFUND", -134), ("REFUND", -133), ("REFUND", -133))
PARTS: Ledger = (("PURCHASE", 500), ("REFUND", -250), ("REFUND", -150), ("REFUND", -100))
LESS_ONE: Ledger = (("PURCHASE", 500), ("REFUND", -200), ("REFUND", -100), ("REFUND_FAILED", 100))
OWED: Ledger = (("PURCHASE", 500), ("REFUND", -500), ("SPEND", -400))
TWO: Ledger = (("PURCHASE", 500), ("PURCHASE", 2000), ("REFUND", -1000))
MONTH: Ledger = (("ACCESS", 0), ("PURCHASE", 100), ("REFUND", -100))
MONTHS: Ledger = (("ACCESS", 0), ("PURCHASE", 100), ("REFUND", -100), ("RENEWAL", 100))
GONE: Ledger = (("EXPIRY", -2000), ("EXPIRY", 1000), ("PURCHASE", 2000), ("REFUND", -1000))
GONE_AT_ONCE: Ledger = (("EXPIRY", -1000), ("PURCHASE", 2000), ("REFUND", -1000))
TURN: Ledger = (("ACCESS", 0),)
ACTIVE = (("active", "pro"),)

ROWS = (
    Row("refunded in the dashboard", "refunds", _full, "FREE", 0, BACK),
    Row("refunded by a program", "refunds", _by_the_api, "FREE", 167, (("PURCHASE", 500), ("REFUND", -333))),
    Row(
        "refunded by parts that do not divide",
        "refunds",
        _three_parts,
        "FREE",
        1600,
        THIRDS,
        at_once=(("PURCHASE", 2000), ("REFUND", -400)),
    ),
    Row("refunded in parts to the end", "refunds", _until_all_is_back, "FREE", 0, PARTS, at_once=BACK),
    Row("a refund pending and failed", "refunds", _pending_then_failed, "FREE", 500, UNDONE, at_once=PACK),
    Row("a refund pending and done", "refunds", _pending_then_done, "FREE", 0, BACK),
    Row("a refund canceled", "refunds", _canceled, "FREE", 500, UNDONE, at_once=PACK),
    Row("a refund done and failed", "refunds", _done_then_failed, "FREE", 500, UNDONE, at_once=PACK),
    Row("a refund that waits for the buyer", "refunds", _requires_action, "FREE", 0, BACK),
    Row(
        "one of two partial refunds fails",
        "refunds",
        _one_part_fails,
        "FREE",
        300,
        LESS_ONE,
        at_once=(("PURCHASE", 500), ("REFUND", -200)),
    ),
    Row("a spent pack refunded", "refunds", _of_a_spent_pack, "FREE", -400, OWED),
    Row("a level refunded", "refunds", _of_a_level, "FREE", 0, TURN * 2, at_once=()),
    Row("a level refunded in part", "refunds", _of_a_level_in_part, "PRO", 0, TURN),
    Row("one of two stacked levels refunded", "refunds", _of_one_of_two_levels, "PRO", 0, TURN * 3),
    Row("one of two packs refunded in part", "refunds", _of_one_of_two_packs, "FREE", 1500, TWO),
    Row("a first invoice refunded", "refunds", _of_a_first_invoice, "PRO", 0, MONTH, ACTIVE),
    Row("a renewal refunded", "refunds", _of_a_renewal, "PRO", 100, MONTHS, ACTIVE, time=True),
    Row("an expired pack refunded", "refunds", _of_an_expired_pack, "FREE", 0, GONE, time=True, at_once=GONE_AT_ONCE),
)
