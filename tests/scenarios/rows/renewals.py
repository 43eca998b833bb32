"""What takes days: renewals, trials that end, cards that are refused, and the grace after that."""

from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row

BOUGHT: Ledger = (("ACCESS", 0), ("PURCHASE", 100))
RENEWED: Ledger = (*BOUGHT, ("RENEWAL", 100))
ENDED: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100))
GRACE: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100))
"""The level is given, and then given until the grace ends."""
PRO = (("active", "pro"),)
REFUSED_LATER = "4000000000000341"


def _renewed(play: Play) -> None:
    play.buy("pro_monthly")
    play.advance(32)


def _renewed_twice(play: Play) -> None:
    _renewed(play)
    play.advance(31)


def _two_items_renewed(play: Play) -> None:
    """Credits by invoice line: the add-on that came later gives its own from now on."""
    play.buy("pro_monthly")
    play.api("POST", f"subscriptions/{play.subscription}", **{"items[0][price]": play.price("extra_credits_monthly")})
    play.advance(32)


def _past_due(play: Play) -> None:
    """The renewal is refused on the day; the paid period and seven days of grace are not over."""
    play.buy("pro_monthly", REFUSED_LATER)
    play.advance(32)


def _past_due_and_mended(play: Play) -> None:
    _past_due(play)
    play.control("break_card", subscription=play.subscription, mend=True)
    play.api("POST", f"invoices/{play.invoice()}/pay")


def _written_off_and_paid(play: Play) -> None:
    """An invoice that was given up can be paid still (https://docs.stripe.com/invoicing/overview#uncollectible)."""
    _past_due(play)
    play.api("POST", f"invoices/{play.invoice()}/mark_uncollectible")
    play.control("break_card", subscription=play.subscription, mend=True)
    play.api("POST", f"invoices/{play.invoice()}/pay")


def _canceled_at_the_end(play: Play) -> None:
    play.buy("pro_monthly")
    play.cancel(at_period_end=True)
    play.advance(32)


def _given_up(play: Play) -> None:
    """Three more tries within fifteen days are refused, too: Stripe ends it."""
    _past_due(play)
    play.advance(31)


ROWS = (
    Row("renewed", "renewal", _renewed, level="PRO", balance=200, ledger=RENEWED, subscriptions=PRO, time=True),
    Row(
        "renewed twice",
        "renewal",
        _renewed_twice,
        level="PRO",
        balance=300,
        ledger=(*RENEWED, ("RENEWAL", 100)),
        subscriptions=PRO,
        time=True,
    ),
    Row(
        "two items are renewed",
        "renewal",
        _two_items_renewed,
        level="PRO",
        balance=600,
        ledger=(*RENEWED, ("RENEWAL", 400)),
        subscriptions=PRO,
        time=True,
    ),
    Row(
        "past due within the grace",
        "past due",
        _past_due,
        level="PRO",
        balance=100,
        ledger=GRACE,
        at_once=BOUGHT,
        subscriptions=(("past_due", "pro"),),
        time=True,
    ),
    Row(
        "past due and paid after all",
        "past due",
        _past_due_and_mended,
        level="PRO",
        balance=200,
        ledger=(("ACCESS", 0), *GRACE, ("RENEWAL", 100)),
        at_once=RENEWED,
        subscriptions=PRO,
        time=True,
    ),
    Row(
        "written off and paid after all",
        "past due",
        _written_off_and_paid,
        level="PRO",
        balance=200,
        ledger=(("ACCESS", 0), *GRACE, ("RENEWAL", 100)),
        at_once=RENEWED,
        subscriptions=PRO,
        time=True,
    ),
    Row(
        "canceled at the end of the period",
        "cancel",
        _canceled_at_the_end,
        level="FREE",
        balance=100,
        ledger=ENDED,
        at_once=(("PURCHASE", 100),),
        time=True,
    ),
    Row(
        "given up after the last refusal",
        "past due",
        _given_up,
        level="FREE",
        balance=100,
        ledger=(("ACCESS", 0), *GRACE),
        at_once=(("PURCHASE", 100),),
        time=True,
    ),
)
