"""Stripe's published test cards and test IBANs, and the checks a payment form makes before it asks the bank.

Cards: https://docs.stripe.com/testing
IBANs: https://docs.stripe.com/payments/sepa-debit/accept-a-payment?payment-ui=checkout#test-your-integration
Messages of the checks: https://docs.stripe.com/error-codes and https://docs.stripe.com/declines/codes
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

SOON = 2
"""Seconds until a SEPA debit settles that Stripe's sandbox settles without delay. Real debits take days."""
DELAYED = 180
""""At least three minutes" for the delayed test IBANs (page above)."""


@dataclass(frozen=True)
class Instrument:
    """A card or bank account as the engine sees it."""

    kind: str
    """card or sepa_debit"""
    number: str
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    exp_month: int = 12
    exp_year: int = 2034
    failure: tuple[str, str, str] | None = None
    """(error code, decline code, message) when the payment is refused"""
    authenticate: bool = False
    """3-D Secure is asked for at every on-session payment"""
    fails_off_session: bool = False
    dispute: str | None = None
    """dispute or inquiry, opened right after the payment"""
    settles_after: int = 0

    @property
    def last4(self) -> str:
        return self.number[-4:]


class InvalidDetails(ValueError):
    """The form is wrong before any bank is asked; `field` is the form's field."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
        self.message = message


DECLINED = ("card_declined", "generic_decline", "Your card was declined.")
NO_FUNDS = ("card_declined", "insufficient_funds", "Your card has insufficient funds.")

CARDS: dict[str, Instrument] = {
    card.number: card
    for card in (
        Instrument("card", "4242424242424242"),
        Instrument("card", "4000056655665556", funding="debit"),
        Instrument("card", "5555555555554444", brand="mastercard"),
        Instrument("card", "378282246310005", brand="amex"),
        Instrument("card", "6011111111111117", brand="discover"),
        Instrument("card", "4000002760000016", country="DE"),
        Instrument("card", "4000000000000002", failure=DECLINED),
        Instrument("card", "4000000000009995", failure=NO_FUNDS),
        Instrument("card", "4000000000009987", failure=("card_declined", "lost_card", "Your card was declined.")),
        Instrument("card", "4000000000000069", failure=("expired_card", "expired_card", "Your card has expired.")),
        Instrument(
            "card",
            "4000000000000127",
            failure=("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
        ),
        Instrument(
            "card",
            "4000000000000119",
            failure=(
                "processing_error",
                "processing_error",
                "An error occurred while processing your card. Try again in a little bit.",
            ),
        ),
        Instrument("card", "4000002500003155", authenticate=True),
        Instrument("card", "4000000000003220", authenticate=True),
        Instrument("card", "4000002760003184", authenticate=True, fails_off_session=True),
        Instrument("card", "4000008400001629", authenticate=True, failure=DECLINED),
        Instrument("card", "4000000000000341", fails_off_session=True),
        Instrument("card", "4000000000000259", dispute="dispute"),
        Instrument("card", "4000000000001976", dispute="inquiry"),
    )
}
"""Pays, declines, asks for 3-D Secure, is disputed, or attaches and then fails (…0341), as the page above lists."""

IBANS: dict[str, Instrument] = {
    account.number: account
    for account in (
        Instrument("sepa_debit", "AT611904300234573201", country="AT", settles_after=SOON),
        Instrument("sepa_debit", "DE89370400440532013000", country="DE", settles_after=SOON),
        Instrument("sepa_debit", "AT321904300235473204", country="AT", settles_after=DELAYED),
        Instrument(
            "sepa_debit",
            "AT861904300235473202",
            country="AT",
            settles_after=SOON,
            failure=("payment_intent_payment_attempt_failed", "generic_could_not_process", "The payment failed."),
        ),
        Instrument(
            "sepa_debit",
            "AT051904300235473205",
            country="AT",
            settles_after=DELAYED,
            failure=("payment_intent_payment_attempt_failed", "generic_could_not_process", "The payment failed."),
        ),
        Instrument("sepa_debit", "AT591904300235473203", country="AT", settles_after=SOON, dispute="dispute"),
        Instrument(
            "sepa_debit",
            "AT981904300002222227",
            country="AT",
            settles_after=SOON,
            failure=("payment_intent_payment_attempt_failed", "insufficient_funds", "The payment failed."),
        ),
    )
}


def card(number: str, expiry: str, cvc: str, now: int) -> Instrument:
    """Read a card form; raise InvalidDetails with Stripe's wording."""
    digits = "".join(number.split()).replace("-", "")
    if not digits:
        raise InvalidDetails("number", "incomplete_number", "Your card number is incomplete.")
    if not (digits.isascii() and digits.isdigit()) or not _luhn(digits):
        raise InvalidDetails("number", "invalid_number", "Your card number is invalid.")
    month, year = _expiry(expiry, now)
    length = 4 if digits.startswith(("34", "37")) else 3
    if not (cvc.isascii() and cvc.isdigit() and len(cvc) == length):
        raise InvalidDetails("cvc", "incomplete_cvc", "Your card's security code is incomplete.")
    known = CARDS.get(digits)
    if known is None:
        message = "Your card was declined. Your request was in test mode, but used a non test (live) card."
        known = Instrument("card", digits, failure=("card_declined", "test_mode_live_card", message))
    return Instrument(**{**known.__dict__, "exp_month": month, "exp_year": year})


def _expiry(text: str, now: int) -> tuple[int, int]:
    """Read `12 / 34`, `12/34`, `12/2034`, or bare digits: Stripe's page inserts the slash while one types."""
    month, slash, year = "".join(text.split()).partition("/")
    if not slash and len(month) in (4, 6):
        month, year = month[:2], month[2:]
    if not (month.isascii() and year.isascii() and month.isdigit() and year.isdigit() and len(year) in (2, 4)):
        raise InvalidDetails("expiry", "incomplete_expiry", "Your card's expiration date is incomplete.")
    full = int(year) + (2000 if len(year) == 2 else 0)
    if not 1 <= int(month) <= 12:
        raise InvalidDetails("expiry", "invalid_expiry_month", "Your card's expiration date is invalid.")
    today = datetime.fromtimestamp(now, UTC)
    if (full, int(month)) < (today.year, today.month):
        raise InvalidDetails("expiry", "invalid_expiry_year_past", "Your card's expiration year is in the past.")
    if full > today.year + 50:
        raise InvalidDetails("expiry", "invalid_expiry_year", "Your card's expiration year is invalid.")
    return int(month), full


def sepa_account(number: str) -> Instrument:
    """Read an IBAN; raise InvalidDetails with Stripe's wording."""
    iban = "".join(number.split()).upper()
    if len(iban) < 15:
        raise InvalidDetails("iban", "incomplete_iban", "Your IBAN is incomplete.")
    if not (iban.isascii() and iban.isalnum() and iban[:2].isalpha()) or not _mod97(iban):
        raise InvalidDetails("iban", "invalid_iban", "Your IBAN is invalid.")
    known = IBANS.get(iban)
    if known is None:
        raise InvalidDetails("iban", "invalid_bank_account_iban", "The IBAN you provided is not a test IBAN.")
    return known


def _luhn(digits: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return len(digits) >= 13 and total % 10 == 0


def _mod97(iban: str) -> bool:
    return int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1
