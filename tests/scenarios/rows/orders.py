"""Orders that are refused, and what an order is answered with and told to Stripe."""

from datetime import UTC, datetime
from typing import Any

from tests.integration.purchase.shop import PAYS
from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row


def _refused(play: Play, status: int, code: str, **order: Any) -> dict[str, Any]:
    answer = play.order(**order)
    error: dict[str, Any] = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    return error


def _answer(play: Play) -> None:
    """201, its page, and its end in UTC; where the buyer comes back to is the server's to say."""
    play.checkout()
    answer = play.order()
    made, session, stack = answer.json(), play.session(), play.shop.stack
    ends = datetime.strptime(made["expiresAt"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    told = (answer.status_code, made["sessionId"], made["url"], made["clientSecret"], int(ends.timestamp()))
    assert told == (201, session["id"], session["url"], None, session["expires_at"])
    assert session["success_url"] == f"{stack.api_url}/checkout/success?session_id={{CHECKOUT_SESSION_ID}}"
    assert session["cancel_url"] == f"{stack.app_url}/checkout/canceled"
    play.pay()


def _own_return_address(play: Play) -> None:
    """Whatever costs money or leads a buyer away can't be named by a request."""
    for own in ({"successUrl": "https://evil.example.com"}, {"userId": "somebody"}, {"unitAmount": 1}):
        _refused(play, 400, "invalid_request", **own)


def _quantities(play: Play) -> None:
    for quantity in (0, -1, 101):
        _refused(play, 400, "quantity_out_of_range", quantity=quantity)
    play.buy(quantity=100)


def _level_of_several(play: Play) -> None:
    error = _refused(play, 409, "ambiguous_price", entitlementLevel="TEAM")
    assert {price["lookupKey"]: price["unitAmount"] for price in error["candidates"]} == {
        "team_seat_monthly": 800,
        "team_yearly": 29000,
    }
    play.buy(entitlementLevel="TEAM", interval="month", quantity=2)


def _archived(play: Play) -> None:
    price, key = play.new_price(credits_amount="70"), f"{play.user}-gone"
    play.api("POST", f"prices/{price}", active="false", lookup_key=key)
    _refused(play, 422, "price_unavailable", priceId=price)
    _refused(play, 404, "unknown_price", key=key)
    _refused(play, 404, "unknown_price", plan="no such plan")


def _no_credits(play: Play) -> None:
    """What a price gives is positive; who keeps the shop sees in `plumb catalog` why it can't be sold."""
    price = play.new_price(credits_amount="0")
    assert "credits_amount" in _refused(play, 422, "price_misconfigured", priceId=price)["message"]
    listed = play.plumb_json("catalog")["prices"]
    problems = {each["id"]: each["problem"] for each in listed if each["problem"]}
    assert "credits_amount" in problems[price]


def _mixed(play: Play) -> None:
    """What recurs, what is bought once, other intervals, and two plans are ordered apart."""
    for first, second in (
        ("credits_500", "pro_monthly"),
        ("pro_monthly", "team_yearly"),
        ("pro_monthly", "team_seat_monthly"),
    ):
        _refused(play, 422, "incompatible_lines", key=[{"lookupKey": first}, {"lookupKey": second}])


def _no_such_currency(play: Play) -> None:
    _refused(play, 422, "currency_unavailable", key="credits_2000_90d", currency="eur")
    play.buy("credits_2000_90d", currency="usd")


def _embedded(play: Play) -> None:
    """Paid within a page of the app: Stripe's form in a frame, and the way back that the server has built."""
    made = play.order(uiMode="embedded").json()
    play.seeds.add(made["sessionId"])
    typed = {"email": f"{play.user}@example.com", "name": "Ada Canaryname", "payment_method": "card"}
    card = {"card_number": PAYS, "expiry": "12 / 34", "cvc": "123"}
    paid = play.shop.http.post(f"{play.shop.stack.stripe_url}/c/embedded/{made['clientSecret']}", data=typed | card)
    assert paid.status_code == 200, paid.text
    session = play.api("GET", f"checkout/sessions/{made['sessionId']}")
    assert (session["ui_mode"], session["payment_status"]) == ("embedded_page", "paid")
    assert session["return_url"].startswith(play.shop.stack.api_url)


def _told_to_stripe(play: Play) -> None:
    """Who bought, and which plan, stands on everything that Stripe makes of an order."""
    play.buy()
    pack = play.session()
    play.buy("pro_monthly")
    plan = play.session()
    intent = play.api("GET", f"payment_intents/{pack['payment_intent']}")
    subscription = play.api("GET", f"subscriptions/{plan['subscription']}")
    for told in (pack, intent, plan, subscription):
        assert told["metadata"]["user_id"] == play.user
        assert told["metadata"]["email"] == f"{play.user}@example.com"
    assert (pack["metadata"].get("plan"), plan["metadata"]["plan"]) == (None, "pro")
    assert subscription["metadata"]["plan"] == "pro"


def _paid_meanwhile(play: Play) -> None:
    """The first plan's page was paid a moment ago: it can't be ended, so there is no second one (money rule 22)."""
    first = play.checkout("team_yearly")
    play.shop.pay(first)
    _refused(play, 409, "subscription_exists", key="pro_monthly")


PACK: Ledger = (("PURCHASE", 500),)
TURN: Ledger = (("ACCESS", 0),)
BOTH: Ledger = (("ACCESS", 0), ("PURCHASE", 100), ("PURCHASE", 500))
PRO, TEAM = (("active", "pro"),), (("active", "team"),)

ROWS = (
    Row("what an order is answered with", "modes", _answer, "FREE", 500, PACK),
    Row("an order that names what it may not", "modes", _own_return_address, "FREE", 0, ()),
    Row("as many as may be bought", "modes", _quantities, "FREE", 50_000, (("PURCHASE", 50_000),)),
    Row("a level that several prices give", "naming", _level_of_several, "TEAM", 0, TURN, TEAM),
    Row("a price that is archived", "naming", _archived, "FREE", 0, ()),
    Row("a price that gives zero credits", "naming", _no_credits, "FREE", 0, ()),
    Row("what does not go into one order", "modes", _mixed, "FREE", 0, ()),
    Row("a currency that a price has not", "settings", _no_such_currency, "FREE", 2000, ledger=(("PURCHASE", 2000),)),
    Row("an embedded page that is paid", "settings", _embedded, "FREE", 500, PACK),
    Row("whose it is stands at Stripe", "sessions", _told_to_stripe, "PRO", 600, BOTH, PRO),
    Row("a plan paid while another is ordered", "one live subscription", _paid_meanwhile, "TEAM", 0, TURN, TEAM),
)
