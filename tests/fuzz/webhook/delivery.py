"""What a fuzzer's bytes mean: a delivery, signed or not, and whether its signature makes it Stripe's.

Four bytes choose the form. The rest is the body as it is, or says what is odd about an event that Stripe could send:
bytes alone seldom stay JSON, and what reads an event would see too little of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from billing.http.request import HttpEvent
from tests.fakes.lambda_events import http_event
from tests.fakes.stripe_signature import sign
from tests.fakes.webhook_edge import OLD_SECRET, SECRET, T
from tests.fuzz.webhook.odd import odd_event

CHOICES = 4
"""Bytes at the front."""
ODD = 4
"""From this form on, the body is an event of Stripe's with something odd in it."""
SECRETS = (SECRET, OLD_SECRET, "whsec_somebody_elses_secret")
AGES = (0, 0, 0, 299, 300, 301, -299, -300, -301, 86_400, -86_400, 10**11)
"""Seconds by which the signature is older than now."""
_OTHER = "f" * 64

DRESS: tuple[Callable[[str], str], ...] = (
    lambda signed: signed,
    lambda signed: f"{signed},v1={_OTHER}",
    lambda signed: f"{signed},v0={_OTHER}",
    lambda signed: signed.replace(",v1=", f",v1={_OTHER},v1="),
)
"""Ways to write a header that are all right."""
SPOIL: tuple[Callable[[str], str], ...] = (
    lambda signed: signed[:-1],
    lambda signed: signed.replace("v1=", "v0="),
    lambda signed: signed + "=x",
    lambda signed: f"{signed},{signed}",
    lambda signed: signed.replace("t=", "t=+"),
    lambda signed: signed.replace("t=", "t=0"),
    lambda signed: signed.replace(",", "\n,"),
    lambda signed: signed.upper(),
)
"""Ways to write it that make it nobody's."""


@dataclass(frozen=True)
class Delivery:
    """A request as API Gateway hands it over; `genuine`: signed with a secret of ours, a moment ago."""

    event: HttpEvent
    body: bytes
    genuine: bool


def delivery(data: bytes) -> Delivery:
    """Read any bytes at all as a delivery."""
    choices, rest = data[:CHOICES].ljust(CHOICES, b"\0"), data[CHOICES:]
    form, secret, age, dress = choices[0] % 8, choices[1] % len(SECRETS), choices[2] % len(AGES), choices[3]
    if form == 0:
        return _unsigned(rest, dress)
    if form >= ODD:
        rest = odd_event(rest)
    signed = sign(rest, SECRETS[secret], T - AGES[age])
    spoiled = form in (1, ODD)
    ways = SPOIL if spoiled else DRESS
    header = ways[dress % len(ways)](signed)
    genuine = not spoiled and SECRETS[secret] in (SECRET, OLD_SECRET) and abs(AGES[age]) <= 300
    return Delivery(_event(rest, header, encoded=form % 2 == 1), rest, genuine)


def _unsigned(rest: bytes, length: int) -> Delivery:
    """The bytes' own idea of a header; it can't be right, or HMAC is broken."""
    header, body = rest[:length].decode("latin-1"), rest[length:]
    return Delivery(_event(body, header, encoded=length % 2 == 1), body, genuine=False)


def _event(body: bytes, header: str, *, encoded: bool) -> HttpEvent:
    """What is not UTF-8 reaches a function in base64 only, as API Gateway does it."""
    return http_event(body, {"Stripe-Signature": header}, encoded=encoded or not _is_text(body))


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
