"""What the fields of Stripe's objects must be for us to read them: a word, a whole number, a flag.

Asked of each object before it is read. A value of another type would go through a decision, and be stored: and then
nobody could read the account again that it was stored in. A table for each object; the names are Stripe's, and None
stands where stripe-python 16.1.0 says `Optional`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from billing.domain.ids import CHOSEN_ID, STRIPE_ID, UnfitError, fits
from billing.domain.subscription import ENDED

type Check = Callable[[object], bool]
type Shape = Mapping[str, Check]

_WORD: Final = re.compile(r"[a-z0-9_]{1,64}", re.ASCII)
_CURRENCY: Final = re.compile(r"[a-z]{3}", re.ASCII)
_LARGEST: Final = 10**15  # Stripe's own amounts have twelve digits at most, and a float of some client's holds fifteen


def _number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST


def _amount(value: object) -> bool:
    return isinstance(value, int) and _number(value) and value >= 0


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _one_of(pattern: re.Pattern[str]) -> Check:
    return lambda value: fits(value, pattern) is not None


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


_word, _currency, _id = _one_of(_WORD), _one_of(_CURRENCY), _one_of(STRIPE_ID)

SESSION: Final[Shape] = {
    "mode": _word,
    "status": _or_none(_word),
    "payment_status": _word,
    "currency": _or_none(_currency),  # none and no amount: a session that only saves a card
    "amount_total": _or_none(_amount),
}
OPENED: Final[Shape] = {"url": _or_none(_text), "client_secret": _or_none(_text)}
_ITEM: Final[Shape] = {"quantity": _or_none(_amount)}
"""Of a session, a subscription and an invoice: metered usage has no quantity, or none yet."""
_PRICE_ID: Final[Shape] = {"id": _one_of(CHOSEN_ID)}
_CHARGE: Final[Shape] = {"amount_captured": _amount, "currency": _currency}
_REFUND: Final[Shape] = {"id": _id, "amount": _amount, "status": _or_none(_word)}
_DISPUTE: Final[Shape] = {"id": _id, "amount": _amount, "status": _word, "currency": _currency}
SUBSCRIPTION: Final[Shape] = {"status": _word, "currency": _currency, "cancel_at_period_end": _flag}
INVOICE: Final[Shape] = {"status": _or_none(_word), "billing_reason": _or_none(_word), "currency": _currency}
INVOICE_LINE: Final[Shape] = {"amount": _number, **_ITEM}
_PRICE: Final[Shape] = {
    "active": _flag,
    "currency": _currency,
    "unit_amount": _or_none(_amount),
    "lookup_key": _or_none(_text),
    "nickname": _or_none(_text),
}
_RECURRING: Final[Shape] = {"interval": _word, "interval_count": _amount}
_PRODUCT: Final[Shape] = {"active": _flag, "name": _or_none(_text), "description": _or_none(_text)}


def check(shape: Shape, *objects: Mapping[str, Any]) -> None:
    """Raise UnfitError with the first field that is not as it must be; one that is not there counts as None."""
    for obj in objects:
        for name, fit in shape.items():
            if not fit(obj.get(name)):
                raise UnfitError(name)


def check_items(items: Iterable[Mapping[str, Any]]) -> None:
    """The same for items that name their price."""
    for item in items:
        check(_ITEM, item)
        check(_PRICE_ID, item["price"])


def whole(listed: Mapping[str, Any], name: str) -> list[Any]:
    """The rows of a list within an object. Raises UnfitError when it has more than it shows: whoever reads the object
    reads on first, or what a payer has on the next page would silently not be there.
    """
    if listed.get("has_more"):
        raise UnfitError(name)
    rows: list[Any] = listed["data"]
    return rows


def subscription_items(subscription: Mapping[str, Any]) -> list[Any]:
    """All of a subscription's items, of which there is one at least; of one that has ended, those that it shows."""
    listed = subscription["items"]
    items: list[Any] = listed["data"] if subscription["status"] in ENDED else whole(listed, "items")
    check_items(items)
    if not items:
        raise UnfitError("items")
    return items


def check_payment(
    charge: Mapping[str, Any], refunds: Iterable[Mapping[str, Any]], disputes: Iterable[Mapping[str, Any]]
) -> None:
    """The same for a charge and its registers."""
    check(_CHARGE, charge)
    check(_REFUND, *refunds)
    check(_DISPUTE, *disputes)


def check_price(price: Mapping[str, Any], product: Mapping[str, Any]) -> None:
    """The same for a price and what is at hand of its product: nothing, where the price speaks for itself."""
    check(_PRICE, price)
    check(_RECURRING, *[price["recurring"]] if price["recurring"] else [])
    check(_PRODUCT, {"active": True, **product})
