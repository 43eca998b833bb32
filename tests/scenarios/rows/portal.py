"""The customer portal's pages, and a change that was previewed."""

from tests.integration.purchase.shop import PAYS
from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row

REFUSED_LATER = "4000000000000341"


def _enter(play: Play, flow: str | None = None) -> str:
    """The address of a portal session that our API has opened."""
    answer = play.shop.post("/portal/sessions", play.user, {"flow": flow} if flow else {})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"])


def _press(play: Play, page: str, **typed: str) -> None:
    """Send a form of the portal's."""
    answer = play.shop.http.post(page, data=typed)
    assert answer.status_code == 303, answer.text
    play.settle_if_it_comes()


def _canceled(play: Play) -> None:
    """At the end of the period, by `cancel_at`, as Stripe's portal does."""
    play.buy("pro_monthly")
    play.settle()
    page = _enter(play, "subscription_cancel")
    _press(play, f"{page}/subscriptions/{play.subscription}/cancel", feedback="too_expensive")
    play.settle()
    (shown,) = play.shop.get("/account", play.user).json()["subscriptions"]
    assert shown["cancelAt"] == shown["currentPeriodEnd"]


def _kept(play: Play) -> None:
    _canceled(play)
    _press(play, f"{_enter(play)}/subscriptions/{play.subscription}/renew")
    play.settle()
    (shown,) = play.shop.get("/account", play.user).json()["subscriptions"]
    assert shown["cancelAt"] is None


def _until_it_ends(play: Play) -> None:
    _canceled(play)
    play.advance(32)


def _switched(play: Play) -> None:
    play.buy("pro_monthly")
    play.settle()
    page = f"{_enter(play, 'subscription_update')}/subscriptions/{play.subscription}/confirm"
    _press(play, page, price=play.price("team_yearly"), quantity="1")


def _another_card(play: Play) -> None:
    """The renewal was refused: another card, and the invoice is paid, both on the portal's pages."""
    play.buy("pro_monthly", REFUSED_LATER)
    play.advance(32)
    page = _enter(play, "payment_method_update")
    _press(play, f"{page}/payment-method", card_number=PAYS, expiry="12 / 34", cvc="123")
    _press(play, f"{_enter(play)}/invoices/{play.invoice()}/pay")


def _previewed(play: Play) -> None:
    """What the preview says is billed, to the cent: three seats, less the month that began just now."""
    play.buy("pro_monthly")
    play.settle()
    wanted = {"lookupKey": "team_seat_monthly", "quantity": 3}
    shown = play.shop.post("/subscriptions/change/preview", play.user, wanted).json()
    assert (shown["amountDueNow"], shown["nextPeriodAmount"]) == (1200, 2400)
    assert [line["amount"] for line in shown["lines"]] == [-1200, 2400]
    answer = play.change_by_api("team_seat_monthly", quantity=3, prorationDate=shown["prorationDate"]).json()
    assert answer["status"] == "changed"
    assert play.api("GET", f"invoices/{play.invoice()}")["amount_paid"] == 1200


def _change_refused(play: Play) -> None:
    """What gives money back is not made at once, and another group's plan is none to change to."""
    play.buy("pro_monthly")
    play.settle()
    for key, status, code in (
        ("team_seat_monthly", 409, "change_not_now"),
        ("extra_credits_monthly", 422, "plan_mismatch"),
        ("credits_500", 422, "plan_mismatch"),
    ):
        refused = play.change_by_api(key)
        assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)


BOUGHT: Ledger = (("ACCESS", 0), ("PURCHASE", 100))
CHANGED: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100))
MENDED: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100), ("RENEWAL", 100))
MENDED_AT_ONCE: Ledger = (("ACCESS", 0), ("PURCHASE", 100), ("RENEWAL", 100))
PRO, TEAM = (("active", "pro"),), (("active", "team"),)

ROWS = (
    Row("canceled in the portal", "cancel", _canceled, "PRO", 100, BOUGHT, PRO),
    Row("canceled in the portal and kept", "cancel", _kept, "PRO", 100, BOUGHT, PRO),
    Row("canceled in the portal until it ends", "cancel", _until_it_ends, "FREE", 100, CHANGED, time=True),
    Row("switched in the portal", "one live subscription", _switched, "TEAM", 100, CHANGED, TEAM),
    Row(
        "another card in the portal",
        "past due",
        _another_card,
        "PRO",
        200,
        MENDED,
        PRO,
        time=True,
        at_once=MENDED_AT_ONCE,
    ),
    Row("a change that was previewed", "one live subscription", _previewed, "TEAM", 100, CHANGED, TEAM),
    Row("changes that are not made", "one live subscription", _change_refused, "PRO", 100, BOUGHT, PRO),
)
