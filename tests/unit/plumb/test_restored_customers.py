"""F35, F48: whose a customer is that was given an owner after the restore point."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from billing.domain.ids import UserId
from billing.ports.store import Owner
from plumb.restore.customers import take_in
from tests.fakes.snapshots import NOW
from tests.unit.plumb.test_restore import SESSION

OURS = SESSION["metadata"]
SECONDS = int(NOW.timestamp())


def listed(*objects: dict[str, Any]) -> Any:
    read = [SimpleNamespace(to_dict=lambda each=each: each) for each in objects]
    return SimpleNamespace(auto_paging_iter=lambda: read)


def taken_in(*sessions: dict[str, Any], made: tuple[dict[str, Any], ...] = (), owner: str | None = None) -> list[Any]:
    """Whatever else is asked of Stripe or DynamoDB fails the test."""
    v1 = SimpleNamespace(
        checkout=SimpleNamespace(sessions=SimpleNamespace(list=lambda _: listed(*sessions))),
        events=SimpleNamespace(list=lambda _: listed(*made)),
    )
    owners = {"cus_1": Owner(UserId(owner))} if owner else {}
    accounts = SimpleNamespace(owners=lambda names: {name: owners[name] for name in names if name in owners})
    world: Any = SimpleNamespace(stripe=SimpleNamespace(v1=v1), accounts=accounts)
    return list(take_in(world, NOW, dry=True))


def made(key: str | None, customer: str = "cus_1", named: str | None = "alice") -> dict[str, Any]:
    """The event of its making."""
    shown = {"id": customer, "metadata": {"user_id": named} if named else {}}
    return {"request": {"idempotency_key": key}, "data": {"object": shown}}


def session_of(**customer: Any) -> dict[str, Any]:
    shown = {"id": "cus_1", "created": SECONDS, "metadata": {"user_id": "alice"}, **customer}
    return SESSION | {"customer": shown}


@pytest.mark.parametrize("key", ["customer:alice:1", "customer:alice:2:no-email", "customer:alice:1:1"])
def test_who_was_made_by_us_is_given_back_whatever_is_said_of_it_today(key: str) -> None:
    """Also one that was deleted since, and one of whom there is no session."""
    assert taken_in(made=(made(key),)) == [("alice", "cus_1")]
    assert taken_in(session_of(metadata={"user_id": "bob"}), made=(made(key),)) == [("alice", "cus_1")]
    assert taken_in(session_of(deleted=True, metadata={}), made=(made(key),)) == [("alice", "cus_1")]


def test_the_newest_is_given_back_last_for_new_checkouts_take_it() -> None:
    both = (made("customer:alice:2", "cus_2"), made("customer:alice:1"))
    assert taken_in(made=both) == [("alice", "cus_1"), ("alice", "cus_2")]


@pytest.mark.parametrize(
    "by_others",
    [
        made(None),
        made("customer:bob:1"),
        made("customer:alice2:1"),
        made("signup-alice"),
        made("customer:alice:1", named=None),
    ],
)
def test_who_was_made_by_others_is_left_to_the_next_checkout(by_others: dict[str, Any]) -> None:
    """It was taken over, perhaps with others of the same address: given back alone, it would keep these from ever being
    taken over again. So it is not, though the customer and a session of ours name the same user.
    """
    assert taken_in(session_of(), made=(by_others,)) == []


def test_an_event_without_a_request_is_no_proof() -> None:
    assert taken_in(session_of(), made=({**made(None), "request": None},)) == []


def test_where_no_event_tells_the_customer_and_a_session_of_ours_must_name_the_same() -> None:
    assert taken_in(session_of(), session_of() | {"id": "cs_test_2"}) == [("alice", "cus_1")]
    assert taken_in(session_of(created=SECONDS - 86400)) == [("alice", "cus_1")]


@pytest.mark.parametrize(
    "session",
    [
        session_of(metadata={}),
        session_of(metadata={"user_id": "bob"}),
        session_of(deleted=True, metadata={}),
        session_of(created=SECONDS - 86401),
        session_of() | {"metadata": OURS | {"user_id": "bob"}},
        session_of() | {"metadata": OURS | {"order_id": "ord_other000"}},
        session_of() | {"metadata": {"user_id": "alice"}},
        session_of() | {"client_reference_id": None},
    ],
    ids=["nobody", "another", "deleted", "older", "session of another", "written over", "another app", "payment link"],
)
def test_else_it_is_left_to_the_next_checkout(session: dict[str, Any]) -> None:
    assert taken_in(session) == []


def test_a_customer_that_has_an_owner_keeps_it() -> None:
    assert taken_in(session_of(), made=(made("customer:alice:1"),), owner="bob") == []
    assert taken_in(session_of(), owner="bob") == []
