"""Lists of Stripe's that plumb reads are read to their end: a shop has more than the hundred objects of one page."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from billing.adapters.dynamodb.items import from_item
from billing.domain.ids import CustomerId, UserId
from billing.domain.order import Order
from plumb.commands.account import _open_checkouts
from plumb.output import Output
from plumb.personal import forget_customer
from plumb.plans.account import read_account
from plumb.restore.customers import take_in
from plumb.restore.orders import write_again
from plumb.webhook_endpoint import our_endpoint
from tests.fakes.snapshots import CREDITS, NOW
from tests.unit.billing.adapters.http_servers import answer, bad_server
from tests.unit.billing.adapters.test_stripe_adapter import client

_PAGE = 2
_MANY = 5
SECONDS = int(NOW.timestamp())


@dataclass
class _Stripe:
    """Objects by the path of their list, which has two to a page; whatever else is asked for is an object.

    Whoever asks for those made since a moment gets no older ones.
    """

    lists: dict[str, list[dict[str, Any]]]
    api: Any = None
    received: list[bytes] = field(default_factory=list)

    def play(self, connection: socket.socket) -> None:
        path, _, query = self.received[-1].decode().split(" ")[1].partition("?")
        if path not in self.lists or self.posts:
            answer(json.dumps({"id": path.split("/")[-1], "object": "thing"}))(connection)
            return
        asked = parse_qs(query)
        since, after = int(asked.get("created[gte]", ["0"])[0]), asked.get("starting_after", [""])[0]
        objects = [each for each in self.lists[path] if each.get("created", since) >= since]
        start = [each["id"] for each in objects].index(after) + 1 if after else 0
        more = start + _PAGE < len(objects)
        page = {"object": "list", "data": objects[start : start + _PAGE], "has_more": more, "url": path}
        answer(json.dumps(page))(connection)

    @property
    def posts(self) -> bool:
        return self.received[-1].startswith(b"POST ")

    def posted(self, ending: str = "") -> list[str]:
        """The paths that something was posted to."""
        heads = [request.decode().split(" ") for request in self.received]
        return [path for method, path, *_ in heads if method == "POST" and path.endswith(ending)]


@contextmanager
def stripe_with(**lists: list[dict[str, Any]]) -> Iterator[_Stripe]:
    stripe = _Stripe({f"/v1/{name.replace('__', '/')}": objects for name, objects in lists.items()})
    with bad_server(stripe.play) as server:
        stripe.received, stripe.api = server.received, client(server.url)
        yield stripe


def many(prefix: str, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"{prefix}_{number}", "object": "thing", **more} for number in range(_MANY)]


def test_our_endpoint_is_found_wherever_it_stands() -> None:
    """Else another one is made, and each event comes twice."""
    others = many("we", url="https://other.example/hook", status="enabled", api_version=None, created=SECONDS)
    ours = others[-1] | {"url": "https://api.example.com/webhooks/stripe", "enabled_events": ["*"]}
    with stripe_with(webhook_endpoints=[*others[:-1], ours]) as stripe:
        found, elsewhere = our_endpoint(stripe.api, [ours["url"]])
    assert found is not None
    assert (found.id, len(elsewhere)) == ("we_4", _MANY - 1)


def test_all_that_is_sold_is_compared_with_the_file() -> None:
    """Else a product that is there already is made once more."""
    with stripe_with(products=many("prod"), prices=many("price")) as stripe:
        account = read_account(stripe.api)
    assert (len(account.products), len(account.prices)) == (_MANY, _MANY)


def _session(number: int, **given: Any) -> dict[str, Any]:
    order = f"ord_0000000{number}"
    return {
        "id": f"cs_test_{number}",
        "object": "checkout.session",
        "status": "complete",
        "mode": "payment",
        "currency": "eur",
        "customer": {"id": "cus_1", "metadata": {"user_id": "alice"}},
        "client_reference_id": order,
        "metadata": {"user_id": "alice", "order_id": order, "correlation_id": order},
        "created": SECONDS,
        "expires_at": SECONDS + 3600,
        "amount_total": 500,
        **given,
    }


def test_every_customer_since_is_given_back() -> None:
    """F48: of all for whom Stripe lists an event, for an owner may be written much later than a customer is made."""
    key = {"idempotency_key": "customer:alice:1"}
    events = [
        event | {"request": key, "data": {"object": {"id": f"cus_{number}", "metadata": {"user_id": "alice"}}}}
        for number, event in enumerate(many("evt"))
    ]
    with stripe_with(checkout__sessions=[], events=events) as stripe:
        world: Any = SimpleNamespace(stripe=stripe.api, accounts=SimpleNamespace(owners=lambda _: {}))
        taken_in = list(take_in(world, NOW, dry=True))
    assert taken_in == [("alice", f"cus_{number}") for number in reversed(range(_MANY))]
    asked = [path for request in stripe.received if "/v1/events?" in (path := request.decode().split(" ")[1])]
    assert asked[0].endswith("?type=customer.created&limit=100")


def test_every_order_since_is_written_again_with_all_of_its_lines() -> None:
    """F48: without its order a paid session looks like another app's, and with half of it like another sum."""
    sessions = [_session(number) for number in range(_MANY)]
    lines = many("li", price={"id": CREDITS.id}, quantity=1)
    written: list[Any] = []
    with stripe_with(
        checkout__sessions=sessions,
        **{f"checkout__sessions__{session['id']}__line_items": lines for session in sessions},
    ) as stripe:
        world: Any = SimpleNamespace(
            stripe=stripe.api,
            accounts=SimpleNamespace(owners=lambda _: {}, orders=lambda _: {}),
            catalog=SimpleNamespace(price=lambda _: CREDITS),
            settings=SimpleNamespace(tables=SimpleNamespace(accounts="accounts")),
            dynamodb=SimpleNamespace(transact_write_items=lambda **request: written.append(request)),
        )
        found = list(write_again(world, NOW, {CustomerId("cus_1"): UserId("alice")}, dry=False))
    assert [each.outcome for each in found] == ["WRITTEN"] * _MANY
    puts = [request["TransactItems"][0]["Put"] for request in written]
    assert [len(from_item(Order, put["Item"]).lines) for put in puts] == [_MANY] * _MANY
    assert {put["ConditionExpression"] for put in puts} == {"attribute_not_exists( #pk )"}  # an order never changes


