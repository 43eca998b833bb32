"""Which of Stripe's objects are in doubt: what a list shows of one, held against what is stored (money rule 27).

Each answers with the type of the event that should have come, or with None when what is stored fits. An object is read
as it was told, and with lenience: what can't be read does not fit, and the converge says why.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from billing.domain.catalog import METERED, Price
from billing.domain.hints import at
from billing.domain.ids import (
    CHOSEN_ID,
    CUSTOMER_ID,
    INVOICE_ID,
    ORDER_ID,
    PAYMENT_INTENT_ID,
    STRIPE_ID,
    SUBSCRIPTION_ID,
    CustomerId,
    InvoiceId,
    OrderId,
    PaymentIntentId,
    PriceId,
    PurchaseKey,
    SubscriptionId,
    fits,
    invoice_line_key,
)
from billing.domain.judge import GRANTING_REASONS
from billing.domain.paid_through import Period
from billing.domain.purchase import PurchaseState
from billing.domain.registers import status_of_dispute
from billing.domain.snapshot import UNSTATED
from billing.domain.subscription import ENDED, SubscriptionState

type Object = Mapping[str, Any]
"""An object of Stripe, as a list tells it."""

_UNDER_WAY: Final = frozenset({PurchaseState.OPEN, PurchaseState.PROCESSING})
_FINAL_IF_PAID: Final = frozenset({PurchaseState.PAID, PurchaseState.REFUSED})


def order_named(session: Object) -> tuple[OrderId, CustomerId] | None:
    """The order and the customer that a session names; None where it can't be ours, for ours name both.

    Whoever writes to the Stripe account, or makes up the address of a payment link, can name any order (F35).
    """
    order = fits(session.get("client_reference_id") or at(session, ("metadata", "order_id")), ORDER_ID)
    customer = fits(session.get("customer"), CUSTOMER_ID)
    return (OrderId(order), CustomerId(customer)) if order and customer else None


def doubt_of_session(session: Object, state: PurchaseState | None, *, ordered: bool) -> str | None:
    """Of a checkout session and its purchase.

    A purchase that waits for its bank debit is always in doubt: that it failed does not show in a list of sessions.
    What is not stored is ours only if it was `ordered`: the order that it names is the one of its customer's owner.
    """
    status = session.get("status")
    if state is None and not ordered:
        return None
    if status == "expired":
        return "checkout.session.expired" if state in _UNDER_WAY else None
    if status != "complete":
        return None
    if session.get("payment_status") == "unpaid":
        return "checkout.session.completed" if state is None or state in _UNDER_WAY else None
    return None if state in _FINAL_IF_PAID else "checkout.session.completed"


def doubt_of_subscription(subscription: Object, known: SubscriptionState | None) -> str | None:
    """Of a subscription, in any status, of a customer of ours; with its latest invoice, if that is expanded."""
    if subscription.get("status") in ENDED:
        return "customer.subscription.deleted" if known is not None else None
    if known is not None and _fits(subscription, known) and _is_covered(subscription.get("latest_invoice"), known):
        return None
    return "customer.subscription.updated"


def doubt_of_levels(known: SubscriptionState | None, price_of: Callable[[PriceId], Price | None]) -> str | None:
    """Of a subscription that fits: whether a price names a level where it could name none when it was last read, since
    its metadata was mistyped. That it was mended no event of the customer's tells (docs/decisions/0063). `price_of` is
    asked only for the items that are known to give no level.
    """
    told = (price_of(item.price_id) for item in (known.items if known is not None else ()) if item.level is None)
    speaks = any(price is not None and price.problem is None and price.gives.level is not None for price in told)
    return "customer.subscription.updated" if speaks else None


def _fits(subscription: Object, known: SubscriptionState) -> bool:
    """Whether the account remembers the subscription as it is. The names of plans and the card are not compared."""
    items = [item for item in _list(at(subscription, ("items", "data"))) if isinstance(item, Mapping)]
    speaking = [item.get("current_period_end") for item in items if _price(item) == known.price_id]
    return (
        subscription.get("status") == known.status
        and subscription.get("cancel_at_period_end") is known.cancel_at_period_end
        and subscription.get("cancel_at") == _seconds(known.cancel_at)
        and subscription.get("trial_end") == _seconds(known.trial_end)
        and (subscription.get("pause_collection") is not None) is known.collection_paused
        and _seconds(known.period_end) in speaking
        and sorted((str(item.get("id")), str(_price(item)), _quantity(item)) for item in items)
        == sorted((str(item.id), item.price_id, item.quantity) for item in known.items)
    )


def _price(item: Object) -> object:
    return at(item, ("price", "id"))


def _quantity(item: Object) -> object:
    """Metered usage has none, and counts once (see the Stripe adapter's reading of it)."""
    quantity = item.get("quantity")
    return 1 if quantity is None else quantity


def _is_covered(invoice: object, known: SubscriptionState | None) -> bool:
    """Whether what a paid invoice covers of any item is known to be paid (money rule 21)."""
    if not isinstance(invoice, Mapping) or invoice.get("status") != "paid":
        return True
    return all(known_paid is not None and period <= known_paid for period, known_paid in _covered(invoice, known))


def _covered(invoice: Object, known: SubscriptionState | None) -> list[tuple[Period, Period | None]]:
    """Each period that it pays for, of an item that is there still, and the last one that is known to be paid."""
    if known is None:
        return []
    paid = {item.id: item.paid for item in known.items if item.id}
    periods = [(_item_of_line(line), _period(line)) for line in _period_lines(invoice)]
    return [(each.up_to(known.trial_end), paid[item]) for item, each in periods if item in paid and each is not None]


def _period(line: Object) -> Period | None:
    start, end = at(line, ("period", "start")), at(line, ("period", "end"))
    if not isinstance(start, int) or not isinstance(end, int):
        return None
    return Period(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))


