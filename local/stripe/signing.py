"""Sign a webhook as Stripe does. https://docs.stripe.com/webhooks#verify-manually"""

from __future__ import annotations

import hmac


def signature_header(body: bytes, secrets: list[str], timestamp: int) -> str:
    """Return the Stripe-Signature header: one `v1` per active secret, as after a roll."""
    signed = f"{timestamp}.".encode() + body
    values = [hmac.digest(secret.encode(), signed, "sha256").hex() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={value}" for value in values)])
