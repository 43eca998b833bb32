"""What we read from a Stripe event: which account may have changed, and nothing that is trusted as state.

An event is a hint. So only ids and the envelope are read, they are
checked against strict patterns, and everything else is left in the body. The result, a `Notice`, is what
the queue carries.

Payload shapes differ by the API version of the endpoint at the time of the event, not by our SDK's
(https://docs.stripe.com/webhooks/versioning), and events of years ago can be replayed. So every id is
looked for in each place it has lived in; the places are listed in `_PLACES`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from billing.domain import ids
from billing.domain.ids import CustomerId, EventId, OrderId
from billing.domain.notice import RELATED, Notice, ObjectRef, Quarantine, typed
from billing.errors import MalformedEvent

HANDLED: Final[Mapping[str, str]] = {
    "checkout.session.completed": "a checkout was paid, or waits for an asynchronous payment",
    "checkout.session.async_payment_succeeded": "a bank debit went through: now the order may be granted",
    "checkout.session.async_payment_failed": "a bank debit failed: nothing is granted, the order is closed",
    "checkout.session.expired": "an open checkout ended without payment: the claim on it is free again",
    "customer.subscription.created": "a plan may have started, also one made in the dashboard",
    "customer.subscription.updated": "status, plan, period or cancel flag may have changed",
    "customer.subscription.deleted": "a plan has ended",
    "customer.subscription.paused": "a trial ended without a payment method: access stops",
    "customer.subscription.resumed": "a paused plan runs again",
    "customer.subscription.pending_update_applied": "a plan change that waited for its payment took effect",
    "customer.subscription.pending_update_expired": "a plan change that waited for its payment was dropped",
    "customer.subscription.trial_will_end": "three days before access depends on a payment",
    "invoice.paid": "a period was paid: credits of the plan, and paid_through moves",
    "invoice.payment_failed": "a renewal failed: past_due and its grace begin",
    "invoice.payment_action_required": "a renewal waits for the buyer's 3-D Secure",
    "invoice.upcoming": "a renewal is near; the invoice has no id yet",
    "invoice.marked_uncollectible": "a renewal was given up: the subscription may become unpaid",
    "invoice.payment_succeeded": "as invoice.paid; either may come alone",
    "payment_intent.succeeded": "a one-time payment went through",
    "payment_intent.payment_failed": "a payment attempt failed; the payment state shown to the user changes",
    "payment_intent.canceled": "a payment will not happen any more",
    "charge.refunded": "refunded so far, cumulative; all there was before 2024-10-28",
    "refund.created": "money may go back: the register of refunds gets a row",
    "refund.updated": "a refund changed its status",
    "refund.failed": "a refund came back: what it took is given again",
    "charge.dispute.created": "the bank holds the money: credits are held as well",
    "charge.dispute.updated": "an inquiry may have become a dispute",
    "charge.dispute.closed": "won: restored; lost: final",
    "charge.dispute.funds_withdrawn": "the disputed money left the balance",
    "charge.dispute.funds_reinstated": "the disputed money came back",
    "customer.updated": "the default card or the e-mail may have changed",
    "customer.deleted": "its subscriptions are gone with it; the ledger stays",
    "entitlements.active_entitlement_summary.updated": "features of Stripe's own catalog",
}
"""Each event type that can change an account, with what it tells.

Everything else is answered 2xx and only counted: Stripe disables endpoints that refuse types they do not
know.
"""

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


@dataclass(frozen=True, slots=True)
class Origin:
    """Where events must come from: the mode, and `STRIPE_ACCOUNT` for those of a connected account."""

    livemode: bool
    account: str | None = None

    def quarantine(self, livemode: bool, account: str | None) -> Quarantine | None:
        """Say why an event is not for this deployment; the endpoint's own events carry no account."""
        if livemode is not self.livemode:
            return "wrong_mode"
        return "wrong_account" if account is not None and account != self.account else None


