"""Whatever is asked of Stripe: a refusal is told as ours, and the SDK's own errors leave no adapter.

Else the consumer would take an answer that it must wait for, or one that can't be mended, for a bug of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from billing.adapters.stripe_api.catalog import StripeCatalog
from billing.adapters.stripe_api.checkout import StripeSessions
from billing.adapters.stripe_api.lists import StripeEvents, object_lists
from billing.adapters.stripe_api.portal import StripePortalSessions
from billing.adapters.stripe_api.reader import StripeReads
from billing.adapters.stripe_api.subscriptions import StripePlanChanges
from billing.domain.ids import PaymentIntentId, PriceId, SessionId, SubscriptionId, UserId
from billing.domain.notice import ObjectRef
from billing.domain.walk import Walk
from billing.errors import StripeRefused
from billing.ports.stripe import Touched
from tests.fakes.snapshots import CUSTOMER, NOW, an_order
from tests.unit.billing.adapters.http_servers import bad_server
from tests.unit.billing.adapters.stripe_wire import refusal
from tests.unit.billing.adapters.test_stripe_adapter import client
from tests.unit.billing.adapters.test_stripe_plan_changes import CHANGE, LEVELS
from tests.unit.billing.adapters.test_stripe_rest_of_lists import LINES, PART, Wire, rows
from tests.unit.billing.adapters.test_stripe_shapes import INVOICE, SUBSCRIPTION

Ask = Callable[[Any], Any]
SUB, SESSION, INTENT = SubscriptionId("sub_1"), SessionId("cs_1"), PaymentIntentId("pi_1")


def reads(api: Any) -> StripeReads:
    return StripeReads(api, LEVELS, livemode=False)


def sessions(api: Any) -> StripeSessions:
    return StripeSessions(api, "https://app", "")


def _refused_if_false(expired: bool) -> None:
    """One that is not open can't be ended: whoever asks looks again."""
    if not expired:
        raise StripeRefused("it was not open")


ASKED: dict[type, dict[str, Ask]] = {
    StripeReads: {
        "snapshot": lambda api: reads(api).snapshot([CUSTOMER], Touched()),
        "session_of_payment": lambda api: reads(api).session_of_payment(INTENT),
        "history": lambda api: reads(api).history(CUSTOMER, 5),
        "payments": lambda api: reads(api).payments([INTENT]),
        "hints": lambda api: reads(api).hints(ObjectRef("invoice", "in_1")),
    },
    StripeCatalog: {
        "price": lambda api: StripeCatalog(api, LEVELS).price(PriceId("price_1")),
        "price_by_lookup_key": lambda api: StripeCatalog(api, LEVELS).price_by_lookup_key("pro"),
        "active_prices": lambda api: StripeCatalog(api, LEVELS).active_prices(),
    },
    StripeSessions: {
        "create_customer": lambda api: sessions(api).create_customer(UserId("alice"), None, "key"),
        "customers_of": lambda api: sessions(api).customers_of("alice@example.com"),
        "create_session": lambda api: sessions(api).create_session(an_order(), CUSTOMER, "key"),
        "is_open": lambda api: sessions(api).is_open(SESSION),
        "expire_session": lambda api: _refused_if_false(sessions(api).expire_session(SESSION)),
    },
    StripePlanChanges: {
        "live": lambda api: StripePlanChanges(api, LEVELS).live(SUB),
        "preview": lambda api: StripePlanChanges(api, LEVELS).preview(CHANGE),
        "preview_recurring": lambda api: StripePlanChanges(api, LEVELS).preview_recurring(CHANGE),
        "change": lambda api: StripePlanChanges(api, LEVELS).change(CHANGE, "key"),
    },
    StripePortalSessions: {
        "open_portal": lambda api: StripePortalSessions(api, "https://app", None).open_portal(CUSTOMER, None, None),
    },
    StripeEvents: {
        "page": lambda api: StripeEvents(api).page(["invoice.paid"], Walk("events:0", NOW, NOW), undelivered=False),
    },
}
LISTS = ("sessions", "subscriptions", "invoices", "refunds", "disputes")


def of_list(name: str) -> Ask:
    return lambda api: getattr(object_lists(api), name).page(Walk(name, NOW, NOW))


def test_every_question_is_asked_here() -> None:
    public = {kind: {name for name in vars(kind) if not name.startswith("_")} for kind in ASKED}
    assert {kind: set(asks) for kind, asks in ASKED.items()} == public


EVERY = [pytest.param(ask, id=f"{kind.__name__}.{name}") for kind, asks in ASKED.items() for name, ask in asks.items()]


@pytest.mark.parametrize("ask", [*EVERY, *(pytest.param(of_list(name), id=name) for name in LISTS)])
def test_a_refusal_is_told_as_ours(ask: Ask) -> None:
    with bad_server(refusal(code="something_new")) as server, pytest.raises(StripeRefused):
        ask(client(server.url))


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        (
            "subscriptions",
            Wire(subscriptions=rows(SUBSCRIPTION | {"items": PART}), subscription_items=refusal(code="something_new")),
        ),
        (
            "invoices",
            Wire(invoices=rows(INVOICE | {"lines": LINES}), invoices__in_1__lines=refusal(code="something_new")),
        ),
    ],
)
def test_so_is_that_of_the_rest_of_a_list_within(name: str, wire: Wire) -> None:
    with pytest.raises(StripeRefused):
        wire.ask(of_list(name))
    assert len(wire.asked) == 2
