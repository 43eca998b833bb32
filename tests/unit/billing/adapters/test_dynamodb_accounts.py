"""The one transaction of a converge: each of its conditions, shown by a writer that loses to another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from billing.domain.account import Account
from billing.domain.credits import Lot
from billing.domain.ids import (
    CustomerId,
    EventId,
    OrderId,
    PaymentIntentId,
    PriceId,
    PurchaseKey,
    SessionId,
    UserId,
)
from billing.domain.purchase import PurchaseState
from billing.domain.records import Commit, CommitOutcome, Committed, Outcome
from billing.ports.store import Owner
from tests.unit.billing.adapters.dynamo_tables import (
    CUSTOMER,
    LINE,
    NOW,
    SESSION,
    USER,
    World,
    account,
    claim,
    commit,
    entry,
    event,
    grown,
    lost,
    order,
    payment,
    purchase,
    stored,
)

CONFLICT = Committed(CommitOutcome.CONFLICT)
DONE = Committed(CommitOutcome.DONE)


def recorded(*names: str) -> Committed:
    return Committed(CommitOutcome.RECORDED, frozenset(map(EventId, names)))


def test_of_two_first_writers_one_wins(world: World) -> None:
    assert world.accounts.commit(commit(account())) == DONE
    assert lost(world, lambda: world.accounts.commit(commit(account(email="other@example.com")))) == CONFLICT


@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param({"version": 3}, id="a spend between: only the version moved"),
        pytest.param({"stripe_version": 2}, id="a converge without change between: only the stripe version moved"),
        pytest.param({"version": 3, "stripe_version": 2}, id="a converge between"),
    ],
)
def test_a_changing_commit_holds_to_both_counters(world: World, meanwhile: dict[str, int]) -> None:
    read = stored(world)
    assert (read.version, read.stripe_version) == (2, 1)
    world.accounts.commit(Commit(read, replace(read, **meanwhile), changed=True))  # type: ignore[arg-type]
    assert lost(world, lambda: world.accounts.commit(commit(read, entries=(entry(version=3),)))) == CONFLICT


def test_a_commit_without_change_bumps_the_stripe_version_alone(world: World) -> None:
    read = stored(world, email="alice@example.com")
    assert world.accounts.commit(Commit(read, grown(read), changed=False, events=(event(),))) == DONE
    assert world.accounts.load(USER, []).account == replace(read, stripe_version=2)


def test_a_look_without_change_takes_off_that_there_is_something_to_look_at(world: World) -> None:
    read = stored(world, unlooked=True)
    world.accounts.commit(Commit(read, grown(read), changed=False))
    assert world.accounts.load(USER, []).account == replace(read, stripe_version=2, unlooked=None)


def test_a_look_from_before_there_were_customers_leaves_it(world: World) -> None:
    slow = stored(world)
    owned = world.accounts.own_customers(slow, [CUSTOMER])
    assert owned is not None
    assert world.accounts.commit(Commit(slow, slow, changed=False)) == DONE
    assert world.accounts.load(USER, []).account == replace(owned, stripe_version=2)


def test_after_a_no_change_converge_a_reader_with_an_older_snapshot_loses(world: World) -> None:
    """F03, money rule 1: without the bump it would win, and bring back what was true before."""
    slow = stored(world)
    world.accounts.commit(Commit(slow, slow, changed=False))
    assert lost(world, lambda: world.accounts.commit(commit(slow))) == CONFLICT
    assert lost(world, lambda: world.accounts.commit(Commit(slow, slow, changed=False, events=(event(),)))) == CONFLICT


def test_a_no_change_commit_is_not_held_up_by_a_spend(world: World) -> None:
    read = stored(world)
    world.accounts.commit(Commit(read, replace(read, version=3, balance=-1), changed=True))
    assert world.accounts.commit(Commit(read, read, changed=False)) == DONE
    assert world.accounts.load(USER, []).account == replace(read, version=3, balance=-1, stripe_version=2)


def test_a_no_change_commit_makes_no_account(world: World) -> None:
    assert lost(world, lambda: world.accounts.commit(Commit(account(), account(), changed=False))) == CONFLICT


def test_a_purchase_is_written_for_the_first_time_once(world: World) -> None:
    read = stored(world)
    world.accounts.commit(commit(read, purchases=(purchase(),)))
    now = grown(read, balance=500)
    assert lost(world, lambda: world.accounts.commit(commit(now, purchases=(purchase(amount_total=1),)))) == CONFLICT


def test_a_purchase_holds_to_its_own_version(world: World) -> None:
    read = stored(world)
    world.accounts.commit(commit(read, purchases=(purchase(),)))
    first = grown(read, balance=500)
    world.accounts.commit(commit(first, purchases=(purchase(version=1),)))
    second = grown(first, balance=1000)
    stale = commit(second, purchases=(purchase(version=1, amount_total=1),))
    assert lost(world, lambda: world.accounts.commit(stale)) == CONFLICT
    assert world.checkouts.purchase(purchase().key) == purchase(version=2)


def test_a_payment_points_to_the_purchase_that_it_paid(world: World) -> None:
    lines = tuple(purchase(key=PurchaseKey(f"in_1#il_{n}"), payment=payment()) for n in (1, 2))
    assert world.accounts.commit(commit(stored(world), purchases=lines)) == DONE
    assert world.item("PAYMENT#pi_1") == {
        "pk": "PAYMENT#pi_1",
        "schema": 1,
        "intent": "pi_1",
        "user": "alice",
        "source": "in_1",
        "registers": {},
    }


def test_all_that_a_commit_writes_is_one_transaction(world: World) -> None:
    """Money rule 2: whoever dies beside it has left all of it or nothing, a payment's pointer included."""
    paid = purchase(state=PurchaseState.PAID, paid_at=NOW, payment=payment())
    whole = commit(stored(world), purchases=(paid,), moved=lots(1), entries=(entry(version=3),), events=(event(),))
    world.requests.clear()
    assert world.accounts.commit(whole) == DONE
    assert ["TransactItems" in request for request in world.requests] == [True]
    assert world.accounts.sources([PaymentIntentId("pi_1")]) == {"pi_1": (USER, SESSION)}


