"""What is stored comes back as it was, with every optional field set and unset."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import fields, replace
from datetime import UTC, datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from billing.adapters.dynamodb.items import SCHEMA, attributes, from_item, plain, to_item
from billing.domain.account import Account
from billing.domain.catalog import Gives
from billing.domain.credits import Lot, Reservation, Share
from billing.domain.entitlement import LevelGrant
from billing.domain.ids import CustomerId, OrderId, PaymentIntentId, PriceId, PurchaseKey, ReservationId, SubscriptionId
from billing.domain.ledger import Entry, Kind
from billing.domain.order import Claim, Order, OrderLine
from billing.domain.purchase import Purchase, PurchaseState
from billing.domain.records import CommitOutcome, EventRecord, Outcome
from billing.domain.snapshot import Dispute, Refund
from billing.domain.subscription import Span, SubscriptionState
from billing.errors import MalformedObject
from billing.ports.store import Owner
from tests.unit.billing.adapters.dynamo_tables import (
    CUSTOMER,
    INTENT,
    NOW,
    ORDER,
    SESSION,
    USER,
    World,
    account,
    claim,
    commit,
    entry,
    event,
    grown,
    order,
    payment,
    purchase,
    stored,
)

TIMES = st.datetimes(datetime(2000, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  Hypothesis adds the zone
WHOLE = st.integers(-(10**18), 10**18)
TEXT = st.text(max_size=20)
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {datetime: TIMES, int: WHOLE, str: TEXT}


def instances(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any object of a dataclass, fields by their types; tuples are short, so that one example is fast."""
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{field.name: _of(hints[field.name]) for field in fields(kind)})


def _of(hint: Any) -> st.SearchStrategy[Any]:
    hint = getattr(hint, "__supertype__", hint)  # a NewType of an id is its text
    if typing.get_origin(hint) is tuple:
        return st.lists(_of(typing.get_args(hint)[0]), max_size=2).map(tuple)
    if isinstance(hint, types.UnionType):
        return st.one_of(*(_of(part) for part in typing.get_args(hint)))
    if hint in SIMPLE:
        return SIMPLE[hint]
    return instances(hint) if isinstance(hint, type) and dataclasses.is_dataclass(hint) else st.from_type(hint)


@pytest.mark.parametrize("kind", [Account, Purchase, Order, Claim, Entry, EventRecord, Lot])
def test_any_object_survives_the_way_there_and_back(kind: type[Any]) -> None:
    @given(instances(kind))
    def survives(thing: Any) -> None:
        item = to_item(thing, pk="KEY#1")
        assert from_item(kind, item) == thing
        assert plain(item)["schema"] == SCHEMA

    survives()


CARD, LINE_ONE = PurchaseKey(SESSION), PurchaseKey("in_1#il_1")
EVERYTHING = Account(
    user=USER,
    email="alice@example.com",
    customers=(CUSTOMER,),
    deleted_customers=(CUSTOMER,),
    customer_generation=2,
    subscriptions=(
        SubscriptionState(
            id=SubscriptionId("sub_1"),
            customer=CUSTOMER,
            status="active",
            created=NOW,
            price_id=PriceId("price_1"),
            quantity=1,
            plan="pro",
            level="PRO",
            period_end=NOW,
            trial_end=NOW,
            cancel_at_period_end=True,
            paid_through=NOW,
            groups=("default", "storage"),
        ),
    ),
    subscribed=("default", "storage"),
    levels=(LevelGrant(CARD, 0, "PRO", NOW, 30, NOW), LevelGrant(LINE_ONE, 1, "PRO", NOW, None)),
    lots=(Lot(CARD, 0, 500, NOW, NOW, 1, 2, 3, 4),),
    reservations=(Reservation(ReservationId("rsv_1"), 4, NOW, NOW, (Share(CARD, 0, 4),), "job-1"),),
    balance=-7,
    access=Span("PRO", NOW),
    version=1,
    stripe_version=0,
)
REGISTERS = payment(
    refunds=(Refund("re_1", 100, "succeeded", NOW),), disputes=(Dispute("dp_1", 400, "usd", "lost", NOW),)
)
PAID = purchase(state=PurchaseState.PAID, amount_total=500, paid_at=NOW, payment=REGISTERS)
FREE_LINE = OrderLine(PriceId("price_2"), "a plan", 2, None, Gives(1, 30, "PRO", 31, "pro"))


