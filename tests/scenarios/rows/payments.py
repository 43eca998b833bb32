"""One-time payments: every way in which one can end, and what is in the account afterwards."""

from tests.integration.purchase.shop import DECLINED, IBAN_PENDING, THREE_D_SECURE
from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row

EUROS = "credits_500_eur"


def _authenticate(play: Play, outcome: str, answered: int) -> None:
    """Pay, and do as the bank's page asks, or fail it."""
    asked = play.pay(THREE_D_SECURE).headers["location"]
    page = play.shop.stack.stripe_url + asked
    assert play.shop.http.post(page, data={"outcome": outcome}).status_code == answered


def _expire(play: Play) -> None:
    play.api("POST", f"checkout/sessions/{play.session()['id']}/expire")


def _discount(play: Play, percent_off: int) -> str:
    """Type a promotion code on the page; the page's address."""
    assert play.last is not None
    coupon = play.api("POST", "coupons", percent_off=percent_off, duration="once")["id"]
    promotion = {"promotion[type]": "coupon", "promotion[coupon]": coupon}
    code = play.api("POST", "promotion_codes", **promotion)["code"]
    page = play.last.url
    answer = play.shop.http.post(f"{page}/promotion", data={"promotion_code": code}, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return page


def _priced(play: Play, credits_amount: int) -> tuple[str, str]:
    """A price of a product of its own; both their ids."""
    given = {"name": play.row.name, "metadata[credits_amount]": credits_amount}
    product = str(play.api("POST", "products", **given)["id"])
    return str(play.api("POST", "prices", product=product, currency="usd", unit_amount=700)["id"]), product


def _three_d_secure(play: Play) -> None:
    play.checkout()
    _authenticate(play, "fail", 402)
    _authenticate(play, "complete", 303)


def _three_d_secure_failed(play: Play) -> None:
    """Nobody tries again, until the page ends."""
    play.checkout()
    _authenticate(play, "fail", 402)
    _expire(play)


def _declined(play: Play) -> None:
    play.checkout()
    play.pay(DECLINED, wanted=402)
    play.pay()


def _free(play: Play) -> None:
    """Nothing is due, and what was ordered is given (money rule 15)."""
    play.checkout()
    page = _discount(play, 100)
    paid = play.shop.http.post(page, data={"email": f"{play.user}@example.com", "name": "Ada Canaryname"})
    assert paid.status_code == 303, paid.text
    assert play.session()["payment_status"] in ("paid", "no_payment_required")


def _underpaid(play: Play) -> None:
    """Amounts may differ from the order (money rule 14); half of what was paid is half of what was given (rule 18)."""
    play.checkout()
    _discount(play, 60)
    play.pay()
    assert play.session()["amount_total"] == 200
    play.refund(100)


def _asynchronous(play: Play, outcome: str) -> None:
    paid = play.buy(EUROS, IBAN_PENDING)
    play.control("async_payment", session=paid.session_id, outcome=outcome)


def _settled_later(play: Play) -> None:
    _asynchronous(play, "succeeded")


def _failed_later(play: Play) -> None:
    _asynchronous(play, "failed")


def _plan_by_debit(play: Play, outcome: str) -> None:
    """Stripe calls it active while the bank takes its days; its credits come with the money."""
    paid = play.buy("pro_monthly", IBAN_PENDING, currency="eur")
    assert play.api("GET", f"subscriptions/{play.subscription}")["status"] == "active"
    play.control("async_payment", invoice=play.session(paid)["invoice"], outcome=outcome)


def _plan_settled_later(play: Play) -> None:
    _plan_by_debit(play, "succeeded")


def _plan_failed_later(play: Play) -> None:
    """Nothing was ever paid, so there is no grace either (money rule 21)."""
    _plan_by_debit(play, "failed")


def _plan_bought_again(play: Play) -> None:
    """Nothing is under way any more once the subscription of the failed debit has ended."""
    _plan_failed_later(play)
    play.cancel()
    play.buy("pro_monthly", currency="eur")


def _expired(play: Play) -> None:
    play.checkout()
    _expire(play)


def _one_of_each(play: Play) -> None:
    """A refund of a third takes a third of the credits of each line, and leaves the level (money rule 18)."""
    play.buy([{"lookupKey": "credits_500"}, {"lookupKey": "credits_2000_90d"}, {"lookupKey": "pro_30_days"}])
    play.refund(2900 // 5)


def _several_of_one(play: Play) -> None:
    play.buy(quantity=4)


def _level(play: Play) -> None:
    play.buy("pro_30_days")


def _expiring(play: Play) -> None:
    play.buy("credits_2000_90d")


def _other_currency(play: Play) -> None:
    play.buy(currency="eur")
    play.refund(90)


def _with_an_invoice(play: Play) -> None:
    """The session grants, its paid invoice does not (money rule 12)."""
    play.buy(quantity=2)
    assert play.session()["invoice"]
    play.refund(250)


def _edited(play: Play) -> None:
    """What was ordered is frozen (money rule 13)."""
    price, product = _priced(play, 70)
    play.checkout(priceId=price)
    play.api("POST", f"products/{product}", **{"metadata[credits_amount]": 7_000_000})
    play.pay()


def _archived(play: Play) -> None:
    price, _ = _priced(play, 80)
    play.checkout(priceId=price)
    play.api("POST", f"prices/{price}", active="false")
    play.pay()


PACK: Ledger = (("PURCHASE", 500),)
MONTH: Ledger = (("ACCESS", 0), ("PURCHASE", 100))
TURN: Ledger = (("ACCESS", 0),)
HALF: Ledger = (("PURCHASE", 500), ("REFUND", -250))
LINES: Ledger = (("ACCESS", 0), ("PURCHASE", 2500), ("REFUND", -500))
DOUBLE: Ledger = (("PURCHASE", 1000), ("REFUND", -250))

ROWS = (
    Row("3-D Secure passed at the second try", "payments", _three_d_secure, "FREE", 500, PACK),
    Row("3-D Secure failed", "payments", _three_d_secure_failed, "FREE", 0, ()),
    Row("declined and then paid", "payments", _declined, "FREE", 500, PACK),
    Row("free by a code for all of it", "payments", _free, "FREE", 500, PACK),
    Row("underpaid by a code and half refunded", "payments", _underpaid, "FREE", 250, HALF),
    Row("a bank debit that succeeds", "payments", _settled_later, "FREE", 500, PACK),
    Row("a bank debit that fails", "payments", _failed_later, "FREE", 0, ()),
    Row("a plan by bank debit", "payments", _plan_settled_later, "PRO", 100, MONTH, (("active", "pro"),)),
    Row(
        "a plan by a bank debit that fails",
        "payments",
        _plan_failed_later,
        "FREE",
        0,
        TURN * 2,
        (("past_due", "pro"),),
        at_once=(),
    ),
    Row(
        "a plan that is bought again after a bank debit has failed",
        "payments",
        _plan_bought_again,
        "PRO",
        100,
        (*TURN * 3, *MONTH[1:]),
        (("active", "pro"),),
        at_once=MONTH,
    ),
    Row("a page that expires", "payments", _expired, "FREE", 0, ()),
    Row("three products and a part refunded", "payments", _one_of_each, "PRO", 2000, LINES),
    Row("four of a pack", "payments", _several_of_one, "FREE", 2000, (("PURCHASE", 2000),)),
    Row("a level for thirty days", "payments", _level, "PRO", 0, (("ACCESS", 0),)),
    Row("credits for ninety days", "lots", _expiring, "FREE", 2000, (("PURCHASE", 2000),)),
    Row("euros and a part refunded", "payments", _other_currency, "FREE", 400, (("PURCHASE", 500), ("REFUND", -100))),
    Row("one-time with an invoice", "payments", _with_an_invoice, "FREE", 750, DOUBLE, time=True),
    Row("a price edited after the order", "payments", _edited, "FREE", 70, (("PURCHASE", 70),)),
    Row("a price withdrawn while it is paid", "payments", _archived, "FREE", 80, (("PURCHASE", 80),)),
)
