"""An order that a restore writes again although its price was deleted meanwhile (F48, docs/decisions/0062)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import stripe

from billing.adapters.dynamodb.items import from_item
from billing.domain.ids import CustomerId, UserId
from billing.domain.order import Order
from billing.ports.store import Owner
from plumb.restore.orders import write_again
from plumb.restore.sessions import made_of
from tests.fakes.snapshots import NOW
from tests.unit.billing.adapters.test_stripe_adapter import PRICE
from tests.unit.plumb.test_restore import SESSION

PRODUCT = {"id": "prod_1", "object": "product", "name": "Pro", "metadata": {"credits_amount": "50"}, "active": True}
OPTIONS = {"eur": {"unit_amount": 1200}, "usd": {"unit_amount": 0}}


def written_for(
    product: dict[str, Any], metadata: dict[str, str], currency: str = "eur", owner: str | None = "alice"
) -> tuple[str, list[Order]]:
    """What became of a session whose price is read no longer, and the orders that were written."""
    price = PRICE | {"metadata": metadata, "product": PRODUCT | product}
    times = {"created": int(NOW.timestamp()), "expires_at": int(NOW.timestamp())}
    session = SESSION | {"status": "complete", "mode": "subscription", "currency": currency} | times
    written: list[Any] = []

    def listed(obj: dict[str, Any]) -> Any:
        return SimpleNamespace(auto_paging_iter=lambda: [SimpleNamespace(to_dict=lambda: obj)])

    def lines_of(name: str, asked: Any) -> Any:
        told = {"currency_options": OPTIONS} if "data.price.currency_options" in asked["expand"] else {}
        return listed({"price": price | told, "quantity": 2})

    lines = SimpleNamespace(list=lines_of)
    sessions = SimpleNamespace(list=lambda asked: listed(session), line_items=lines)
    world: Any = SimpleNamespace(
        stripe=SimpleNamespace(v1=SimpleNamespace(checkout=SimpleNamespace(sessions=sessions))),
        accounts=SimpleNamespace(owners=lambda _: {}, orders=lambda _: {}),
        catalog=SimpleNamespace(price=lambda _: None),
        settings=SimpleNamespace(
            tables=SimpleNamespace(accounts="accounts"), policy=SimpleNamespace(levels=("FREE", "PRO"))
        ),
        dynamodb=SimpleNamespace(transact_write_items=lambda **request: written.append(request)),
    )
    taken_in = {CustomerId("cus_1"): UserId(owner)} if owner else {}
    (found,) = write_again(world, NOW, taken_in, dry=False)
    return found.outcome, [from_item(Order, request["TransactItems"][0]["Put"]["Item"]) for request in written]


@pytest.mark.parametrize(
    ("product", "metadata"), [({}, {}), ({"deleted": True, "metadata": {}}, {"credits_amount": "50"})]
)
def test_the_session_says_what_it_gave(product: dict[str, Any], metadata: dict[str, str]) -> None:
    outcome, (order,) = written_for(product, metadata)
    assert outcome == "WRITTEN"
    assert [(line.price_id, line.quantity, line.gives.credits) for line in order.lines] == [("price_1", 2, 50)]


def test_what_it_cost_is_told_in_the_currency_of_the_session() -> None:
    """Else a plan that costs nothing in it would look like a trial, and grant nothing."""
    _, (order,) = written_for({}, {}, "usd")
    assert [line.unit_amount for line in order.lines] == [0]


@pytest.mark.parametrize(
    ("product", "metadata"), [({"deleted": True}, {}), ({}, {"credits_amount": "many"})], ids=["nothing", "broken"]
)
@pytest.mark.parametrize("owner", ["alice", None])
def test_where_nothing_says_it_that_is_told(
    product: dict[str, Any], metadata: dict[str, str], owner: str | None
) -> None:
    outcome, orders = written_for(product, metadata, owner=owner)
    assert (outcome.startswith("its price price_1 can't be read"), orders) == (True, [])


def test_what_a_customer_of_nobody_has_paid_waits_for_who_takes_it_over() -> None:
    """F48: it was adopted since. Without the order its events were ignored as another app's, for good."""
    outcome, (order,) = written_for({}, {}, owner=None)
    assert (outcome, order.user) == ("its customer is nobody's: its order waits until the user takes it over", "alice")


def test_what_was_paid_is_for_who_owns_the_customer_whatever_metadata_says() -> None:
    """F35: who has paid has bought it. An order for whom the session names would be another's, or nobody's."""
    outcome, (order,) = written_for({}, {}, owner="bob")
    assert (outcome, order.user) == ("WRITTEN", "bob")


@pytest.mark.parametrize(
    "other",
    [
        {"client_reference_id": None},
        {"client_reference_id": "ord_other000"},
        {"customer": None},
        {"metadata": None},
        {"metadata": SESSION["metadata"] | {"correlation_id": None}},
        {"id": "no session"},
    ],
)
def test_a_session_of_somebody_else_is_left_alone(other: dict[str, Any]) -> None:
    """F35: a payment link takes any client_reference_id that a buyer writes into its address."""
    assert made_of(SESSION) is not None
    assert made_of(SESSION | other) is None


