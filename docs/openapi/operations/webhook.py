"""Stripe's delivery."""

from __future__ import annotations

from billing import errors
from billing.domain.events import HANDLED
from billing.domain.ids import EVENT_ID
from docs.openapi.operation import STORED, Caller, Operation, Parameter, Replied, matching

_EVENT = {
    "type": "object",
    "description": "Stripe's event, a snapshot or a thin one; anything else in it is not read.",
    "required": ["id", "object", "type", "created", "livemode"],
    "properties": {
        "id": matching(EVENT_ID, "evt_1Qh5lrPTjjF8N0EF"),
        "object": {"enum": ["event", "v2.core.event"]},
        "type": {
            "anyOf": [{"enum": sorted(HANDLED)}, {"type": "string"}],
            "description": "The listed types can change an account; any other is only counted.",
        },
        "created": {"type": ["integer", "string"], "description": "Unix time; ISO 8601 in a thin event."},
        "livemode": {"type": "boolean"},
        "api_version": {"type": ["string", "null"]},
        "account": {"type": ["string", "null"]},
        "context": {"type": ["string", "null"]},
        "data": {
            "type": "object",
            "properties": {"object": {"type": "object", "properties": {"id": {"type": "string"}}}},
        },
        "related_object": {"type": ["object", "null"]},
    },
}
"""https://docs.stripe.com/api/events/object, https://docs.stripe.com/api/v2/core/events/object"""
_TAKEN = {
    "type": "object",
    "required": ["ok"],
    "properties": {"ok": {"const": True}, "idempotent": {"const": True}},
}

OPERATIONS = (
    Operation(
        "POST /webhooks/stripe",
        "receiveEvent",
        "Webhook",
        "Receive a signed event from Stripe. 2xx once the queue has it, or if its type is not handled.",
        Caller.STRIPE,
        [Replied(200, '`{"ok": true}`, with `"idempotent": true` when it was handled before.', schema=_TAKEN)],
        foreign_body=_EVENT,
        parameters=[Parameter("Stripe-Signature", "header", "Stripe's signature of the exact bytes.", required=True)],
        errors=(errors.BodyTooLarge, errors.InvalidRequest, errors.SignatureRefused, *STORED),
    ),
)