@pytest.mark.parametrize("before", [account(), replace(EVERYTHING, version=0)], ids=["bare", "full"])
def test_an_account_with_its_purchases_and_orders(world: World, before: Account) -> None:
    opened = world.accounts.open_account(before)
    assert opened == replace(before, version=1)
    changed = commit(opened, purchases=(PAID, purchase(key=LINE_ONE, order=None)), entries=(entry(),))
    assert world.accounts.commit(changed).outcome is CommitOutcome.DONE
    first, second = order(), order(id="ord_2", lines=(FREE_LINE,))
    assert world.checkouts.take(claim(), first)
    assert world.checkouts.take(claim(slot="other", order=second.id), second)

    found = world.accounts.load(USER, [PAID.key, LINE_ONE, PurchaseKey("cs_none")], [first.id, second.id])

    assert found.account == changed.after
    assert found.purchases == {
        PAID.key: replace(PAID, version=1),
        LINE_ONE: purchase(key=LINE_ONE, order=None, version=1),
    }
    assert found.orders == {first.id: first, second.id: second}


def test_what_is_not_there_is_new_or_none(world: World) -> None:
    found = world.accounts.load(USER, [PAID.key], [ORDER])
    assert (found.account, found.purchases, found.orders) == (account(), {}, {})
    assert world.checkouts.claim(USER, "slot") is None
    assert world.checkouts.order(ORDER) is None
    assert world.checkouts.purchase(PAID.key) is None
    assert world.accounts.owners([CUSTOMER]) == {}
    assert world.accounts.owners([]) == {}
    assert world.accounts.sources([INTENT]) == {}


def test_more_purchases_are_added_to_what_was_read(world: World) -> None:
    before = stored(world)
    changed = commit(before, purchases=(PAID, purchase(key=LINE_ONE)))
    world.accounts.commit(changed)
    world.checkouts.take(claim(), order())
    read = world.accounts.load(USER, [PAID.key])
    more = world.accounts.extend(read, {LINE_ONE}, {ORDER})
    assert set(more.purchases) == {PAID.key, LINE_ONE}
    assert (more.account, more.orders) == (changed.after, {ORDER: order()})


def test_the_same_key_may_be_asked_for_twice(world: World) -> None:
    """A burst of one checkout names its order in every event; DynamoDB refuses a batch with a key twice."""
    before = stored(world)
    world.accounts.commit(commit(before, purchases=(PAID,)))
    world.checkouts.take(claim(), order())
    found = world.accounts.load(USER, [PAID.key, PAID.key], [ORDER, ORDER, ORDER])
    assert (list(found.purchases), list(found.orders)) == ([PAID.key], [ORDER])
    assert world.accounts.owners([CUSTOMER, CUSTOMER]) == {}


def test_only_orders_that_exist_are_found(world: World) -> None:
    world.checkouts.take(claim(), order())
    assert world.accounts.orders([ORDER, OrderId("ord_none"), ORDER]) == {ORDER: order()}
    assert world.accounts.orders([]) == {}


def test_a_claim_is_read_back_before_and_after_its_session_is_attached(world: World) -> None:
    assert world.checkouts.take(claim(), order())
    assert world.checkouts.claim(USER, "slot") == claim()
    attached = claim(session=SESSION, url="https://checkout.stripe.com/c/pay/1")
    assert world.checkouts.attach(attached, purchase())
    assert world.checkouts.claim(USER, "slot") == attached
    assert world.checkouts.order(ORDER) == order()
    assert world.checkouts.purchase(PAID.key) == purchase(version=1)


@pytest.mark.parametrize("kind", list(Kind))
def test_ledger_entries_are_read_newest_first_as_they_were_written(world: World, kind: Kind) -> None:
    full, bare = entry(kind=kind), entry(kind=kind, index=1, stripe_object=None, event=None, amount=-5)
    world.accounts.commit(commit(stored(world), entries=(full, bare)))
    page = world.ledger.page(USER, 10, None)
    assert page.entries == (bare, full)
    assert page.cursor is None


@pytest.mark.parametrize("record", [event(reason="other lines"), event(customer=None)], ids=["full", "bare"])
def test_events_are_kept_as_ids_and_outcome(world: World, record: EventRecord) -> None:
    world.accounts.commit(commit(stored(world), events=(record,)))
    kept = world.event("evt_1")
    assert kept is not None
    assert from_item(EventRecord, attributes(kept)) == record
    assert set(kept) <= {field.name for field in fields(EventRecord)} | {"schema", "expires_at"}


def test_owners_of_customers_and_sources_of_payments_are_found(world: World) -> None:
    opened = world.accounts.open_account(account())
    owned = world.accounts.own_customers(opened, [CUSTOMER])
    assert owned == replace(opened, customers=(CUSTOMER,), version=2, unlooked=True)
    assert world.accounts.load(USER, []).account == owned
    world.accounts.commit(commit(owned, purchases=(PAID,)))
    line = purchase(key=LINE_ONE, payment=payment(intent="pi_2"))
    world.accounts.commit(commit(grown(owned), purchases=(line,)))
    assert world.accounts.owners([CUSTOMER, CustomerId("cus_other")]) == {CUSTOMER: Owner(USER)}
    second, unknown = PaymentIntentId("pi_2"), PaymentIntentId("pi_3")
    assert world.accounts.sources([INTENT, second, unknown]) == {INTENT: (USER, SESSION), second: (USER, "in_1")}


