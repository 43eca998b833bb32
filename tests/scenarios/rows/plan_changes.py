"""Plans that change, and plans beside each other."""

from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row

BOUGHT: Ledger = (("ACCESS", 0), ("PURCHASE", 100))
CHANGED: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100))
ENDED: Ledger = (("PURCHASE", 100),)
PRO, TEAM = (("active", "pro"),), (("active", "team"),)


def _up_by_api(play: Play) -> None:
    play.buy("pro_monthly")
    play.settle()
    answer = play.change_by_api("team_yearly").json()
    assert (answer["status"], answer["entitlements"]["level"]) == ("changed", "TEAM")


def _up_by_api_refused(play: Play) -> None:
    """The card is refused: the old plan is in force, and no credits move."""
    play.buy("pro_monthly")
    play.settle()
    play.control("break_card", subscription=play.subscription)
    assert play.change_by_api("team_yearly").json()["status"] == "payment_required"


def _up_by_api_paid_later(play: Play) -> None:
    _up_by_api_refused(play)
    play.control("break_card", subscription=play.subscription, mend=True)
    play.api("POST", f"invoices/{play.invoice()}/pay")


def _up_in_the_dashboard(play: Play) -> None:
    play.buy("pro_monthly")
    play.change("team_yearly")


def _down_in_the_dashboard(play: Play) -> None:
    play.buy("team_yearly")
    play.change("pro_monthly")


def _to_and_fro(play: Play) -> None:
    """Money rule 12: toggling a plan grants nothing."""
    play.buy("pro_monthly")
    for key in ("pro_yearly", "pro_monthly", "pro_yearly", "pro_monthly"):
        play.change(key)


def _more_seats(play: Play) -> None:
    play.buy("team_seat_monthly", quantity=2)
    play.change("team_seat_monthly", quantity=7)


def _no_seat_left(play: Play) -> None:
    """The dashboard takes a quantity of 0, and so does a portal whose minimum is 0: nothing is billed any more."""
    play.buy("team_seat_monthly", quantity=2)
    play.change("team_seat_monthly", quantity=0)


def _not_in_the_catalog(play: Play) -> None:
    play.buy("pro_monthly")
    product = play.api("POST", "products", name="Something else")["id"]
    terms = {"currency": "usd", "unit_amount": 300, "recurring[interval]": "month"}
    price = play.api("POST", "prices", product=product, **terms)["id"]
    play.control("change_plan", subscription=play.subscription, price=price)


def _second_item(play: Play) -> None:
    """An add-on in the same subscription: its credits come with the next paid period."""
    play.buy("pro_monthly")
    play.api("POST", f"subscriptions/{play.subscription}", **{"items[0][price]": play.price("extra_credits_monthly")})


def _beside_another_group(play: Play) -> None:
    play.buy("pro_monthly")
    play.settle()
    play.buy("extra_credits_monthly")


def _two_in_a_group(play: Play) -> None:
    """Made in the dashboard: both are kept, the higher one speaks (money rule 22)."""
    play.buy("pro_monthly")
    play.control("create_subscription", customer=play.customer, price=play.price("team_yearly"))


ROWS = (
    Row(
        "upgraded by our API",
        "plan change",
        _up_by_api,
        level="TEAM",
        balance=100,
        ledger=CHANGED,
        subscriptions=TEAM,
    ),
    Row(
        "an upgrade that the card refuses",
        "plan change",
        _up_by_api_refused,
        level="PRO",
        balance=100,
        ledger=BOUGHT,
        subscriptions=PRO,
    ),
    Row(
        "an upgrade that is paid later",
        "plan change",
        _up_by_api_paid_later,
        level="TEAM",
        balance=100,
        ledger=CHANGED,
        subscriptions=TEAM,
    ),
    Row(
        "upgraded in the dashboard",
        "plan change",
        _up_in_the_dashboard,
        level="TEAM",
        balance=100,
        ledger=CHANGED,
        at_once=BOUGHT,
        subscriptions=TEAM,
    ),
    Row(
        "downgraded in the dashboard",
        "plan change",
        _down_in_the_dashboard,
        level="PRO",
        balance=0,
        ledger=(("ACCESS", 0), ("ACCESS", 0)),
        at_once=(("ACCESS", 0),),
        subscriptions=PRO,
    ),
    Row(
        "to and fro between prices",
        "plan change",
        _to_and_fro,
        level="PRO",
        balance=100,
        ledger=BOUGHT,
        subscriptions=PRO,
    ),
    Row("more seats", "plan change", _more_seats, level="TEAM", balance=0, ledger=(("ACCESS", 0),), subscriptions=TEAM),
    Row(
        "no seat is left",
        "plan change",
        _no_seat_left,
        level="FREE",
        balance=0,
        ledger=(("ACCESS", 0), ("ACCESS", 0)),
        at_once=(),
        subscriptions=TEAM,
    ),
    Row(
        "changed to a price that is not in the catalog",
        "plan change",
        _not_in_the_catalog,
        level="FREE",
        balance=100,
        ledger=CHANGED,
        at_once=ENDED,
        subscriptions=(("active", None),),
    ),
    Row(
        "a second item",
        "plan change",
        _second_item,
        level="PRO",
        balance=100,
        ledger=BOUGHT,
        subscriptions=PRO,
    ),
    Row(
        "a plan of another group beside it",
        "several subscriptions",
        _beside_another_group,
        level="PRO",
        balance=500,
        ledger=(("ACCESS", 0), ("PURCHASE", 100), ("PURCHASE", 400)),
        subscriptions=(("active", "extra"), ("active", "pro")),
    ),
    Row(
        "two in one group",
        "several subscriptions",
        _two_in_a_group,
        level="TEAM",
        balance=100,
        ledger=CHANGED,
        at_once=BOUGHT,
        subscriptions=(("active", "pro"), ("active", "team")),
    ),
)
