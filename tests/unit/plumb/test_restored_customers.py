"""F35, F48: whose a customer is that was given an owner after the restore point, and what is told of its sessions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from billing.domain.ids import UserId
from billing.ports.store import Owner
from plumb.restore.customers import take_in
from plumb.restore.orders import write_again
from tests.fakes.snapshots import NOW
from tests.unit.plumb.test_restore import SESSION

OURS = SESSION["metadata"]
DELETED = {"customer": {"id": "cus_1", "object": "customer", "deleted": True}}


def listed(*objects: dict[str, Any]) -> Any:
    return SimpleNamespace(
        auto_paging_iter=lambda: [SimpleNamespace(to_dict=lambda each=each: each) for each in objects]
    )


def world_of(*sessions: dict[str, Any], named: str | None = None, owner: str | None = None, **more: Any) -> Any:
    """Whatever else is asked of Stripe or DynamoDB fails the test. `named` is whom a deleted customer named."""
    gone = [{"data": {"object": {"id": "cus_1", "metadata": {"user_id": named}}}}] if named else []
    v1 = SimpleNamespace(
        checkout=SimpleNamespace(sessions=SimpleNamespace(list=lambda _: listed(*sessions), **more)),
        events=SimpleNamespace(list=lambda _: listed(*gone)),
    )
    owners = {"cus_1": Owner(UserId(owner))} if owner else {}
    accounts = SimpleNamespace(owners=lambda _: owners, orders=dict.fromkeys, buyers=lambda _: {})
    return SimpleNamespace(stripe=SimpleNamespace(v1=v1), accounts=accounts)


def customer(named: str | None) -> dict[str, Any]:
    return {"customer": {"id": "cus_1", "object": "customer", "metadata": {"user_id": named}}}


def test_a_customer_is_given_back_once_to_whom_it_and_a_session_of_ours_name() -> None:
    world = world_of(SESSION, SESSION | {"id": "cs_test_2"})
    assert list(take_in(world, NOW, dry=True)) == [("alice", "cus_1")]


def test_one_that_was_deleted_since_is_given_back_to_whom_it_named() -> None:
    assert list(take_in(world_of(SESSION | DELETED, named="alice"), NOW, dry=True)) == [("alice", "cus_1")]
    assert list(take_in(world_of(SESSION | DELETED, named="bob"), NOW, dry=True)) == []
    assert list(take_in(world_of(SESSION | DELETED), NOW, dry=True)) == []


@pytest.mark.parametrize(
    "other",
    [
        customer(None),
        customer("bob"),
        {"metadata": OURS | {"user_id": "bob"}},
        {"metadata": OURS | {"order_id": "ord_other000"}},
        {"metadata": OURS | {"user_id": None}} | customer(None),
        {"metadata": {"user_id": "alice"}},
        {"client_reference_id": None},
    ],
    ids=["nobody", "another", "session of another", "written over", "nobody at all", "another app", "a payment link"],
)
def test_a_customer_is_given_to_nobody_whom_only_one_of_them_names(other: dict[str, Any]) -> None:
    """F35: an app beside us may have a user_id of its own, and anybody with access may write one."""
    assert list(take_in(world_of(SESSION | other), NOW, dry=True)) == []


def test_a_customer_that_has_an_owner_keeps_it() -> None:
    assert list(take_in(world_of(SESSION, owner="bob"), NOW, dry=True)) == []


def told(world: Any, *, dry: bool = False) -> str | None:
    found = [each.outcome for each in write_again(world, NOW, {}, dry=dry)]
    return found[0] if found else None


@pytest.mark.parametrize(
    ("named", "waits"), [(None, "waits until the user takes it over"), ("bob", "write its user_id")]
)
def test_that_an_order_waits_is_told_each_time(named: str, waits: str) -> None:
    """Also when it was written before: whoever was killed, or did not read it, is told once more."""
    outcome = told(world_of(SESSION | {"status": "complete"} | customer(named)))
    assert outcome is not None
    assert outcome.startswith("its customer is nobody's")
    assert waits in outcome


def test_of_an_order_that_stands_and_has_an_owner_nothing_is_told() -> None:
    assert told(world_of(SESSION | {"status": "complete"}, owner="alice")) is None


@pytest.mark.parametrize("owner", [None, "alice"])
def test_what_was_paid_where_metadata_was_written_over_is_told(owner: str | None) -> None:
    """An order for whom it names now would be another's; without a word the purchase was lost."""
    over = {"status": "complete", "metadata": OURS | {"user_id": "bob", "order_id": "ord_other000"}}
    world = world_of(SESSION | over, owner=owner)
    world.accounts.orders = lambda _: {}
    outcome = told(world)
    assert outcome is not None
    assert "write order_id ord_01JD3K5Q8Z and its user_id there" in outcome


@pytest.mark.parametrize("owner", [None, "alice"])
def test_an_open_session_whose_metadata_was_written_over_is_ended(owner: str | None) -> None:
    over, ended = {"status": "open", "metadata": OURS | {"order_id": "ord_other000"}}, list[str]()
    assert (told(world_of(SESSION | over, owner=owner, expire=ended.append)), ended) == ("ENDED", ["cs_test_1"])


def test_a_dry_run_ends_no_session() -> None:
    assert told(world_of(SESSION | {"status": "open"}, owner="alice"), dry=True) == "ENDED"
