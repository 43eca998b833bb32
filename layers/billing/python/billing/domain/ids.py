"""Ids as types, the patterns that they must match, strict readers for JSON from outside, and how times are written.

Ids go into DynamoDB and Redis keys and into log lines, so none may hold a separator, a line break or
anything unexpected (failure-modes.md S25). Stripe says only that ids are opaque strings of at most 255
characters; what we accept is the prefix that Stripe gives each kind and then letters, digits and
underscores, except for those that whoever makes the object may choose
(https://docs.stripe.com/changelog/2018-05-21/valid-characters-ids-coupons-skus-customers-products-plans).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NewType

UserId = NewType("UserId", str)
CustomerId = NewType("CustomerId", str)
EventId = NewType("EventId", str)
SessionId = NewType("SessionId", str)
PaymentIntentId = NewType("PaymentIntentId", str)
InvoiceId = NewType("InvoiceId", str)
SubscriptionId = NewType("SubscriptionId", str)
SubscriptionItemId = NewType("SubscriptionItemId", str)
PriceId = NewType("PriceId", str)
OrderId = NewType("OrderId", str)
ReservationId = NewType("ReservationId", str)
PurchaseKey = NewType("PurchaseKey", str)
"""What grants: a checkout session's id, `invoice#line` (money rule 12), or the id of an adjustment of ours."""

USER_ID: Final = re.compile(r"[A-Za-z0-9_.@|+=-]{1,128}", re.ASCII)  # also `auth0|…`; no separator of a key
EVENT_ID: Final = re.compile(r"evt_[A-Za-z0-9_]{1,100}", re.ASCII)
NOTICE_ID: Final = re.compile(r"evt_[A-Za-z0-9_]{1,100}|look_[A-Za-z0-9_-]{1,280}", re.ASCII)  # look_: of look.py
PRICE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}", re.ASCII)  # that a request may name
CHOSEN_ID: Final = re.compile(r"[\w !-~]{1,255}")
"""Of a product, and of a price that was made as a plan: whoever made it may have chosen the id
(https://docs.stripe.com/api/products/create#create_product-id, https://docs.stripe.com/api/plans/create#create_plan-id),
until 2018 with spaces and whatever else is no control character. It is part of no key."""
LOOKUP_KEY: Final = re.compile(r"[A-Za-z0-9_.:-]{1,200}", re.ASCII)
CUSTOMER_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}", re.ASCII)
"""As Stripe makes them, or as another app may have chosen them since 2018; nobody's here has another."""
SESSION_ID: Final = re.compile(r"cs_[A-Za-z0-9_]{1,200}", re.ASCII)
PAYMENT_INTENT_ID: Final = re.compile(r"pi_[A-Za-z0-9_]{1,100}", re.ASCII)
CHARGE_ID: Final = re.compile(r"(ch|py)_[A-Za-z0-9_]{1,100}", re.ASCII)  # py_: a payment that is not by card
INVOICE_ID: Final = re.compile(r"in_[A-Za-z0-9_]{1,100}", re.ASCII)
SUBSCRIPTION_ID: Final = re.compile(r"sub_[A-Za-z0-9_]{1,100}", re.ASCII)
SUBSCRIPTION_ITEM_ID: Final = re.compile(r"si_[A-Za-z0-9_]{1,100}", re.ASCII)
ACCOUNT_ID: Final = re.compile(r"acct_[A-Za-z0-9]{1,100}", re.ASCII)
STRIPE_ID: Final = re.compile(r"[a-z]{2,12}_[A-Za-z0-9_]{1,240}", re.ASCII)
ORDER_ID: Final = re.compile(r"ord_[A-Za-z0-9_-]{1,100}", re.ASCII)
RESERVATION_ID: Final = re.compile(r"rsv_[0-9a-f]{24}", re.ASCII)
TRANSACTION_ID: Final = re.compile(r"[0-9]{12}#[0-9]{3}", re.ASCII)
IDEMPOTENCY_KEY: Final = re.compile(r"[ -~]{1,255}", re.ASCII)  # as Stripe: any visible text of at most 255
CORRELATION_ID: Final = re.compile(r"[A-Za-z0-9_=:.-]{8,128}", re.ASCII)
DOTTED_NAME: Final = re.compile(r"[a-z0-9_]{1,64}(\.[a-z0-9_]{1,64}){0,7}", re.ASCII)
EVENT_TYPE: Final = re.compile(r"[a-z0-9_.\[\]]{1,200}", re.ASCII)  # also `v2.core.account[requirements].updated`
API_VERSION: Final = re.compile(r"[0-9A-Za-z._-]{1,64}", re.ASCII)

_LAST_SECOND = 253_402_300_799  # the end of the year 9999, the last that datetime can hold


class UnfitError(ValueError):
    """A value does not fit its field; the text is the field's name. Callers make it their own error."""


def fits(value: object, pattern: re.Pattern[str]) -> str | None:
    """Return the value if it is a string that matches in full, else None."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def first_fit(values: Iterable[object], pattern: re.Pattern[str]) -> str | None:
    """Return the first of the values that matches in full."""
    return next((value for value in values if isinstance(value, str) and pattern.fullmatch(value)), None)


def required(value: object, pattern: re.Pattern[str], field: str) -> str:
    """Return the value, or raise UnfitError unless it is a string that matches in full."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise UnfitError(field)
    return value


def optional(value: object, pattern: re.Pattern[str], field: str) -> str | None:
    """As `required`, but None is allowed."""
    return None if value is None else required(value, pattern, field)


def mapping(value: object, field: str) -> Mapping[str, Any]:
    """Return the value, or raise UnfitError unless it is an object."""
    if not isinstance(value, Mapping):
        raise UnfitError(field)
    return value


def flag(value: object, field: str) -> bool:
    """Return the value, or raise UnfitError unless it is true or false."""
    if not isinstance(value, bool):
        raise UnfitError(field)
    return value


def unix_time(value: object, field: str) -> datetime:
    """Return Stripe's integer seconds as an aware time, or raise UnfitError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LAST_SECOND:
        raise UnfitError(field)
    return datetime.fromtimestamp(value, tz=UTC)


def moment(value: object, field: str) -> datetime:
    """Return an ISO 8601 text as an aware time in UTC, or raise UnfitError."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        if found is None or found.tzinfo is None:
            raise UnfitError(field)
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as exc:  # overflow: the year 1 or 9999 with an offset
        raise UnfitError(field) from exc


def iso_text(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, with whatever fraction it has: `moment` reads it back."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def iso_seconds(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the second, as other programs and people read it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def invoice_line_key(invoice: InvoiceId, line: str) -> PurchaseKey:
    """Return the purchase key of one line of a subscription's invoice."""
    return PurchaseKey(f"{invoice}#{line}")