def test_each_payment_of_a_commit_is_pointed_from(world: World) -> None:
    second = payment(intent=PaymentIntentId("pi_2"), also=(PaymentIntentId("pi_3"),))
    both = (purchase(payment=payment()), purchase(key=PurchaseKey("in_1#il_1"), payment=second))
    assert world.accounts.commit(commit(stored(world), purchases=both)) == DONE
    found = world.accounts.sources([PaymentIntentId(f"pi_{number}") for number in (1, 2, 3, 4)])
    assert found == {"pi_1": (USER, SESSION), "pi_2": (USER, "in_1"), "pi_3": (USER, "in_1")}


def test_what_is_read_later_is_added_to_what_was_read_before(world: World) -> None:
    """Its purchases, its orders, and the lots of each that left the account."""
    paid = [
        purchase(key=PurchaseKey(name), state=PurchaseState.PAID, paid_at=NOW) for name in ("cs_test_1", "cs_test_2")
    ]
    moved = tuple(Lot(each.key, 0, 500, NOW, used=500) for each in paid)
    assert world.accounts.commit(commit(stored(world), purchases=tuple(paid), moved=moved)) == DONE
    orders = [order(), order(id=OrderId("ord_2"))]
    for each in orders:
        assert world.checkouts.take(claim(slot=each.id, order=each.id), each)
    first = world.accounts.load(USER, [paid[0].key], [orders[0].id])
    both = world.accounts.extend(first, [paid[1].key], [orders[1].id])
    assert set(both.purchases) == {each.key for each in paid}
    assert set(both.orders) == {each.id for each in orders}
    assert both.moved == {lot.key: lot for lot in moved}


def test_two_lines_of_a_purchase_that_left_the_account_stand_apart(world: World) -> None:
    two = replace(LINE, price_id=PriceId("price_2"))
    paid = purchase(lines=(LINE, two), state=PurchaseState.PAID, paid_at=NOW)
    assert world.accounts.commit(commit(stored(world), purchases=(paid,), moved=lots(2))) == DONE
    assert world.accounts.load(USER, [paid.key]).moved == {lot.key: lot for lot in lots(2)}


# ----------------------------------------------------------------------------------- events, and reasons by index


