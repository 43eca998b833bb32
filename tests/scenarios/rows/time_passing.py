"""What time alone does: trials end, first payments never come, grace and dunning run out."""

from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row

REFUSED_LATER = "4000000000000341"


def _trial(play: Play, **more: str) -> None:
    """Fourteen days of Pro for somebody who has bought a pack, as a person may grant it in the dashboard."""
    terms = {"items[0][price]": play.price("pro_monthly"), "trial_period_days": 14}
    play.api("POST", "subscriptions", customer=play.customer, **terms, **more)


def _trial_paid(play: Play) -> None:
    """The trial gives no credits, its first paid period does (money rule 12)."""
    play.buy()
    play.with_card()
    _trial(play)
    play.advance(16)


def _trial_unpaid(play: Play) -> None:
    """Nothing to pay with: past due, with the grace after the time that its free invoice covers (money rule 21)."""
    play.buy()
    _trial(play)
    play.advance(16)


def _trial_unpaid_for_long(play: Play) -> None:
    _trial_unpaid(play)
    play.advance(6)


def _trial_paused(play: Play) -> None:
    play.buy()
    _trial(play, **{"trial_settings[end_behavior][missing_payment_method]": "pause"})
    play.advance(16)


def _never_begun(play: Play) -> None:
    """Stripe gives up a first payment after 23 hours; another plan can be bought then."""
    play.buy()
    terms = {"items[0][price]": play.price("pro_monthly"), "payment_behavior": "default_incomplete"}
    made = play.api("POST", "subscriptions", customer=play.customer, **terms)
    play.advance(1)
    assert play.api("GET", f"subscriptions/{made['id']}")["status"] == "incomplete_expired"


def _grace_over(play: Play) -> None:
    """Stripe still tries: the status is the same as a week ago."""
    play.buy("pro_monthly", REFUSED_LATER)
    play.advance(32)
    play.advance(8)


def _unpaid(play: Play) -> None:
    """What follows the last refusal is the account's setting, so this begins when no other story has one to come."""
    play.advance(64)
    play.control("account_settings", after_last_retry="unpaid")
    play.buy("pro_monthly", REFUSED_LATER)
    play.advance(32)
    play.advance(16)


def _collection_paused(play: Play) -> None:
    """The renewal is void: no credits for what nobody paid, and the level stays (decision 0024)."""
    play.buy("pro_monthly")
    play.control("pause_subscription", subscription=play.subscription, collection="void")
    play.advance(32)


def _level_over(play: Play) -> None:
    """At the moment that it ends nobody has it any more; the ledger is told by the schedule."""
    play.buy("pro_30_days")
    play.settle()
    play.advance(31)
    assert play.shop.get("/entitlements", play.user).json()["level"] == "FREE"
    play.service.run("settle_due")


PACK: Ledger = (("PURCHASE", 500),)
TRIED: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 500), ("RENEWAL", 100))
TRIED_UNSEEN: Ledger = (("ACCESS", 0), ("PURCHASE", 500), ("RENEWAL", 100))
TWO_TURNS: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 500))
ONE_TURN: Ledger = (("ACCESS", 0), ("PURCHASE", 500))
THREE_TURNS: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 500))
BOUGHT: Ledger = (("ACCESS", 0), ("PURCHASE", 100))
MONTH: Ledger = (("PURCHASE", 100),)
LOST: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100))
PRO = (("active", "pro"),)
PAST_DUE = (("past_due", "pro"),)

ROWS = (
    Row(
        "a trial that is paid at last",
        "trial",
        _trial_paid,
        "PRO",
        600,
        TRIED,
        PRO,
        time=True,
        at_once=TRIED_UNSEEN,
    ),
    Row(
        "a trial that nobody pays for",
        "trial",
        _trial_unpaid,
        "PRO",
        500,
        TWO_TURNS,
        PAST_DUE,
        time=True,
        at_once=ONE_TURN,
    ),
    Row(
        "a trial that nobody pays for after the grace",
        "trial",
        _trial_unpaid_for_long,
        "FREE",
        500,
        THREE_TURNS,
        PAST_DUE,
        time=True,
        at_once=PACK,
    ),
    Row(
        "a trial that pauses without a card",
        "trial",
        _trial_paused,
        "FREE",
        500,
        TWO_TURNS,
        (("paused", "pro"),),
        time=True,
        at_once=PACK,
    ),
    Row("a first payment that never came", "statuses", _never_begun, "FREE", 500, PACK, time=True),
    Row("past due after the grace", "past due", _grace_over, "FREE", 100, LOST, PAST_DUE, time=True, at_once=MONTH),
    Row(
        "unpaid after the last refusal",
        "statuses",
        _unpaid,
        "FREE",
        100,
        LOST,
        (("unpaid", "pro"),),
        time=True,
        at_once=MONTH,
    ),
    Row("a renewal while nothing is collected", "pause", _collection_paused, "PRO", 100, BOUGHT, PRO, time=True),
    Row("a level that runs out", "statuses", _level_over, "FREE", 0, (("ACCESS", 0), ("ACCESS", 0)), time=True),
)
