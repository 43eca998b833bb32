"""What the queue carries of an event: ids, never state.

The message is written by the webhook and read by the consumer, which may be a release apart: so it has a version, and
is read as strictly as if a stranger had written it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from billing.domain import ids
from billing.domain.ids import CustomerId, EventId, OrderId
from billing.errors import MalformedMessage

type Quarantine = Literal["wrong_mode", "wrong_account"]

MESSAGE_VERSION: Final = 1
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))
THIN_PREFIX: Final = "v1."
"""What the type of a thin event has before the name of the snapshot event that tells of the same change."""

RELATED: Final[Mapping[str, re.Pattern[str]]] = {
    "checkout.session": ids.SESSION_ID,
    "payment_intent": ids.PAYMENT_INTENT_ID,
    "charge": ids.CHARGE_ID,
    "invoice": ids.INVOICE_ID,
    "subscription": ids.SUBSCRIPTION_ID,
}


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """The object an event is about. No id: a coming invoice and a summary of entitlements have none."""

    type: str
    id: str | None


@dataclass(frozen=True, slots=True)
class Hints:
    """What an object says of whom and what it concerns. Ids only, and none of them proves anything."""

    customer: CustomerId | None
    related: Mapping[str, str]
    order_id: OrderId | None


@dataclass(frozen=True, slots=True)
class Notice:
    """One event, as far as we keep it.

    `related` holds the ids of a payment intent, charge, invoice, subscription and checkout session, as far
    as the event names them, the object itself included. `order_id` is a look-up hint from metadata and
    proves nothing.
    """

    id: EventId
    type: str
    created: datetime
    livemode: bool
    account: str | None
    api_version: str | None
    customer: CustomerId | None
    object: ObjectRef
    related: Mapping[str, str]
    order_id: OrderId | None
    received_at: datetime
    correlation_id: str
    quarantine: Quarantine | None

    @property
    def kind(self) -> str:
        """The type without the `v1.` of a thin event: what happened, whichever way it was told."""
        return self.type.removeprefix(THIN_PREFIX)

    def with_hints(self, hints: Hints) -> Notice:
        """The same, with what its object says where the event itself said nothing."""
        return replace(
            self,
            customer=self.customer or hints.customer,
            related={**hints.related, **self.related},
            order_id=self.order_id or hints.order_id,
        )

    def to_message(self) -> dict[str, Any]:
        """Return the JSON object that goes onto the queue; `from_message` reads it back."""
        return {
            "v": MESSAGE_VERSION,
            "id": self.id,
            "type": self.type,
            "created": int(self.created.timestamp()),
            "livemode": self.livemode,
            "account": self.account,
            "apiVersion": self.api_version,
            "customer": self.customer,
            "object": {"type": self.object.type, "id": self.object.id},
            "related": dict(self.related),
            "orderId": self.order_id,
            "receivedAt": ids.iso_text(self.received_at),
            "correlationId": self.correlation_id,
            "quarantine": self.quarantine,
        }

    def to_text(self) -> str:
        """Return the message as it stands in the queue, and in the record of an event that can be tried again."""
        return _ENCODER.encode(self.to_message())

    @classmethod
    def from_message(cls, message: Any) -> Notice:
        """Read a queue message, or raise `MalformedMessage`: people can put things on a queue, too."""
        try:
            return _read_message(message)
        except ids.UnfitError as exc:
            raise MalformedMessage("a queue message can't be read", field=str(exc)) from exc


def _read_message(message: object) -> Notice:
    body = ids.mapping(message, "message")
    if body.get("v") != MESSAGE_VERSION:
        raise ids.UnfitError("v")
    target = ids.mapping(body.get("object"), "object")
    related = ids.mapping(body.get("related"), "related")
    if any(name not in RELATED for name in related):
        raise ids.UnfitError("related")
    kind = ids.required(target.get("type"), ids.DOTTED_NAME, "object.type")
    return Notice(
        id=EventId(ids.required(body.get("id"), ids.NOTICE_ID, "id")),
        type=ids.required(body.get("type"), ids.DOTTED_NAME, "type"),
        created=ids.unix_time(body.get("created"), "created"),
        livemode=ids.flag(body.get("livemode"), "livemode"),
        account=ids.optional(body.get("account"), ids.ACCOUNT_ID, "account"),
        api_version=ids.optional(body.get("apiVersion"), ids.API_VERSION, "apiVersion"),
        customer=typed(CustomerId, ids.optional(body.get("customer"), ids.CUSTOMER_ID, "customer")),
        object=ObjectRef(
            type=kind,
            id=ids.optional(target.get("id"), ids.CUSTOMER_ID if kind == "customer" else ids.STRIPE_ID, "object.id"),
        ),
        related={name: ids.required(value, RELATED[name], "related") for name, value in related.items()},
        order_id=typed(OrderId, ids.optional(body.get("orderId"), ids.ORDER_ID, "orderId")),
        received_at=ids.moment(body.get("receivedAt"), "receivedAt"),
        correlation_id=ids.required(body.get("correlationId"), ids.CORRELATION_ID, "correlationId"),
        quarantine=_quarantine(body.get("quarantine")),
    )


def _quarantine(value: object) -> Quarantine | None:
    match value:
        case None | "wrong_mode" | "wrong_account":
            return value
        case _:
            raise ids.UnfitError("quarantine")


def typed[T](kind: Callable[[str], T], value: str | None) -> T | None:
    """Give a checked text its type, if there is one."""
    return None if value is None else kind(value)
