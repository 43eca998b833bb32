"""Orders: what can be bought, how a price is named, and what becomes of an open page."""

from typing import Any

from tests.scenarios.play import Play
from tests.scenarios.table import Row

CREDITS = (("PURCHASE", 500),)
SUBSCRIBED = (("ACCESS", 0), ("PURCHASE", 100))
PRO = (("active", "pro"),)


def _refused(play: Play, status: int, code: str, **order: Any) -> dict[str, Any]:
    answer = play.order(**order)
    error: dict[str, Any] = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    return error


def _pack(play: Play) -> None:
    play.buy("credits_500")


def _plan(play: Play) -> None:
    play.buy("pro_monthly")


def _several_lines(play: Play) -> None:
    play.buy([{"lookupKey": "credits_500", "quantity": 2}, {"lookupKey": "pro_30_days"}])


def _three_packs(play: Play) -> None:
    play.buy("credits_500", quantity=3)


def _seats(play: Play) -> None:
    play.buy("team_seat_monthly", quantity=5)


def _embedded(play: Play) -> None:
    answer = play.order("credits_500", uiMode="embedded").json()
    assert (answer["url"], answer["clientSecret"].startswith(answer["sessionId"])) == (None, True)


def _in_german(play: Play) -> None:
    play.buy("credits_500", locale="de")
    assert play.session()["locale"] == "de"


def _in_euros(play: Play) -> None:
    play.buy("credits_500", currency="eur")
    assert (play.session()["currency"], play.session()["amount_total"]) == ("eur", 450)


def _with_a_code(play: Play) -> None:
    play.checkout("credits_500")
    play.promotion(percent_off=40)
    play.pay()
    assert play.session()["amount_total"] == 300


def _by_price_id(play: Play) -> None:
    play.buy(priceId=play.price("credits_500"))


def _by_plan(play: Play) -> None:
    play.buy(plan="pro", interval="month")


def _by_level(play: Play) -> None:
    play.buy(entitlementLevel="PRO", interval="one_time")


def _ambiguous(play: Play) -> None:
    error = _refused(play, 409, "ambiguous_price", plan="pro")
    assert {price["lookupKey"] for price in error["candidates"]} == {"pro_monthly", "pro_yearly"}
    play.buy(priceId=next(p["priceId"] for p in error["candidates"] if p["lookupKey"] == "pro_monthly"))


def _broken_metadata(play: Play) -> None:
    broken = play.new_price(credits_amount="many")
    _refused(play, 422, "price_misconfigured", priceId=broken)


def _giving_nothing(play: Play) -> None:
    _refused(play, 422, "price_unavailable", priceId=play.new_price())


def _archived_after_the_order(play: Play) -> None:
    """The order is frozen: what is paid gives what was ordered (money rules 13 and 14)."""
    price = play.new_price(credits_amount="70")
    play.checkout(priceId=price)
    play.api("POST", f"prices/{price}", **{"active": "false", "metadata[credits_amount]": "7000"})
    play.pay()


def _cross_sold(play: Play) -> None:
    """A setting of the dashboard: the page offers another product beside the one that was ordered."""
    ordered, added = play.new_price(credits_amount="70"), play.new_price(credits_amount="30")
    products = [play.api("GET", f"prices/{price}")["product"] for price in (ordered, added)]
    play.control("cross_sell", product=products[0], other=products[1])
    play.checkout(priceId=ordered)
    play.take_offer(added)
    play.pay()
    assert play.session()["amount_total"] == 1400
    lines = play.success()["purchase"]["lines"]
    assert [(line["priceId"], line["credits"]) for line in lines] == [(ordered, 70), (added, 30)]


