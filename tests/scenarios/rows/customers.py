"""Customers of Stripe: deleted, several of one user, unknown ones, and those that are none of our business."""

from tests.integration.purchase.shop import Checkout
from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row


def _stranger(play: Play, **given: str) -> str:
    """A customer with the user's address whom this system did not make."""
    customer = str(play.shop.stripe("POST", "customers", email=f"{play.user}@example.com", **given)["id"])
    play.seeds.add(customer)
    return customer


def _subscribe(play: Play, customer: str) -> None:
    terms = {"items[0][price]": play.price("team_yearly"), "trial_period_days": 30}
    play.api("POST", "subscriptions", customer=customer, **terms)


def _deleted(play: Play) -> None:
    """The subscription ends with its customer; what was paid for stays."""
    play.buy("pro_monthly")
    play.delete_customer()


def _deleted_after_its_trial_was_ended(play: Play) -> None:
    """A whole month is paid for; when anybody hears of it, Stripe lists the subscription no longer (decision 0060)."""
    play.buy("credits_500")
    terms = {"items[0][price]": play.price("pro_monthly"), "trial_period_days": 14}
    plan = play.shop.stripe("POST", "subscriptions", customer=play.with_card(), **terms)["id"]
    play.shop.stripe("POST", f"subscriptions/{plan}", trial_end="now")
    play.delete_customer()


def _several(play: Play) -> None:
    """After a deletion another customer pays; a refund of what the first one paid still finds its way."""
    first = play.buy()
    play.delete_customer()
    play.settle()
    play.buy("credits_2000_90d")
    play.refund(checkout=first)


def _unknown(play: Play) -> None:
    """Its events are parked, and applied once the first checkout with the same address has adopted it (rule 9)."""
    _subscribe(play, _stranger(play))
    play.settle()
    assert play.order("pro_monthly").json()["error"]["code"] == "subscription_exists"


def _adopted(play: Play) -> None:
    customer = _stranger(play)
    play.buy()
    assert play.customer == customer


def _adopted_with_a_chosen_id(play: Play) -> None:
    """Another app has chosen it, and moves on to a plan of ours; a second one is refused."""
    _subscribe(play, _stranger(play, id=f"app-{play.user}"))
    play.settle()
    assert play.order("pro_monthly").json()["error"]["code"] == "subscription_exists"


def _payment_link(play: Play) -> None:
    """Paid by a customer of ours, but for no order of ours (money rule 10)."""
    play.buy()
    line = {"line_items[0][price]": play.price("credits_2000_90d"), "line_items[0][quantity]": 1}
    page = play.api(
        "POST", "checkout/sessions", mode="payment", customer=play.customer, success_url="https://example.com", **line
    )
    play.seeds.add(page["id"])
    play.shop.pay(Checkout(play.user, page["id"], page["url"]))


def _another_app(play: Play) -> None:
    """It bears the user's id and address: whoever can write at Stripe can write that, so it is not believed (F35)."""
    play.buy()
    _subscribe(play, _stranger(play, **{"metadata[user_id]": play.user}))


def _more_than_a_page(play: Play) -> None:
    """Stripe lists the newest first, a hundred at a time: the plan that is paid for stands on the second page."""
    play.buy("pro_monthly")
    play.settle()
    customer = play.customer
    terms = {"items[0][price]": play.price("team_yearly"), "payment_behavior": "default_incomplete"}
    for _ in range(100):
        play.shop.stripe("POST", "subscriptions", customer=customer, **terms)
    play.lose()
    play.change("team_seat_monthly")


PACK: Ledger = (("PURCHASE", 500),)
CHANGED: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100))
AFTER_TRIAL: Ledger = (("PURCHASE", 500), ("RENEWAL", 100))
TWO: Ledger = (("PURCHASE", 500), ("PURCHASE", 2000), ("REFUND", -500))
TRIAL = (("trialing", "team"),)
MANY = (("active", "team"), *(("incomplete", "team"),) * 100)
FOREIGN = frozenset({"APPLIED", "NOOP", "IGNORED"})
PARKED = frozenset({"APPLIED", "NOOP", "IGNORED", "PARKED"})

ROWS = (
    Row("a customer is deleted", "customers", _deleted, "FREE", 100, CHANGED, at_once=(("PURCHASE", 100),)),
    Row("a customer is deleted after its trial", "trial", _deleted_after_its_trial_was_ended, "FREE", 600, AFTER_TRIAL),
    Row("two customers of one user", "customers", _several, "FREE", 2000, TWO),
    Row("unknown until its owner comes", "customers", _unknown, "TEAM", 0, (("ACCESS", 0),), TRIAL),
    Row("a customer with a chosen id", "customers", _adopted_with_a_chosen_id, "TEAM", 0, (("ACCESS", 0),), TRIAL),
    Row("a customer is adopted", "sessions", _adopted, "FREE", 500, PACK, outcomes=PARKED),
    Row("a hundred and one", "several subscriptions", _more_than_a_page, "TEAM", 100, CHANGED, MANY),
    Row("a payment link of somebody else", "customers", _payment_link, "FREE", 500, PACK, outcomes=FOREIGN),
    Row("a customer of another app", "customers", _another_app, "FREE", 500, PACK, outcomes=PARKED),
)