def _period_lines(invoice: Object) -> list[Object]:
    """The lines that pay for a period: of a subscription item, and no proration."""
    found = [line for line in _list(at(invoice, ("lines", "data"))) if isinstance(line, Mapping)]
    details = [(line, at(line, ("parent", "subscription_item_details"))) for line in found]
    return [line for line, item in details if isinstance(item, Mapping) and item.get("proration") is False]


def _item_of_line(line: Object) -> str | None:
    return fits(at(line, ("parent", "subscription_item_details", "subscription_item")), STRIPE_ID)


def grants_of_invoice(
    invoice: Object, known: SubscriptionState | None
) -> Mapping[PurchaseKey, tuple[PriceId | None, bool]]:
    """What a subscription's invoice may grant: the price of each line, and whether it cost anything (money rule 12).

    One of a change grants a period that begins at the end of the trial. When that was is not known of a subscription
    that has ended, nor of a trial that is remembered to last while something costs already: a change has cut it short.
    """
    name, reason = fits(invoice.get("id"), INVOICE_ID), invoice.get("billing_reason")
    if name is None or reason not in {*GRANTING_REASONS, "subscription_update"}:
        return {}
    found = {}
    for line in _period_lines(invoice):
        free = line.get("amount") == 0
        begins = reason in GRANTING_REASONS or known is None or _begins(line, known, free=free)
        key, price = fits(line.get("id"), STRIPE_ID), _price_of_line(line)
        if key is not None and begins:
            found[invoice_line_key(InvoiceId(name), key)] = price, not free
    return found


def _begins(line: Object, known: SubscriptionState, *, free: bool) -> bool:
    """Whether a line begins where the trial ended, or seems to have been cut short."""
    start, end = at(line, ("period", "start")), _seconds(known.trial_end)
    if not isinstance(start, int) or end is None:
        return False
    return start <= end if known.status == "trialing" and not free else start == end


def _price_of_line(line: Object) -> PriceId | None:
    price = fits(at(line, ("pricing", "price_details", "price")), CHOSEN_ID)
    return PriceId(price) if price else None


def doubt_of_invoice(
    invoice: Object,
    known: SubscriptionState | None,
    stored: Collection[PurchaseKey],
    price_of: Callable[[PriceId], Price | None],
    *,
    trial_credits: bool = False,
) -> str | None:
    """Of a paid invoice of a subscription of a customer of ours.

    `known` is its subscription, None when that has ended. `stored` are the purchases of its lines; `price_of` is asked
    only where it matters. An invoice that was seen leaves a purchase, whatever it grants, unless its price could not be
    used: while that is so, it could grant nothing; once the price is mended, it may (docs/decisions/0043). Where that
    was deleted, its subscription or its order may still say what it gives.
    """
    if not _is_covered(invoice, known):
        return "invoice.paid"
    grants = grants_of_invoice(invoice, known)
    missing = [grant for key, grant in grants.items() if key not in stored]
    sold = (_sells(price_of(name), paid=paid or trial_credits) for name, paid in missing if name is not None)
    return "invoice.paid" if any(sold) else None


def _sells(price: Price | None, *, paid: bool) -> bool:
    """Whether a line of this price may be sold, which metered usage is not. One that cost nothing is of a trial, which
    is as good as paid where trials have credits, unless its price is nothing.
    """
    if price is None:
        return True
    return price.problem is None and price.barred != METERED and (paid or price.unit_amount == 0)


def subscription_behind(invoice: Object) -> SubscriptionId | None:
    """The subscription that an invoice is of."""
    found = at(invoice, ("parent", "subscription_details", "subscription"))
    text = fits(found.get("id") if isinstance(found, Mapping) else found, SUBSCRIPTION_ID)
    return SubscriptionId(text) if text else None


def intent_behind(back: Object) -> PaymentIntentId | None:
    """The payment intent of a refund or a dispute."""
    intent = back.get("payment_intent")
    text = fits(intent.get("id") if isinstance(intent, Mapping) else intent, PAYMENT_INTENT_ID)
    return PaymentIntentId(text) if text else None


def doubt_of_refund(refund: Object, registers: Mapping[str, str] | None) -> str | None:
    """Of a refund and the registers of its payment; None for one that no purchase points from."""
    status = UNSTATED if refund.get("status") is None else refund["status"]
    return _doubt_of_back(refund, status, registers, "refund.updated")


def doubt_of_dispute(dispute: Object, registers: Mapping[str, str] | None) -> str | None:
    """Of a dispute and the registers of its payment."""
    return _doubt_of_back(dispute, status_of_dispute(dispute), registers, "charge.dispute.updated")


def _doubt_of_back(back: Object, status: object, registers: Mapping[str, str] | None, kind: str) -> str | None:
    return kind if registers is not None and registers.get(str(back.get("id"))) != status else None


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _list(value: object) -> Iterable[Any]:
    return value if isinstance(value, list) else ()