def event_type(payload: object) -> str:
    """Return an event's type, or raise `MalformedEvent`. Look it up in `HANDLED` before reading further."""
    try:
        return ids.required(ids.mapping(payload, "event").get("type"), ids.DOTTED_NAME, "type")
    except ids.UnfitError as exc:
        raise MalformedEvent("the event has no readable type", reason=str(exc)) from exc


def parse_event(payload: object, origin: Origin, *, received_at: datetime, correlation_id: str) -> Notice:
    """Read a snapshot event into a `Notice`, or raise `MalformedEvent` with the field it failed on.

    The envelope and the object's own id must be right. An id of something related that is not as we know
    them is left out, since the consumer reads the object from Stripe anyway: better a hint less than an
    event less. The correlation id that checkout wrote into the metadata wins over the one given, so that
    all lines of one purchase share it.
    """
    try:
        event = ids.mapping(payload, "event")
        if event.get("object") != "event":
            # thin events (`v2.core.event`) and EventBridge envelopes get a reader of their own
            raise ids.UnfitError("envelope")
        return _read_snapshot(event, origin, received_at, correlation_id)
    except ids.UnfitError as exc:
        raise MalformedEvent("the event can't be read", reason=str(exc)) from exc


def _read_snapshot(event: Mapping[str, Any], origin: Origin, received_at: datetime, correlation_id: str) -> Notice:
    target = ids.mapping(ids.mapping(event.get("data"), "data").get("object"), "data.object")
    kind = ids.required(target.get("object"), ids.DOTTED_NAME, "data.object.object")
    reference = ObjectRef(kind, ids.optional(target.get("id"), ids.STRIPE_ID, "data.object.id"))
    livemode = ids.flag(event.get("livemode"), "livemode")
    account = ids.optional(event.get("account"), ids.ACCOUNT_ID, "account")
    return Notice(
        id=EventId(ids.required(event.get("id"), ids.EVENT_ID, "id")),
        type=ids.required(event.get("type"), ids.DOTTED_NAME, "type"),
        created=ids.unix_time(event.get("created"), "created"),
        livemode=livemode,
        account=account,
        api_version=ids.fits(event.get("api_version"), ids.API_VERSION),
        customer=typed(CustomerId, ids.fits(_customer_of(target, reference), ids.CUSTOMER_ID)),
        object=reference,
        related=dict(_related(target, reference)),
        order_id=typed(OrderId, ids.first_fit(_order_hints(target), ids.ORDER_ID)),
        received_at=received_at,
        correlation_id=ids.first_fit(_metadata(target, "correlation_id"), ids.CORRELATION_ID) or correlation_id,
        quarantine=origin.quarantine(livemode, account),
    )


def _related(target: Mapping[str, Any], reference: ObjectRef) -> Iterator[tuple[str, str]]:
    for name, pattern in RELATED.items():
        if name == reference.type:
            found = ids.fits(reference.id, pattern)
        else:
            found = ids.first_fit((_id_of(_at(target, place)) for place in _PLACES.get(name, ())), pattern)
        if found is not None:
            yield name, found


def _customer_of(target: Mapping[str, Any], reference: ObjectRef) -> object:
    return reference.id if reference.type == "customer" else _id_of(target.get("customer"))


def _order_hints(target: Mapping[str, Any]) -> Iterator[object]:
    yield from _metadata(target, "order_id")
    yield target.get("client_reference_id")


def _metadata(target: Mapping[str, Any], name: str) -> Iterator[object]:
    for place in _METADATA_PLACES:
        metadata = _at(target, place)
        if isinstance(metadata, Mapping):
            yield metadata.get(name)


def _at(value: object, place: tuple[str, ...]) -> object:
    """Follow a path through objects and lists; None where it ends early."""
    for step in place:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def _id_of(value: object) -> object:
    """Return the id of a reference, which is an id, an expanded object, or the stub of a deleted one."""
    return value.get("id") if isinstance(value, Mapping) else value
