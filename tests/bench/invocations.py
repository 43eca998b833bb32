"""What functions are invoked with: the samples in `events/`, for a user of our own."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.fakes.stripe_signature import sign

_SAMPLES = Path(__file__).parents[2] / "events"


def sample(name: str) -> dict[str, Any]:
    """One of the files, by its path below `events/` without its ending."""
    found: dict[str, Any] = json.loads((_SAMPLES / f"{name}.json").read_text())
    return found


def request(name: str, user: str = "", body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
    """A request of a user, or of a machine where the sample is one's."""
    event = sample(name)
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    if user and claims["sub"] != "service":
        claims |= {"sub": user, "email": f"{user}@example.com"}
    event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        event["body"] = json.dumps(body)
    return event


def delivery(body: bytes, secret: str) -> dict[str, Any]:
    """A webhook of Stripe's, signed at this moment."""
    event = sample("webhook/unsigned")
    event["headers"]["stripe-signature"] = sign(body, secret, int(time.time()))
    event["body"] = body.decode()
    return event
