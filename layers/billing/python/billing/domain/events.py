"""What we read from a Stripe event: which account may have changed, and nothing that is trusted as state.

An event is a hint. So only ids and the envelope are read, they are
checked against strict patterns, and everything else is left in the body. The result, a `Notice`, is what
the queue carries.

An event comes in three shapes: a snapshot event carries the object as it was; a thin event (`v2.core.event`) names it
only; and Amazon EventBridge wraps either into an envelope of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from billing.domain import ids
from billing.domain.hints import correlation_of, hints_of
from billing.domain.ids import CustomerId, EventId
from billing.domain.notice import RELATED, THIN_PREFIX, Notice, ObjectRef, Quarantine
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

_NAMELESS: Final = frozenset({"invoice.upcoming", "entitlements.active_entitlement_summary.updated"})
"""Their thin events name no object (stripe/events/_v1_invoice_upcoming_event.py and its like in stripe-python 16.1.0),
so they tell nothing of whom. Nothing of an account depends on either."""

_EVENT_SOURCE: Final = "aws.partner/stripe.com/"


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


def is_handled(kind: str) -> bool:
    """Whether an event of this type can change an account; a thin event has the type of the snapshot event with `v1.`
    before it (https://docs.stripe.com/changelog/endive/2026-09-30/thin-events-for-api-v1-resources-generally-available).
    """
    told = kind.removeprefix(THIN_PREFIX)
    return told in HANDLED and (kind == told or told not in _NAMELESS)


def event_type(payload: object) -> str:
    """Return an event's type, or raise `MalformedEvent`. Ask `is_handled` before reading further.

    Wider than the types that are handled, which have no brackets: what we do not know is counted, and is no fault
    (https://docs.stripe.com/api/v2/core/accounts/event-types).
    """
    try:
        return ids.required(ids.mapping(payload, "event").get("type"), ids.EVENT_TYPE, "type")
    except ids.UnfitError as exc:
        raise MalformedEvent("the event has no readable type", reason=str(exc)) from exc


def parse_event(payload: object, origin: Origin, *, received_at: datetime, correlation_id: str) -> Notice:
    """Read an event, snapshot or thin, into a `Notice`, or raise `MalformedEvent` with the field it failed on.

    The envelope and the object's own id must be right. An id of something related that is not as we know
    them is left out, since the consumer reads the object from Stripe anyway: better a hint less than an
    event less. The correlation id that checkout wrote into the metadata wins over the one given, so that
    all lines of one purchase share it.
    """
    try:
        event = ids.mapping(payload, "event")
        if event.get("object") == "v2.core.event":
            return _read_thin(event, origin, received_at, correlation_id)
        if event.get("object") != "event":
            raise ids.UnfitError("envelope")
        return _read_snapshot(event, origin, received_at, correlation_id)
    except ids.UnfitError as exc:
        raise MalformedEvent("the event can't be read", reason=str(exc)) from exc


def is_envelope(message: object) -> bool:
    """Whether a queue message is an event as Amazon EventBridge wraps it, and not one of ours."""
    return isinstance(message, Mapping) and "detail-type" in message


def parse_envelope(envelope: Mapping[str, Any], origin: Origin, *, received_at: datetime) -> Notice | None:
    """Read what EventBridge put onto the queue; None for a type that is not handled. Raises `MalformedEvent`.

    A rule on the partner event bus may send Stripe's events straight to the queue. `detail` is then the event
    (https://docs.stripe.com/event-destinations/eventbridge#event-structure). Nothing is signed here: who may send to
    the queue is the queue's own policy. The envelope's id is the delivery's, not the event's.
    """
    source = envelope.get("source")
    if not isinstance(source, str) or not source.startswith(_EVENT_SOURCE):
        raise MalformedEvent("the envelope is not of Stripe", reason="source")
    event = envelope.get("detail")
    if not is_handled(event_type(event)):
        return None
    try:
        delivery = ids.required(envelope.get("id"), ids.CORRELATION_ID, "id")
    except ids.UnfitError as exc:
        raise MalformedEvent("the envelope can't be read", reason=str(exc)) from exc
    return parse_event(event, origin, received_at=received_at, correlation_id=delivery)


def _read_snapshot(event: Mapping[str, Any], origin: Origin, received_at: datetime, correlation_id: str) -> Notice:
    target = ids.mapping(ids.mapping(event.get("data"), "data").get("object"), "data.object")
    kind = ids.required(target.get("object"), ids.DOTTED_NAME, "data.object.object")
    reference = ObjectRef(kind, _own_id(kind, target.get("id"), "data.object.id"))
    livemode = ids.flag(event.get("livemode"), "livemode")
    account = ids.optional(event.get("account"), ids.ACCOUNT_ID, "account")
    hints = hints_of(target, reference)
    return Notice(
        id=EventId(ids.required(event.get("id"), ids.EVENT_ID, "id")),
        type=ids.required(event.get("type"), ids.DOTTED_NAME, "type"),
        created=ids.unix_time(event.get("created"), "created"),
        livemode=livemode,
        account=account,
        api_version=ids.fits(event.get("api_version"), ids.API_VERSION),
        customer=hints.customer,
        object=reference,
        related=hints.related,
        order_id=hints.order_id,
        received_at=received_at,
        correlation_id=correlation_of(target) or correlation_id,
        quarantine=origin.quarantine(livemode, account),
    )


def _own_id(kind: str, value: object, field: str) -> str | None:
    """The id of the object itself. A customer's that is not as we know them is nobody's here, so it is left out: until
    2018 whoever made one could choose any text.
    """
    if kind == "customer" and isinstance(value, str):
        return ids.fits(value, ids.CUSTOMER_ID)
    return ids.optional(value, ids.STRIPE_ID, field)


def _read_thin(event: Mapping[str, Any], origin: Origin, received_at: datetime, correlation_id: str) -> Notice:
    """A thin event: unversioned, and without a customer unless it is about one.

    Its `context` is the account that it is of, under the path of those above it
    (https://docs.stripe.com/api/v2/core/events/object).
    """
    target = ids.mapping(event.get("related_object"), "related_object")
    kind = ids.required(target.get("type"), ids.DOTTED_NAME, "related_object.type")
    if target.get("id") is None:
        raise ids.UnfitError("related_object.id")
    name = _own_id(kind, target["id"], "related_object.id")
    livemode = ids.flag(event.get("livemode"), "livemode")
    context = event.get("context") or None
    account = context.rpartition("/")[2] if isinstance(context, str) else context
    account = ids.optional(account, ids.ACCOUNT_ID, "context")
    return Notice(
        id=EventId(ids.required(event.get("id"), ids.EVENT_ID, "id")),
        type=ids.required(event.get("type"), ids.DOTTED_NAME, "type"),
        created=ids.unix_time(int(ids.moment(event.get("created"), "created").timestamp()), "created"),
        livemode=livemode,
        account=account,
        api_version=None,
        customer=CustomerId(name) if kind == "customer" and name is not None else None,
        object=ObjectRef(kind, name),
        related={kind: name} if name is not None and kind in RELATED and ids.fits(name, RELATED[kind]) else {},
        order_id=None,
        received_at=received_at,
        correlation_id=correlation_id,
        quarantine=origin.quarantine(livemode, account),
    )