@pytest.mark.parametrize("outcome", [Outcome.APPLIED, Outcome.NOOP, Outcome.IGNORED])
def test_an_event_with_a_terminal_outcome_stops_the_whole_commit(world: World, outcome: Outcome) -> None:
    """F01: nothing of it is written a second time."""
    world.events.record(event(outcome=outcome, customer=None))
    again = commit(stored(world), events=(event(),), purchases=(purchase(),), entries=(entry(version=3),))
    assert lost(world, lambda: world.accounts.commit(again)) == recorded("evt_1")


@pytest.mark.parametrize("waiting", [Outcome.PARKED, Outcome.QUARANTINED])
def test_a_waiting_event_is_moved_by_its_replay_once(world: World, waiting: Outcome) -> None:
    """F53: applied, once."""
    world.events.record(event(outcome=waiting, reason="the customer has no owner"))
    read = stored(world)
    assert world.accounts.commit(commit(read, events=(event(),))) == DONE
    kept = world.event("evt_1")
    assert kept is not None
    assert kept["outcome"] == "APPLIED"
    assert lost(world, lambda: world.accounts.commit(commit(grown(read, balance=500), events=(event(),)))) == (
        recorded("evt_1")
    )


def test_what_waits_for_a_person_is_recorded_beside_what_was_applied(world: World) -> None:
    both = (event(), event(id=EventId("evt_2"), outcome=Outcome.QUARANTINED, reason="another currency"))
    assert world.accounts.commit(commit(stored(world), events=both)) == DONE
    assert set(world.events.records([each.id for each in both]).values()) == set(both)


def test_the_recorded_ones_are_named_among_new_ones(world: World) -> None:
    read = stored(world)
    first = Commit(read, read, changed=False, events=(event(id="evt_2"), event(id="evt_4")))
    world.accounts.commit(first)
    now = replace(read, stripe_version=2)
    burst = commit(now, events=tuple(event(id=f"evt_{n}") for n in range(1, 6)))
    assert lost(world, lambda: world.accounts.commit(burst)) == recorded("evt_2", "evt_4")


def test_an_event_that_is_there_speaks_before_a_conflict(world: World) -> None:
    """The writer that lost drops the event and reads anew: both are said at once, so nobody has to try twice."""
    stale = stored(world)
    world.accounts.commit(commit(stale, events=(event(),)))
    assert lost(world, lambda: world.accounts.commit(commit(stale, events=(event(), event(id="evt_2"))))) == (
        recorded("evt_1")
    )


def test_a_lost_condition_behind_the_events_is_no_recorded_event(world: World) -> None:
    stale = stored(world)
    world.accounts.commit(Commit(stale, stale, changed=False))
    assert lost(world, lambda: world.accounts.commit(commit(stale, events=(event(), event(id="evt_2"))))) == CONFLICT


# ------------------------------------------------------------------------------------------------------ customers


def test_a_customer_has_one_owner(world: World) -> None:
    alice, bob = (world.accounts.open_account(Account(user=UserId(name))) for name in ("alice", "bob"))
    assert world.accounts.own_customers(alice, [CUSTOMER]) is not None
    assert lost(world, lambda: world.accounts.own_customers(bob, [CUSTOMER])) is None
    assert lost(world, lambda: world.accounts.own_customers(bob, [CustomerId("cus_2"), CUSTOMER])) is None
    assert world.accounts.owners([CUSTOMER]) == {CUSTOMER: Owner(UserId("alice"))}
    assert world.item("CUSTOMER#cus_1") == {"pk": "CUSTOMER#cus_1", "schema": 1, "customer": CUSTOMER, "user": "alice"}


def test_of_two_that_open_an_account_both_go_on_with_the_first_ones(world: World) -> None:
    """With another address the customer would be another request to Stripe under the same key (money rule 23)."""
    first = world.accounts.open_account(Account(USER, email="alice@example.com"))
    again = lost(world, lambda: world.accounts.open_account(Account(USER, email="other@example.com")))
    assert again == first


def test_an_account_that_was_opened_without_an_address_gets_one_unless_it_was_written_since(world: World) -> None:
    first = world.accounts.open_account(Account(USER))
    told = world.accounts.open_account(replace(first, email="alice@example.com"))
    assert (told.email, told.version, world.accounts.load(USER, []).account) == ("alice@example.com", 2, told)
    late = lost(world, lambda: world.accounts.open_account(replace(first, email="other@example.com")))
    assert late == told


