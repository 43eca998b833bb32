"""Sold with every setting on: a trial without a card, tax, addresses, receipts, invoices and the shop's language."""

from tests.integration.purchase.shop import PAYS, Checkout
from tests.scenarios.play import Play
from tests.scenarios.table import Ledger, Row

ADDRESS = {"country": "DE", "line1": "Unter den Linden 1", "city": "Berlin", "postal_code": "10117"}
TYPED = {"card_number": PAYS, "expiry": "12 / 34", "cvc": "123"}
CARD = {"payment_method": "card", **TYPED}


def _press(play: Play, checkout: Checkout, typed: dict[str, str], status: int = 303) -> None:
    """The button of a page: where nothing is due it asks for no card."""
    buyer = {"email": f"{play.user}@example.com", "name": "Ada Canaryname"}
    answer = play.shop.http.post(checkout.url, data=buyer | typed)
    assert answer.status_code == status, answer.text
    play.settle_if_it_comes()


def _on_trial(play: Play) -> None:
    """Nothing to pay, and the plan's credits with the trial, for that is a setting, too."""
    checkout = play.checkout("pro_monthly")
    session = play.session()
    assert (session["amount_total"], session["payment_method_collection"]) == (0, "if_required")
    _press(play, checkout, ADDRESS)
    play.settle()
    (shown,) = play.shop.get("/account", play.user).json()["subscriptions"]
    assert (shown["status"], shown["trialEnd"]) == ("trialing", shown["currentPeriodEnd"])


def _ends_without_a_card(play: Play) -> None:
    _on_trial(play)
    play.advance(16)


def _goes_on_with_a_card(play: Play) -> None:
    """Left in the portal meanwhile; the first month is then paid with its tax."""
    _on_trial(play)
    portal = play.shop.post("/portal/sessions", play.user, {"flow": "payment_method_update"}).json()["url"]
    assert play.shop.http.post(f"{portal}/payment-method", data=TYPED).status_code == 303
    play.advance(16)
    assert play.api("GET", f"invoices/{play.invoice()}")["amount_paid"] == 1428


def _no_second_trial(play: Play) -> None:
    """Who ever had a plan of the group pays from the first day on."""
    _ends_without_a_card(play)
    play.settle()
    checkout = play.checkout("pro_monthly")
    session = play.session()
    assert (session["amount_subtotal"], session["payment_method_collection"]) == (1200, "always")
    _press(play, checkout, ADDRESS | CARD)


def _taxed(play: Play) -> None:
    """A fifth of what was paid, tax included, is a fifth of what was given (money rules 14 and 18)."""
    checkout = play.checkout()
    _press(play, checkout, CARD, 422)
    _press(play, checkout, ADDRESS | CARD)
    session = play.session()
    assert (session["amount_total"], session["total_details"]["amount_tax"]) == (595, 95)
    assert play.api("GET", f"customers/{play.customer}")["address"]["country"] == "DE"
    play.refund(119)


def _with_a_receipt(play: Play) -> None:
    """To the address of the token; the invoice beside it grants nothing of its own (money rule 12)."""
    checkout = play.checkout(quantity=2)
    assert play.session()["locale"] == "fr"
    _press(play, checkout, ADDRESS | CARD)
    session = play.session()
    intent = play.api("GET", f"payment_intents/{session['payment_intent']}")
    invoice = play.api("GET", f"invoices/{session['invoice']}")
    assert (intent["receipt_email"], invoice["status"]) == (f"{play.user}@example.com", "paid")


TRIED: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100))
KEPT: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100), ("RENEWAL", 100))
AGAIN: Ledger = (("ACCESS", 0), ("ACCESS", 0), ("ACCESS", 0), ("PURCHASE", 100), ("PURCHASE", 100))
FIFTH: Ledger = (("PURCHASE", 500), ("REFUND", -100))
TWO: Ledger = (("PURCHASE", 1000),)
PRO = (("active", "pro"),)

ROWS = (
    Row("a trial that ends without a card", "trial", _ends_without_a_card, "FREE", 100, TRIED, every_setting=True),
    Row("a trial that goes on with a card", "trial", _goes_on_with_a_card, "PRO", 200, KEPT, PRO, every_setting=True),
    Row("no second trial", "trial", _no_second_trial, "PRO", 200, AGAIN, PRO, every_setting=True),
    Row("taxed where the buyer lives", "settings", _taxed, "FREE", 400, FIFTH, every_setting=True),
    Row("a receipt and an invoice", "settings", _with_a_receipt, "FREE", 1000, TWO, every_setting=True),
)