def test_opening_an_account_that_exists_answers_the_one_that_stands(world: World) -> None:
    standing = stored(world, email="alice@example.com")
    assert world.accounts.open_account(account()) == standing


@pytest.mark.parametrize("change", [{"schema": {"N": "2"}}, {"schema": {"S": "1"}}, {"user": {"NULL": True}}])
def test_an_item_of_another_shape_is_refused_with_its_key(world: World, change: dict[str, Any]) -> None:
    world.put(to_item(account(version=1), pk="ACCOUNT#alice") | change)
    with pytest.raises(MalformedObject) as refused:
        world.accounts.load(USER, [])
    assert refused.value.ids == {"key": "ACCOUNT#alice"}


def test_an_item_without_a_schema_is_refused(world: World) -> None:
    item = to_item(account(version=1), pk="ACCOUNT#alice")
    del item["schema"]
    world.put(item)
    with pytest.raises(MalformedObject):
        world.accounts.load(USER, [])


def test_more_than_a_hundred_keys_are_read_in_batches(world: World) -> None:
    keys = [PurchaseKey(f"cs_{number}") for number in range(205)]
    items = [to_item(purchase(key=key), pk=f"PURCHASE#{key}") for key in keys]
    for start in range(0, len(items), 25):
        puts: Any = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        world.client.batch_write_item(RequestItems={world.tables.accounts: puts})
    world.requests.clear()
    found = world.accounts.load(USER, keys)
    assert set(found.purchases) == set(keys)
    asked = [len(request["RequestItems"][world.tables.accounts]["Keys"]) for request in world.requests]
    assert asked == [100, 100, 6]


def test_every_read_is_consistent(world: World) -> None:
    stored(world)
    world.requests.clear()
    world.accounts.load(USER, [PAID.key], [ORDER])
    world.accounts.owners([CUSTOMER])
    world.checkouts.claim(USER, "slot")
    world.checkouts.purchase(PAID.key)
    world.ledger.page(USER, 5, None)
    assert len(world.requests) == 5
    for request in world.requests:
        part = request["RequestItems"][world.tables.accounts] if "RequestItems" in request else request
        assert part["ConsistentRead"] is True


def test_an_outcome_is_terminal_or_waits() -> None:
    assert {outcome for outcome in Outcome if not outcome.terminal} == {Outcome.PARKED, Outcome.QUARANTINED}


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1) | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3),
    max_leaves=8,
)


@given(PLAIN)
def test_attributes_are_those_that_boto3_writes_and_reads(value: Any) -> None:
    """Ours are written without it, to load less at each start."""
    written = attributes({"name": value})
    assert written == {"name": TypeSerializer().serialize(value)}
    assert plain(written) == {"name": value}


def test_a_list_holds_any_kind() -> None:
    value = [None, True, 1, "a", [2], {"b": 3}]
    assert attributes({"name": value}) == {"name": TypeSerializer().serialize(value)}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Outcome.PARKED, {"S": "PARKED"}),
        (HTTPStatus.OK, {"N": "200"}),
        (MappingProxyType({"a": Outcome.PARKED}), {"M": {"a": {"S": "PARKED"}}}),
        ([Outcome.PARKED], {"L": [{"S": "PARKED"}]}),
    ],
    ids=["a text", "a number", "a mapping", "in a list"],
)
def test_a_kind_of_a_plain_value_is_written_as_that(value: object, written: dict[str, object]) -> None:
    assert attributes({"name": value}) == {"name": written}


@pytest.mark.parametrize(
    "value",
    [1.5, b"bytes", NOW, {1, 2}, [1.5], {"deep": {"deeper": object()}}],
    ids=["float", "bytes", "time", "set", "in a list", "deep"],
)
def test_what_has_no_attribute_is_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        attributes({"name": value})


@pytest.mark.parametrize(
    "attribute", [{"N": "1.5"}, {"N": "1E+2"}, {"N": "9" * 39}, {"B": b"x"}, {"NS": ["1"]}], ids=repr
)
def test_an_attribute_that_we_never_write_is_refused(attribute: dict[str, Any]) -> None:
    with pytest.raises(MalformedObject) as refused:
        plain({"name": attribute})
    assert refused.value.ids == {"reason": next(iter(attribute))}


@pytest.mark.parametrize(
    ("keys", "named"), [({"pk": "ORDER#1"}, "ORDER#1"), ({"entry": "000000000007#000"}, "000000000007#000"), ({}, "")]
)
def test_an_item_that_can_not_be_read_is_named_by_its_key(keys: dict[str, str], named: str) -> None:
    with pytest.raises(MalformedObject) as refused:
        from_item(Entry, attributes({**keys, "schema": 2}))
    assert refused.value.ids == {"key": named}
