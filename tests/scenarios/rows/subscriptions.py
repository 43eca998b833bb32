"""Subscriptions as they are: every status, and what each gives. What takes days is in `renewals.py`."""

from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row

BOUGHT: Ledger = (("ACCESS", 0), ("PURCHASE", 100))
CHANGED: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100))
ENDED: Ledger = (("PURCHASE", 100),)
PRO = (("active", "pro"),)


def _yearly(play: Play) -> None:
    play.buy("pro_yearly")


def _canceled(play: Play) -> None:
    play.buy("pro_monthly")
    play.cancel()


def _cancels_later(play: Play) -> None:
    play.buy("pro_monthly")
    play.cancel(at_period_end=True)


def _stays_after_all(play: Play) -> None:
    play.buy("pro_monthly")
    play.cancel(at_period_end=True)
    play.api("POST", f"subscriptions/{play.subscription}", cancel_at_period_end="false")


def _canceled_and_bought_again(play: Play) -> None:
    play.buy("pro_monthly")
    play.cancel()
    play.settle()
    play.buy("pro_monthly")


def _trial(play: Play) -> None:
    play.buy("pro_monthly")
    play.cancel()
    given = {"customer": play.customer, "price": play.price("team_yearly"), "trial_period_days": 14}
    play.control("create_subscription", **given)


def _trial_canceled(play: Play) -> None:
    play.buy("credits_500")
    subscription = play.control(
        "create_subscription", customer=play.with_card(), price=play.price("pro_monthly"), trial_period_days=14
    )
    play.control("cancel_subscription", subscription=subscription["id"])


def _trial_ended_at_once(play: Play) -> None:
    """A whole month is paid for, by an invoice of a change: the first that this plan is paid for (decision 0060)."""
    play.buy("credits_500")
    trial = {"customer": play.with_card(), "price": play.price("pro_monthly"), "trial_period_days": 14}
    subscription = play.control("create_subscription", **trial)
    play.api("POST", f"subscriptions/{subscription['id']}", trial_end="now")
    (latest, _) = play.api("GET", "invoices", subscription=subscription["id"])["data"]
    assert (latest["billing_reason"], latest["amount_paid"]) == ("subscription_update", 1200)


def _made_in_the_dashboard(play: Play) -> None:
    play.buy("credits_500")
    play.control("create_subscription", customer=play.with_card(), price=play.price("pro_monthly"))


def _incomplete(play: Play) -> None:
    """The first payment is still to come: nothing is given."""
    play.buy("credits_500")
    terms = {"items[0][price]": play.price("pro_monthly"), "payment_behavior": "default_incomplete"}
    play.api("POST", "subscriptions", customer=play.with_card(), **terms)


def _incomplete_then_paid(play: Play) -> None:
    play.buy("credits_500")
    terms = {"items[0][price]": play.price("pro_monthly"), "payment_behavior": "default_incomplete"}
    made = play.api("POST", "subscriptions", customer=play.with_card(), **terms)
    play.api("POST", f"invoices/{made['latest_invoice']}/pay")


def _paused(play: Play) -> None:
    play.buy("pro_monthly")
    play.control("pause_subscription", subscription=play.subscription)


def _resumed(play: Play) -> None:
    """It begins a period, which is paid for: so it is a renewal, also if it is paid with what the pause gave back."""
    _paused(play)
    play.control("resume_subscription", subscription=play.subscription)
    resumed = play.api("GET", f"invoices/{play.invoice()}")
    assert (resumed["billing_reason"], resumed["amount_paid"]) == ("subscription_cycle", 0)


def _collection_paused(play: Play) -> None:
    """Stripe keeps the status: the service is given away meanwhile (decision 0024)."""
    play.buy("pro_monthly")
    play.control("pause_subscription", subscription=play.subscription, collection="void")


def _plan_deleted(play: Play) -> None:
    """Who is subscribed keeps it (https://docs.stripe.com/api/plans/delete): what it gives stands with its product."""
    play.buy("credits_500")
    told = {"metadata[entitlement_level]": "PRO", "metadata[plan]": "old", "metadata[credits_amount]": "7"}
    product = play.shop.stripe("POST", "products", name=play.row.name, **told)["id"]
    terms = {"currency": "usd", "unit_amount": 700, "recurring[interval]": "month"}
    plan = play.shop.stripe("POST", "prices", product=product, **terms)["id"]
    play.control("create_subscription", customer=play.with_card(), price=plan)
    play.api("DELETE", f"plans/{plan}")
    play.buy("credits_500")


def _plan_and_product_deleted(play: Play) -> None:
    """Nobody can say any more what it gives: who has it keeps it."""
    _plan_deleted(play)
    (shown,) = play.api("GET", "subscriptions", customer=play.customer)["data"][0]["items"]["data"]
    play.settle()
    play.api("DELETE", f"products/{shown['price']['product']}")
    play.buy("credits_500")


