"""Stripe's delivery."""

from __future__ import annotations

from billing import errors
from docs.openapi.operation import STORED, Caller, Operation, Parameter, Replied

OPERATIONS = (
    Operation(
        "POST /webhooks/stripe",
        "receiveEvent",
        "Webhook",
        "Take a signed event of Stripe. 2xx once the queue has it, or if its type is not handled.",
        Caller.STRIPE,
        [Replied(200, '`{"ok": true}`, with `"idempotent": true` when it was handled before.')],
        parameters=[Parameter("Stripe-Signature", "header", "Stripe's signature of the exact bytes.", required=True)],
        errors=(errors.BodyTooLarge, errors.InvalidRequest, errors.SignatureRefused, *STORED),
    ),
)
