"""Stripe's lists: what is asked for, and a page that can't be gone on from (money rule 27)."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from billing.adapters.stripe_api.client import stripe_client
from billing.adapters.stripe_api.history import read_history
from billing.adapters.stripe_api.lists import StripeEvents, object_lists
from billing.config import StripeAccess
from billing.domain.ids import CustomerId
from billing.domain.walk import Walk
from billing.errors import MalformedObject
from billing.ports.stripe import Listed, ObjectList
from tests.fakes.snapshots import NOW
from tests.unit.billing.adapters.http_servers import answer, bad_server
from tests.unit.billing.adapters.stripe_wire import exchanged

WALK = Walk("events:0", NOW, NOW - timedelta(days=1), until=NOW, after="evt_9")
SINCE, UNTIL = int((NOW - timedelta(days=1)).timestamp()), int(NOW.timestamp())


def page(*names: Any, more: bool) -> dict[str, Any]:
    return {"object": "list", "url": "/", "has_more": more, "data": [{"id": name, "object": "event"} for name in names]}


def listed(answer: dict[str, Any], walk: Walk = WALK, *, undelivered: bool = False) -> tuple[Any, str]:
    def ask(url: str) -> Listed:
        client = stripe_client(StripeAccess(url, "key", livemode=False, account=None), "sk_test_1")
        return StripeEvents(client).page(["invoice.paid"], walk, undelivered=undelivered)

    found, request = exchanged(answer, ask)
    return found, unquote(request.split(b" ")[1].decode())


def test_a_page_is_asked_for_by_type_time_and_place() -> None:
    found, path = listed(page("evt_8", "evt_7", more=True))
    assert path == (
        f"/v1/events?created[gte]={SINCE}&created[lt]={UNTIL}&limit=100&types[0]=invoice.paid&starting_after=evt_9"
    )
    assert (found.after, [each["id"] for each in found.objects]) == ("evt_7", ["evt_8", "evt_7"])


def test_only_what_was_not_taken_is_asked_for_by_the_second_net() -> None:
    assert "delivery_success" not in listed(page(more=False))[1]
    assert "&delivery_success=false&" in listed(page(more=False), undelivered=True)[1]


def test_the_last_page_has_nothing_behind_it() -> None:
    assert listed(page("evt_8", more=False))[0].after is None
    assert listed(page(more=False))[0] == Listed((), None)


@pytest.mark.parametrize("name", ["cs_test_1", "", None, "evt_8 or so"])
def test_a_page_that_can_not_be_gone_on_from_ends_no_pass(name: Any) -> None:
    """Were it taken for the last one, all that is older would count as seen."""
    refused = listed(page("evt_8", name, more=True))[0]
    assert isinstance(refused, MalformedObject)
    assert (str(refused), refused.ids) == ("a list of Stripe can't be read", {"reason": "UnfitError('id')"})


def test_an_empty_page_with_more_to_come_ends_no_pass() -> None:
    assert isinstance(listed(page(more=True))[0], MalformedObject)


@pytest.mark.parametrize(
    ("name", "path", "wanted", "last"),
    [
        ("sessions", "checkout/sessions", "", "cs_test_1"),
        ("subscriptions", "subscriptions", "&status=all&expand[0]=data.latest_invoice", "sub_1"),
        ("invoices", "invoices", "&status=paid", "in_1"),
        ("refunds", "refunds", "", "re_1"),
        ("refunds", "refunds", "", "pyr_1"),
        ("disputes", "disputes", "", "du_1"),
    ],
)
def test_objects_are_asked_for_by_time(name: str, path: str, wanted: str, last: str) -> None:
    def ask(url: str) -> Listed:
        client = stripe_client(StripeAccess(url, "key", livemode=False, account=None), "sk_test_1")
        listed: ObjectList = getattr(object_lists(client), name)
        return listed.page(Walk(name, NOW, NOW - timedelta(days=1)))

    found, request = exchanged(page(last, more=True), ask)
    assert unquote(request.split(b" ")[1].decode()) == f"/v1/{path}?created[gte]={SINCE}&limit=100{wanted}"
    assert found.after == last


def test_what_a_customer_has_paid_is_asked_for() -> None:
    """What a resync grants by (money rule 4): an invoice that is only open has given nothing."""
    with bad_server(answer(json.dumps(page(more=False)))) as server:
        client = stripe_client(StripeAccess(server.url, "key", livemode=False, account=None), "sk_test_1")
        assert read_history(client.v1, CustomerId("cus_1"), 500).whole
    paths = [request.split(b" ")[1].decode() for request in server.received]
    assert paths == [
        "/v1/checkout/sessions?customer=cus_1&limit=100",
        "/v1/invoices?customer=cus_1&status=paid&limit=100",
    ]