def _ended_and_refunded(play: Play) -> None:
    play.buy("pro_monthly")
    play.cancel()
    play.refund()


ROWS = (
    Row(
        "a plan by the year",
        "statuses",
        _yearly,
        level="PRO",
        balance=1200,
        ledger=(("ACCESS", 0), ("PURCHASE", 1200)),
        subscriptions=PRO,
    ),
    Row("canceled at once", "cancel", _canceled, level="FREE", balance=100, ledger=CHANGED, at_once=ENDED),
    Row(
        "will be canceled at the end of the period",
        "cancel",
        _cancels_later,
        level="PRO",
        balance=100,
        ledger=BOUGHT,
        subscriptions=PRO,
    ),
    Row(
        "the cancellation is taken back",
        "cancel",
        _stays_after_all,
        level="PRO",
        balance=100,
        ledger=BOUGHT,
        subscriptions=PRO,
    ),
    Row(
        "canceled and bought again",
        "cancel",
        _canceled_and_bought_again,
        level="PRO",
        balance=200,
        ledger=(("ACCESS", 0), ("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100), ("PURCHASE", 100)),
        at_once=(("ACCESS", 0), ("PURCHASE", 100), ("PURCHASE", 100)),
        subscriptions=PRO,
    ),
    Row(
        "ended and refunded",
        "cancel",
        _ended_and_refunded,
        level="FREE",
        balance=0,
        ledger=(("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100), ("REFUND", -100)),
        at_once=(("PURCHASE", 100), ("REFUND", -100)),
    ),
    Row(
        "a trial",
        "trial",
        _trial,
        level="TEAM",
        balance=100,
        ledger=(("ACCESS", 0), ("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100)),
        at_once=BOUGHT,
        subscriptions=(("trialing", "team"),),
    ),
    Row(
        "a trial that is canceled",
        "trial",
        _trial_canceled,
        level="FREE",
        balance=500,
        ledger=(("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 500)),
        at_once=(("PURCHASE", 500),),
    ),
    Row(
        "a trial that is ended at once",
        "trial",
        _trial_ended_at_once,
        level="PRO",
        balance=600,
        ledger=(("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 500), ("RENEWAL", 100)),
        at_once=(("ACCESS", 0), ("PURCHASE", 500), ("RENEWAL", 100)),
        subscriptions=PRO,
    ),
    Row(
        "subscribed in the dashboard",
        "statuses",
        _made_in_the_dashboard,
        level="PRO",
        balance=600,
        ledger=(("ACCESS", 0), ("PURCHASE", 100), ("PURCHASE", 500)),
        subscriptions=PRO,
    ),
    Row(
        "a first payment that is still to come",
        "statuses",
        _incomplete,
        level="FREE",
        balance=500,
        ledger=(("PURCHASE", 500),),
        subscriptions=(("incomplete", "pro"),),
    ),
    Row(
        "a first payment that came later",
        "statuses",
        _incomplete_then_paid,
        level="PRO",
        balance=600,
        ledger=(("ACCESS", 0), ("PURCHASE", 100), ("PURCHASE", 500)),
        subscriptions=PRO,
    ),
    Row(
        "paused",
        "pause",
        _paused,
        level="FREE",
        balance=100,
        ledger=CHANGED,
        at_once=ENDED,
        subscriptions=(("paused", "pro"),),
    ),
    Row(
        "paused and resumed",
        "pause",
        _resumed,
        level="PRO",
        balance=200,
        ledger=(("ACCESS", 0), ("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100), ("RENEWAL", 100)),
        at_once=(("ACCESS", 0), ("PURCHASE", 100), ("RENEWAL", 100)),
        subscriptions=PRO,
    ),
    Row(
        "only the collection is paused",
        "pause",
        _collection_paused,
        level="PRO",
        balance=100,
        ledger=BOUGHT,
        subscriptions=PRO,
    ),
    Row(
        "its plan is deleted",
        "statuses",
        _plan_deleted,
        level="PRO",
        balance=1007,
        ledger=(("ACCESS", 0), ("PURCHASE", 7), ("PURCHASE", 500), ("PURCHASE", 500)),
        subscriptions=(("active", "old"),),
    ),
    Row(
        "its plan is deleted with its product",
        "statuses",
        _plan_and_product_deleted,
        level="PRO",
        balance=1507,
        ledger=(("ACCESS", 0), ("PURCHASE", 7), ("PURCHASE", 500), ("PURCHASE", 500), ("PURCHASE", 500)),
        subscriptions=(("active", "old"),),
    ),
)
