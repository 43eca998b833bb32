"""What an object of Stripe says of its customer and of the objects that belong to it, in each shape it has had.

Payload shapes differ by the API version of the endpoint at the time of the event, not by our SDK's
(https://docs.stripe.com/webhooks/versioning), and events of years ago can be replayed. So every id is
looked for in each place it has lived in; the places are listed in `_PLACES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from billing.domain import ids
from billing.domain.ids import CustomerId, OrderId
from billing.domain.notice import RELATED, Hints, ObjectRef, typed

_PLACES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "payment_intent": (
        ("payment_intent",),  # session, charge, refund, dispute; invoice before 2025-03-31
        ("payments", "data", "0", "payment", "payment_intent"),  # invoice since then, where it is expanded
    ),
    "charge": (
        ("charge",),  # refund, dispute; invoice before 2025-03-31
        ("latest_charge",),  # payment intent
        ("payments", "data", "0", "payment", "charge"),
    ),
    "invoice": (
        ("invoice",),  # session; charge and payment intent before 2025-03-31
        ("latest_invoice",),  # subscription
    ),
    "subscription": (
        ("parent", "subscription_details", "subscription"),  # invoice since 2025-03-31
        ("subscription",),  # session; invoice before
    ),
}
_METADATA_PLACES: Final = (
    ("metadata",),
    ("parent", "subscription_details", "metadata"),  # invoice since 2025-03-31
    ("subscription_details", "metadata"),  # invoice before
)


def hints_of(target: Mapping[str, Any], reference: ObjectRef) -> Hints:
    """Read the hints of an object. An id that is not as we know them is left out: better a hint less than an event."""
    return Hints(
        customer=typed(CustomerId, ids.fits(_customer_of(target, reference), ids.CUSTOMER_ID)),
        related=dict(_related(target, reference)),
        order_id=typed(OrderId, ids.first_fit(_order_hints(target), ids.ORDER_ID)),
    )


def correlation_of(target: Mapping[str, Any]) -> str | None:
    """The correlation id that checkout wrote into the object's metadata."""
    return ids.first_fit(_metadata(target, "correlation_id"), ids.CORRELATION_ID)


def _related(target: Mapping[str, Any], reference: ObjectRef) -> Iterator[tuple[str, str]]:
    for name, pattern in RELATED.items():
        if name == reference.type:
            found = ids.fits(reference.id, pattern)
        else:
            found = ids.first_fit((_id_of(at(target, place)) for place in _PLACES.get(name, ())), pattern)
        if found is not None:
            yield name, found


def _customer_of(target: Mapping[str, Any], reference: ObjectRef) -> object:
    return reference.id if reference.type == "customer" else _id_of(target.get("customer"))


def _order_hints(target: Mapping[str, Any]) -> Iterator[object]:
    yield from _metadata(target, "order_id")
    yield target.get("client_reference_id")


def _metadata(target: Mapping[str, Any], name: str) -> Iterator[object]:
    for place in _METADATA_PLACES:
        metadata = at(target, place)
        if isinstance(metadata, dict):
            yield metadata.get(name)


def at(value: object, place: tuple[str, ...]) -> object:
    """Follow a path through objects and lists; None where it ends early."""
    for step in place:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def _id_of(value: object) -> object:
    """Return the id of a reference, which is an id, an expanded object, or the stub of a deleted one."""
    return value.get("id") if isinstance(value, dict) else value
