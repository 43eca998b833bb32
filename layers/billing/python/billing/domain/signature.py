"""Check Stripe's webhook signature: HMAC-SHA256 over the exact bytes that were delivered.

Written here instead of taken from the SDK for two reasons. Importing the SDK is the largest start-up cost
the webhook function could have. And the SDK's check (stripe-python 16.1.0, `_webhook.py`) raises on input
anybody may send: TypeError on a `v1` that is not ASCII, UnicodeDecodeError on a body that is not UTF-8,
both before anything is verified. `tests/unit/billing/domain/test_signature.py` holds this check against the
SDK's over generated cases.

The format is https://docs.stripe.com/webhooks#verify-manually :
`t=<unix>,v1=<hex>[,v1=<hex>...][,v0=<hex>]`. Stricter than the SDK, on purpose; each is refused here and
accepted there:

- a timestamp more than the tolerance ahead: a captured signature must not become valid later;
- two timestamps: a proxy joins two headers with a comma, and a space for all it likes (RFC 9110, 5.3), and taking
  the first would let one header vouch for the other;
- a timestamp that is not plain ASCII digits (`+5`, `0005`, ` 5`, Arabic digits): Python's `int` reads more
  than Stripe writes;
- a signature followed by more text (`v1=<hex>=x`): the SDK cuts the value at the second `=`;
- anything in the header that is not printable ASCII, a header over 4 KB, more than 16 `v1` values.

Looser in one place: a body that is not UTF-8 can be verified, since the signature is over bytes. What to do
with a signed body that cannot be read is for the caller to decide.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from billing.errors import Misconfigured, SignatureRefused

DEFAULT_TOLERANCE = timedelta(seconds=300)  # Stripe's own default
MAX_HEADER_LENGTH = 4096  # 16 signatures of 68 characters are 1,088; Stripe sends one for each active secret
MAX_SIGNATURES = 16
MAX_SECRETS = 8  # one in daily use, two during a rotation
_MAX_TOLERANCE = timedelta(hours=1)

_TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
_PRINTABLE = re.compile(r"[\x20-\x7e]+", re.ASCII)
_VISIBLE = re.compile(r"[!-~]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Verified:
    """A delivery that carried a signature of ours, with the time at which Stripe signed it."""

    timestamp: datetime


@dataclass(frozen=True, slots=True)
class SigningSecrets:
    """The webhook secrets that are live at the moment, all of them tried.

    During a rotation both the old and the new one are (Stripe signs with each for up to 24 hours). An empty
    secret is refused when this is made: HMAC takes an empty key without complaint, and then anybody can
    sign.
    """

    values: tuple[str, ...] = field(repr=False)
    tolerance: timedelta = DEFAULT_TOLERANCE

    def __post_init__(self) -> None:
        if not 1 <= len(self.values) <= MAX_SECRETS:
            raise Misconfigured(f"between 1 and {MAX_SECRETS} webhook secrets are needed, not {len(self.values)}")
        if any(len(value) < 16 or not _is_token(value) for value in self.values):
            # The value itself stays out of the message.
            raise Misconfigured(
                "a webhook secret is empty, too short, or holds a space or a character that is not ASCII"
            )
        # A tolerance of 0 or None turns the SDK's time check off; here it stops the start.
        tolerance: object = self.tolerance
        if not isinstance(tolerance, timedelta) or not timedelta(0) < tolerance <= _MAX_TOLERANCE:
            raise Misconfigured(f"the webhook tolerance must be above 0 and at most {_MAX_TOLERANCE}")


def verify(header: str | None, body: bytes, secrets: SigningSecrets, now: datetime) -> Verified:
    """Return when Stripe signed `body`, or raise `SignatureRefused`, and nothing else on any input.

    The time is looked at first because it costs nothing: a flood of stale copies is turned away before any
    hashing. Every signature is compared with every secret's, in constant time, without stopping at the
    first that fits.
    """
    timestamp, signatures = _parse(header)
    if abs(now.timestamp() - int(timestamp)) > secrets.tolerance.total_seconds():
        raise SignatureRefused("the signature's timestamp is outside the tolerance", reason="expired")
    signed = timestamp.encode("ascii") + b"." + body
    matched = False
    for secret in secrets.values:
        expected = hmac.digest(secret.encode("ascii"), signed, "sha256").hex().encode("ascii")
        for signature in signatures:
            matched |= hmac.compare_digest(expected, signature)
    if not matched:
        raise SignatureRefused("no signature fits the body", reason="mismatch")
    return Verified(timestamp=datetime.fromtimestamp(int(timestamp), tz=UTC))


def _parse(header: str | None) -> tuple[str, Sequence[bytes]]:
    """Split the header into its one timestamp and its `v1` values; `v0` (sent in test mode) is ignored."""
    if not header:
        raise SignatureRefused("the Stripe-Signature header is missing", reason="missing")
    malformed = SignatureRefused("the Stripe-Signature header can't be read", reason="malformed")
    if len(header) > MAX_HEADER_LENGTH or not _PRINTABLE.fullmatch(header):
        raise malformed
    pairs = [item.partition("=") for item in header.split(",")]
    if any(name in ("t", "v1") and not equals for name, equals, _ in pairs):
        raise malformed
    timestamps = [value for name, _, value in pairs if name == "t"]
    signatures = [value.encode("ascii") for name, _, value in pairs if name == "v1"]
    joined = sum(name.strip() == "t" for name, _, _ in pairs) > 1
    if joined or len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]):
        raise malformed
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise malformed
    return timestamps[0], signatures


def _is_token(value: str) -> bool:
    return _VISIBLE.fullmatch(value) is not None