def test_the_address_is_taken_from_every_object_of_a_customer() -> None:
    """F47: also from what stands on the next page; and every open session ends, for paying it brings one back."""
    kept = {"metadata": {"email": "alice@example.com"}}
    with stripe_with(
        checkout__sessions=many("cs", **kept), subscriptions=many("sub", **kept), payment_intents=many("pi", **kept)
    ) as stripe:
        emptied = list(forget_customer(stripe.api, "cus_1"))
    assert emptied == ["cus_1", *(f"{kind}_{number}" for kind in ("sub", "pi", "cs") for number in range(_MANY))]
    assert stripe.posted("/expire") == [f"/v1/checkout/sessions/cs_{number}/expire" for number in range(_MANY)]
    asked = [path for request in stripe.received if "/v1/subscriptions?" in (path := request.decode().split(" ")[1])]
    assert asked
    assert all("status=all" in path for path in asked), "else canceled ones are in no list of Stripe's, and keep it"


def test_every_checkout_that_can_still_be_paid_is_shown() -> None:
    with stripe_with(checkout__sessions=[_session(number, status="open") for number in range(_MANY)]) as stripe:
        world: Any = SimpleNamespace(stripe=stripe.api)
        account: Any = SimpleNamespace(customers=("cus_1",))
        shown = _open_checkouts(world, account, Output(as_json=False))
    assert shown is not None
    assert len(shown) == _MANY