OURS = SESSION["metadata"]


@pytest.mark.parametrize("place", ["payment_intent", "subscription"])
@pytest.mark.parametrize(
    ("over", "there"),
    [
        ({"user_id": None}, OURS),
        ({"user_id": "no user!"}, {"user_id": "no user!"}),
        ({"order_id": "ord_other000"}, {"order_id": "ord_other000"}),
        ({"user_id": "bob"}, OURS),
        (OURS, {"user_id": "bob"}),
        (dict.fromkeys(OURS), OURS),
    ],
)
def test_a_session_whose_metadata_was_written_over_names_nobody(
    place: str, over: dict[str, Any], there: dict[str, Any]
) -> None:
    """F35, F48: whoever may write to the Stripe account may, in each place by itself. It is not passed over."""
    written = {"metadata": OURS | over, place: {"id": "pi_1", "metadata": OURS | there}}
    made = made_of(SESSION | written)
    assert made is not None
    assert (made.user, made.order) == (None, "ord_01JD3K5Q8Z")


def told(session: dict[str, Any], owner: str | None, *, stands_for: str | None = None, dry: bool = False) -> Any:
    """What is told of a session, and which were ended. Whatever else is asked of Stripe or DynamoDB fails the test."""
    ended = list[str]()
    pages = SimpleNamespace(auto_paging_iter=lambda: [SimpleNamespace(to_dict=lambda: session)])

    def end(name: str) -> None:
        if session.get("being_paid"):
            raise stripe.InvalidRequestError("only open sessions can be expired", None)
        ended.append(name)

    sessions = SimpleNamespace(list=lambda asked: pages, expire=end)
    order = {"ord_01JD3K5Q8Z": SimpleNamespace(user=stands_for)} if stands_for else {}
    world: Any = SimpleNamespace(
        stripe=SimpleNamespace(v1=SimpleNamespace(checkout=SimpleNamespace(sessions=sessions))),
        accounts=SimpleNamespace(
            buyers=lambda _: {},
            orders=lambda _: order,
            owners=lambda names: dict.fromkeys(names, Owner(UserId(owner))) if owner else {},
        ),
    )
    found = [(each.outcome, each.user) for each in write_again(world, NOW, {}, dry=dry)]
    return (found[0] if found else None), ended


COMPLETE, OPEN = SESSION | {"status": "complete"}, SESSION | {"status": "open"}
WRITTEN_OVER = {"metadata": OURS | {"user_id": None}}


def test_what_nobody_can_tell_the_buyer_of_is_told() -> None:
    found, _ = told(COMPLETE | WRITTEN_OVER, None)
    assert found == (
        "its metadata was written over: write user_id and order_id ord_01JD3K5Q8Z everywhere, and run this again",
        None,
    )


def test_that_an_order_waits_is_told_each_time() -> None:
    """Also when it was written before: whoever was killed, or did not read it, is told once more."""
    found, _ = told(COMPLETE, None, stands_for="alice")
    assert found == ("its customer is nobody's: its order waits until the user takes it over", "alice")
    gone = {"customer": {"id": "cus_1", "deleted": True}}
    found, _ = told(COMPLETE | gone, None, stands_for="alice")
    assert found[0] == "its customer is nobody's, and was deleted: its order waits in vain, and is for plumb grant"


def test_of_an_order_that_stands_nothing_is_told_but_that_it_is_another_users() -> None:
    """It was written for whom metadata named, before anybody owned the customer, and never changes."""
    assert told(COMPLETE, "alice", stands_for="alice") == (None, [])
    found, _ = told(COMPLETE, "bob", stands_for="alice")
    assert found == ("its order is of another user than its customer: it is for plumb grant", "bob")


@pytest.mark.parametrize("owner", [None, "alice", "bob"])
@pytest.mark.parametrize("over", [{}, WRITTEN_OVER])
def test_an_open_session_is_ended_whosever_it_is(owner: str | None, over: dict[str, Any]) -> None:
    """Its claim is gone, and who paid it would have two plans."""
    found, ended = told(OPEN | over, owner)
    assert (found[0], ended) == ("ENDED", ["cs_test_1"])


def test_a_dry_run_ends_no_session() -> None:
    found, ended = told(OPEN, "alice", dry=True)
    assert (found[0], ended) == ("ENDED", [])


def test_a_session_that_is_being_paid_is_for_the_next_run() -> None:
    found, _ = told(OPEN | {"being_paid": True}, "alice")
    assert found == ("it is being paid: run this again", "alice")


def test_an_expired_session_needs_no_order() -> None:
    assert told(SESSION | {"status": "expired"}, "alice") == (None, [])
