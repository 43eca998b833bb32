"""The looks that there are: of each kind of objects, which list, how far back, and what of a page is in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from billing.domain.catalog import Price
from billing.domain.doubts import (
    doubt_of_dispute,
    doubt_of_invoice,
    doubt_of_levels,
    doubt_of_refund,
    doubt_of_session,
    doubt_of_subscription,
    grants_of_invoice,
    intent_behind,
    order_named,
    subscription_behind,
)
from billing.domain.ids import CUSTOMER_ID, SESSION_ID, CustomerId, PriceId, PurchaseKey, SubscriptionId, fits
from billing.domain.subscription import SubscriptionState, next_renewal
from billing.ports.store import KnownObjects
from billing.ports.stripe import Catalog, Listed, ObjectList, ObjectLists
from billing.services.look_at_objects import Doubts, Look

SESSIONS_BACK: Final = timedelta(days=25)
"""A session ends within a day, and a bank debit takes up to 14 business days
(https://docs.stripe.com/payments/sepa-debit): 20 days, and some holidays."""
SUBSCRIPTIONS_BACK: Final = timedelta(days=365 * 20)
"""All that there are: Stripe's first is of 2011."""
INVOICES_BACK: Final = timedelta(days=35)
"""A month's renewal with the days in which it is a draft, collected and tried again. What is paid later than that, or
for a longer period, is seen with its subscription, as long as it is the latest invoice of that."""
REFUNDS_BACK: Final = timedelta(days=60)
"""A refund takes 5 to 10 business days, and may fail up to 30 days after it was made
(https://docs.stripe.com/refunds#failed-refunds)."""
DISPUTES_BACK: Final = timedelta(days=180)
"""From its beginning to its end a dispute takes two to three months
(https://support.stripe.com/questions/why-does-this-dispute-not-have-a-resolution-yet): twice that."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LookDeps:
    """What the looks need of the world."""

    lists: ObjectLists
    parked: ObjectList
    """The customers of which events are parked: a list of ours, read like Stripe's."""
    renewals: ObjectList
    """The customers of which a subscription should have changed by now, each with the end of its period; ours, too."""
    known: KnownObjects
    catalog: Catalog
    trial_credits: bool
    """Whether trials have credits, so that their invoices may be missed, too."""


def looks(deps: LookDeps) -> tuple[Look, ...]:
    """All of them, for one run: prices are read once for all of its pages."""
    lists, known = deps.lists, deps.known
    prices = _Prices(deps.catalog)
    return (
        Look("sessions", lists.sessions, lambda page: _sessions(page, known), SESSIONS_BACK, timedelta(hours=6)),
        Look(
            "subscriptions",
            lists.subscriptions,
            lambda page: _subscriptions(page, known, prices),
            SUBSCRIPTIONS_BACK,
            _DAY,
        ),
        Look("invoices", lists.invoices, lambda page: _invoices(page, deps, prices), INVOICES_BACK, _DAY),
        Look("refunds", lists.refunds, lambda page: _taken_back(page, known, doubt_of_refund), REFUNDS_BACK, _DAY),
        Look("disputes", lists.disputes, lambda page: _taken_back(page, known, doubt_of_dispute), DISPUTES_BACK, _DAY),
        Look("parked", deps.parked, lambda page: _parked(page, known), timedelta(), timedelta(hours=6)),
        Look("renewals", deps.renewals, lambda page: _renewals(page, known), timedelta(), _DAY),
    )


def _sessions(page: Listed, known: KnownObjects) -> Doubts:
    named = {PurchaseKey(name): obj for obj in page.objects if (name := fits(obj.get("id"), SESSION_ID))}
    states = known.states(named)
    orders = {key: order for key, obj in named.items() if key not in states and (order := order_named(obj))}
    ordered = known.ordered(set(orders.values()))
    return _doubtful(
        (obj, doubt_of_session(obj, states.get(key), ordered=orders.get(key) in ordered)) for key, obj in named.items()
    )


def _subscriptions(page: Listed, known: KnownObjects, prices: _Prices) -> Doubts:
    """Those of customers without an owner are left: whoever buys is looked at as a whole on becoming an owner."""
    accounts = known.subscriptions(_customers(page))
    ours = [
        (obj, accounts[customer].get(SubscriptionId(str(obj.get("id")))))
        for obj in page.objects
        if (customer := _customer(obj)) in accounts
    ]
    return _doubtful(
        (obj, doubt_of_subscription(obj, state) or doubt_of_levels(state, prices.price)) for obj, state in ours
    )


def _invoices(page: Listed, deps: LookDeps, prices: _Prices) -> Doubts:
    accounts = deps.known.subscriptions(_customers(page))
    ours = [
        (obj, accounts[_customer(obj)].get(name))
        for obj in page.objects
        if (name := subscription_behind(obj)) and _customer(obj) in accounts
    ]
    stored = deps.known.states({key for obj, state in ours for key in grants_of_invoice(obj, state)})
    return _doubtful(
        (obj, doubt_of_invoice(obj, state, stored, prices.price, trial_credits=deps.trial_credits))
        for obj, state in ours
    )


def _parked(page: Listed, known: KnownObjects) -> Doubts:
    """Those of customers that have an owner by now: any event of such a customer lets its parked ones be applied."""
    named = {CustomerId(str(obj["id"])): obj for obj in page.objects}
    owned = known.subscriptions(named)
    return [(obj, "customer.updated") for customer, obj in named.items() if customer in owned]


def _renewals(page: Listed, known: KnownObjects) -> Doubts:
    """Those that no event and no list of Stripe's has brought forward. What is in no list is gone: with its customer,
    with all test data, or with its test clock. So it is told as that, and whether it is true the converge asks Stripe.
    """
    named = {CustomerId(str(obj["id"])): obj for obj in page.objects}
    accounts = known.subscriptions(named)
    return _doubtful(
        (obj, "customer.deleted" if _stands(obj, customer, accounts) else None) for customer, obj in named.items()
    )


def _stands(
    obj: Mapping[str, Any],
    customer: CustomerId,
    accounts: Mapping[CustomerId, Mapping[SubscriptionId, SubscriptionState]],
) -> bool:
    """Whether the account still says what the index says of it, which may lag behind."""
    renewal = next_renewal(accounts.get(customer, {}).values())
    return renewal is not None and (int(renewal[0].timestamp()), renewal[1]) == (obj["period_end"], customer)


def _taken_back(
    page: Listed, known: KnownObjects, doubt: Callable[[Mapping[str, Any], Mapping[str, str] | None], str | None]
) -> Doubts:
    paid = [(obj, intent) for obj in page.objects if (intent := intent_behind(obj))]
    registers = known.registers({intent for _, intent in paid})
    return _doubtful((obj, doubt(obj, registers.get(intent))) for obj, intent in paid)


def _doubtful(judged: Iterable[tuple[Mapping[str, Any], str | None]]) -> Doubts:
    return [(obj, kind) for obj, kind in judged if kind is not None]


def _customers(page: Listed) -> set[CustomerId]:
    return {customer for obj in page.objects if (customer := _customer(obj))}


def _customer(obj: Mapping[str, Any]) -> CustomerId:
    """Whose it is; an empty id, which is nobody's, where that can't be read."""
    return CustomerId(fits(obj.get("customer"), CUSTOMER_ID) or "")


class _Prices:
    """Prices by id, each read once."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._read: dict[PriceId, Price | None] = {}

    def price(self, name: PriceId) -> Price | None:
        if name not in self._read:
            self._read[name] = self._catalog.price(name)
        return self._read[name]
