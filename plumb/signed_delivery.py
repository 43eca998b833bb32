"""A delivery of the webhook as API Gateway hands it to the function, signed anew: for `sam local invoke`."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plumb.errors import PlumbError
from plumb.given import json_of

_ENVELOPE = Path(__file__).resolve().parents[1] / "events/webhook/unsigned.json"
"""A delivery as API Gateway hands it over; what an event alone is put into."""


def delivery_of(given: object) -> dict[str, Any]:
    """Make a delivery of what was given: one, as the files in events/webhook are, or an event alone.

    Raises PlumbError for anything else.
    """
    if isinstance(given, Mapping) and isinstance(given.get("body"), str) and isinstance(given.get("headers"), Mapping):
        return dict(given)
    if isinstance(given, Mapping) and str(given.get("object", "")).endswith("event"):  # thin ones are v2.core.event
        body = json.dumps(given, separators=(",", ":"), ensure_ascii=False)
        return {**json.loads(_ENVELOPE.read_text()), "body": body, "isBase64Encoded": False}
    raise PlumbError("That is neither an event of Stripe's nor an invocation of the webhook with one in its body.")


def body_of(delivery: Mapping[str, Any]) -> str:
    """Return the text that Stripe sent. Raises PlumbError when the body is no text."""
    body: str = delivery["body"]
    if not delivery.get("isBase64Encoded"):
        if any("\ud800" <= letter <= "\udfff" for letter in body):
            raise PlumbError("The body has half of a pair of surrogates: no bytes stand for that.")
        return body
    try:
        return base64.b64decode(body, validate=True).decode()
    except ValueError as exc:  # binascii's and the decoder's are ones, and so is that of a letter beyond ASCII
        raise PlumbError("The invocation says that its body is Base64, and it is no text in Base64.") from exc


def is_live(delivery: Mapping[str, Any]) -> bool:
    """Whether the event says that it is of live mode; a body that is no event says nothing."""
    try:
        event = json_of(body_of(delivery), "The body")
    except PlumbError:
        return False
    return isinstance(event, dict) and event.get("livemode") is True


def signed(delivery: Mapping[str, Any], secret: str, timestamp: int) -> dict[str, Any]:
    """Return the delivery with a signature of this moment (seconds since 1970), in place of any it had.

    Stripe's own SDK signs: the check is ours (`billing.domain.signature`), and a mistake in it must not be made twice.
    """
    from stripe import WebhookSignature

    body = body_of(delivery)
    header = WebhookSignature.generate_signature_header(body, secret, timestamp)
    kept = {name: value for name, value in delivery["headers"].items() if name.lower() != "stripe-signature"}
    length = str(len(body.encode()))
    return {**delivery, "headers": {**kept, "content-length": length, "stripe-signature": header}}