def test_the_buyer_of_a_session_is_told_by_its_purchase(world: World) -> None:
    world.accounts.commit(commit(stored(world), purchases=(purchase(),)))
    assert world.accounts.buyers([SESSION, SessionId("cs_of_nobody")]) == {SESSION: USER}


@pytest.mark.parametrize("meanwhile", [{"version": 3}, {"stripe_version": 2}])
def test_owning_a_customer_holds_to_the_account(world: World, meanwhile: dict[str, Any]) -> None:
    read = stored(world)
    world.accounts.commit(Commit(read, replace(read, **meanwhile), changed=True))
    assert lost(world, lambda: world.accounts.own_customers(read, [CustomerId("cus_2")])) is None


def test_a_second_customer_comes_after_the_first(world: World) -> None:
    first = world.accounts.own_customers(stored(world), [CUSTOMER])
    assert first is not None
    assert world.accounts.load(USER, []).account.unlooked, "what its past was is still to be asked"
    second = world.accounts.own_customers(first, [CustomerId("cus_2")])
    assert second is not None
    assert second == replace(first, customers=(CUSTOMER, CustomerId("cus_2")), version=first.version + 1)
    assert second.customer == "cus_2"


def test_a_pointer_moves_with_its_purchase_only(world: World) -> None:
    read = stored(world)
    paid = purchase(payment=payment(intent=PaymentIntentId("pi_9")))
    world.accounts.commit(commit(read, purchases=(paid,)))
    stale = commit(read, purchases=(purchase(key=PurchaseKey("cs_other"), payment=paid.payment),))
    assert lost(world, lambda: world.accounts.commit(stale)) == CONFLICT


# ------------------------------------------------------------------------------------ lots that leave their account


def lots(count: int) -> tuple[Lot, ...]:
    return tuple(Lot(purchase().key, line, 500, NOW, used=500) for line in range(count))


def test_a_lot_that_left_is_read_with_its_purchase(world: World) -> None:
    """Money rule 17: a refund long after its credits were spent still finds them."""
    paid = purchase(state=PurchaseState.PAID, paid_at=NOW)
    assert world.accounts.commit(commit(stored(world), purchases=(paid,), moved=lots(1))) == DONE
    assert world.accounts.load(USER, []).moved == {}
    assert world.accounts.load(USER, [paid.key]).moved == {lots(1)[0].key: lots(1)[0]}
    assert world.accounts.extend(world.accounts.load(USER, []), [paid.key], []).moved == {lots(1)[0].key: lots(1)[0]}


def test_what_is_left_of_a_lot_that_came_back_is_not_read(world: World) -> None:
    paid = purchase(state=PurchaseState.PAID, paid_at=NOW)
    (lot,) = lots(1)
    read = stored(world)
    world.accounts.commit(commit(read, purchases=(paid,), moved=(lot,)))
    back = replace(lot, reversed=500)
    now = grown(read, balance=500)
    world.accounts.commit(Commit(now, grown(now, lots=(back,)), changed=True))
    found = world.accounts.load(USER, [paid.key])
    assert (found.account.lots, found.moved) == ((back,), {})


def test_a_lot_that_came_back_leaves_again_as_it_is_then(world: World) -> None:
    """A refund that failed and was spent once more, say: what lies there is out of date, and stands in no one's way."""
    paid = purchase(state=PurchaseState.PAID, paid_at=NOW)
    (lot,) = lots(1)
    first = commit(stored(world), purchases=(paid,), moved=(lot,))
    assert world.accounts.commit(first) == DONE
    again = replace(lot, used=400, reversed=100)
    assert world.accounts.commit(commit(first.after, moved=(again,))) == DONE
    assert world.accounts.load(USER, [paid.key]).moved == {lot.key: again}


def test_a_purchase_that_granted_nothing_costs_no_further_read(world: World) -> None:
    world.accounts.commit(commit(stored(world), purchases=(purchase(),)))
    world.requests.clear()
    world.accounts.load(USER, [purchase().key])
    assert len(world.requests) == 1