def _upsold(play: Play) -> None:
    """Another setting: the page offers a year of the plan instead of a month."""
    product = play.api("POST", "products", name=play.row.name)["id"]
    monthly, yearly = (
        play.api(
            "POST",
            "prices",
            product=product,
            currency="usd",
            unit_amount=amount,
            **{
                "recurring[interval]": interval,
                "metadata[plan]": "upsold",
                "metadata[entitlement_level]": "PRO",
                "metadata[credits_amount]": str(amount // 100),
            },
        )["id"]
        for interval, amount in (("month", 1000), ("year", 9000))
    )
    play.control("upsell", price=monthly, other=yearly)
    play.checkout(priceId=monthly)
    play.take_offer(yearly)
    play.pay()
    answer = play.success()
    assert (answer["status"], [line["priceId"] for line in answer["purchase"]["lines"]]) == ("paid", [yearly])


def _reused_page(play: Play) -> None:
    first = play.checkout("credits_500")
    assert play.checkout("credits_500") == first
    play.pay()


def _two_orders(play: Play) -> None:
    """Money rule 24: the same pack twice on one day is two orders."""
    assert play.buy("credits_500") != play.buy("credits_500")


def _another_after_expiry(play: Play) -> None:
    first = play.checkout("credits_500")
    play.expire()
    play.settle()
    assert play.checkout("credits_500") != first
    play.pay()


def _another_plan_instead(play: Play) -> None:
    """Money rule 22: the earlier page of the group is ended before there is another."""
    first = play.checkout("team_yearly")
    play.buy("pro_monthly")
    assert play.session(first)["status"] == "expired"


def _only_one_plan(play: Play) -> None:
    play.buy("pro_monthly")
    play.settle()
    error = _refused(play, 409, "subscription_exists", key="team_yearly")
    assert error["portal"] == "/portal/sessions"


def _claimed_by_metadata(play: Play) -> None:
    """Somebody writes this user's id into a payment of his own customer: it is not believed."""
    play.buy("credits_500")
    stranger = play.api("POST", "customers", **{"metadata[user_id]": play.user, "email": f"{play.user}@example.com"})
    page = play.api(
        "POST",
        "checkout/sessions",
        mode="payment",
        customer=stranger["id"],
        success_url="https://example.com",
        client_reference_id=play.user,
        **{
            "line_items[0][price]": play.price("credits_2000_90d"),
            "line_items[0][quantity]": 1,
            "metadata[user_id]": play.user,
        },
    )
    play.pay_page(page["id"], page["url"])


def _read_everywhere(play: Play) -> None:
    """Every route that reads says the same, once the page has brought the account up to date."""
    play.buy("credits_500")
    assert play.success()["status"] == "paid"
    (entry,) = play.shop.get("/credits/transactions", play.user).json()["transactions"]
    assert (entry["kind"], entry["amount"], entry["balanceAfter"]) == ("PURCHASE", 500, 500)
    assert play.shop.get("/credits", play.user).json()["balance"] == 500
    assert play.shop.get("/entitlements", play.user).json()["level"] == "FREE"
    assert "credits_500" in {price["lookupKey"] for price in play.shop.get("/catalog").json()["prices"]}


ANY = frozenset({"APPLIED", "NOOP", "IGNORED", "PARKED", "QUARANTINED"})

ROWS = (
    Row("a pack is bought", "modes", _pack, level="FREE", balance=500, ledger=CREDITS),
    Row("a plan is bought", "modes", _plan, level="PRO", balance=100, ledger=SUBSCRIBED, subscriptions=PRO),
    Row(
        "several lines in one order",
        "modes",
        _several_lines,
        level="PRO",
        balance=1000,
        ledger=(("ACCESS", 0), ("PURCHASE", 1000)),
    ),
    Row("three of a pack", "modes", _three_packs, level="FREE", balance=1500, ledger=(("PURCHASE", 1500),)),
    Row(
        "five seats",
        "modes",
        _seats,
        level="TEAM",
        balance=0,
        ledger=(("ACCESS", 0),),
        subscriptions=(("active", "team"),),
    ),
    Row("an embedded page that nobody pays", "settings", _embedded, level="FREE", balance=0, ledger=()),
    Row("a page in German", "settings", _in_german, level="FREE", balance=500, ledger=CREDITS),
    Row("paid in euros", "settings", _in_euros, level="FREE", balance=500, ledger=CREDITS),
    Row("paid with a promotion code", "settings", _with_a_code, level="FREE", balance=500, ledger=CREDITS),
    Row("read by every route", "reading", _read_everywhere, level="FREE", balance=500, ledger=CREDITS),
    Row("named by its id", "naming", _by_price_id, level="FREE", balance=500, ledger=CREDITS),
    Row(
        "named by plan and interval", "naming", _by_plan, level="PRO", balance=100, ledger=SUBSCRIBED, subscriptions=PRO
    ),
    Row("named by the level", "naming", _by_level, level="PRO", balance=0, ledger=(("ACCESS", 0),)),
    Row(
        "a plan with two prices is asked for",
        "naming",
        _ambiguous,
        level="PRO",
        balance=100,
        ledger=SUBSCRIBED,
        subscriptions=PRO,
    ),
    Row("metadata that cannot be meant", "naming", _broken_metadata, level="FREE", balance=0, ledger=()),
    Row("a price that gives nothing", "naming", _giving_nothing, level="FREE", balance=0, ledger=()),
    Row(
        "a price archived after the order",
        "sessions",
        _archived_after_the_order,
        level="FREE",
        balance=70,
        ledger=(("PURCHASE", 70),),
    ),
    Row(
        "with a cross-sell of the page", "sessions", _cross_sold, level="FREE", balance=100, ledger=(("PURCHASE", 100),)
    ),
    Row(
        "upsold by the page",
        "sessions",
        _upsold,
        level="PRO",
        balance=90,
        ledger=(("ACCESS", 0), ("PURCHASE", 90)),
        subscriptions=(("active", "upsold"),),
    ),
    Row("ordered twice and paid once", "sessions", _reused_page, level="FREE", balance=500, ledger=CREDITS),
    Row(
        "bought twice",
        "sessions",
        _two_orders,
        level="FREE",
        balance=1000,
        ledger=(("PURCHASE", 500), ("PURCHASE", 500)),
    ),
    Row("ordered again after expiry", "sessions", _another_after_expiry, level="FREE", balance=500, ledger=CREDITS),
    Row(
        "another plan instead of the first",
        "one live subscription",
        _another_plan_instead,
        level="PRO",
        balance=100,
        ledger=SUBSCRIBED,
        subscriptions=PRO,
    ),
    Row(
        "a second plan is refused",
        "one live subscription",
        _only_one_plan,
        level="PRO",
        balance=100,
        ledger=SUBSCRIBED,
        subscriptions=PRO,
    ),
    Row(
        "a user named in another's metadata",
        "sessions",
        _claimed_by_metadata,
        level="FREE",
        balance=500,
        ledger=CREDITS,
        outcomes=ANY,
    ),
)
