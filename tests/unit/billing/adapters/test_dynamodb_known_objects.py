"""What is stored of Stripe's objects, against moto (money rule 27)."""

from dataclasses import replace

import pytest

from billing.adapters.dynamodb.items import attributes, order_key, to_item
from billing.adapters.dynamodb.known_objects import SHOWN, DynamoKnown
from billing.domain.ids import CustomerId, OrderId, PaymentIntentId, PurchaseKey, UserId
from billing.domain.purchase import PurchaseState
from billing.domain.subscription import SubscriptionState, state_of
from tests.fakes.snapshots import POLICY, PRICES, a_dispute, a_refund, a_subscription
from tests.unit.billing.adapters.dynamo_tables import (
    CUSTOMER,
    INTENT,
    USER,
    World,
    account,
    commit,
    order,
    payment,
    purchase,
    stored,
)


@pytest.fixture
def known(world: World) -> DynamoKnown:
    return DynamoKnown(world.client, world.tables)


@pytest.mark.parametrize("state", PurchaseState)
def test_the_states_of_purchases_that_exist_are_found(world: World, known: DynamoKnown, state: PurchaseState) -> None:
    opened = world.accounts.open_account(account())
    world.accounts.commit(commit(opened, purchases=(purchase(state=state),)))
    key = purchase().key
    assert known.states([key, PurchaseKey("cs_nobody")]) == {key: state}


def test_a_page_is_one_consistent_read_of_single_keys(world: World, known: DynamoKnown) -> None:
    opened = world.accounts.open_account(account())
    keys = [PurchaseKey(f"cs_test_{number}") for number in range(100)]
    bought = tuple(purchase(key=key) for key in keys[:90])
    world.accounts.commit(commit(opened, purchases=bought))
    world.requests.clear()
    assert set(known.states(keys)) == set(keys[:90])
    (request,) = world.requests
    asked = request["RequestItems"][world.tables.accounts]
    assert asked["ConsistentRead"] is True
    assert all(key["pk"]["S"].startswith("PURCHASE#") for key in asked["Keys"]), "the role allows no other"


def test_none_asked_for_is_no_read(world: World, known: DynamoKnown) -> None:
    world.requests.clear()
    assert (known.states([]), world.requests) == ({}, [])


# ------------------------------------------------------------------------------------------------------ orders


def test_an_order_is_its_customers_owners(world: World, known: DynamoKnown) -> None:
    """F35, F65: an order of somebody else, and a customer of nobody."""
    world.accounts.own_customers(stored(world), [CUSTOMER])
    mine, theirs = order(), replace(order(), id=OrderId("ord_2"), user=UserId("bob"))
    for each in (mine, theirs):
        world.put(to_item(each, pk=order_key(each.id)))
    named = [(OrderId("ord_3"), CUSTOMER), (theirs.id, CUSTOMER), (mine.id, SECOND), (mine.id, CUSTOMER)]
    assert set(known.ordered(named)) == {(mine.id, CUSTOMER)}


def test_of_an_order_its_user_alone_is_read_and_of_none_no_customer(world: World, known: DynamoKnown) -> None:
    """S20: it holds an e-mail address, too."""
    world.requests.clear()
    assert known.ordered([(OrderId("ord_3"), CUSTOMER)]) == set()
    [asked] = (request["RequestItems"][world.tables.accounts] for request in world.requests)
    assert [key["pk"]["S"] for key in asked["Keys"]] == ["ORDER#ord_3"]
    named = [asked["ExpressionAttributeNames"][name] for name in asked["ProjectionExpression"].split(", ")]
    assert set(named) < set(SHOWN)
    world.requests.clear()
    assert (known.ordered([]), world.requests) == (set(), [])


# ----------------------------------------------------------------------------------------------- subscriptions


def subscribed(world: World) -> SubscriptionState:
    """The user owns two customers, and has a plan at one of them."""
    held = state_of(a_subscription(customer=CUSTOMER), None, [], PRICES, POLICY.levels)
    stored(world, email="alice@example.com", subscriptions=(held,))
    world.accounts.own_customers(world.accounts.load(USER, []).account, [CUSTOMER, SECOND])
    return held


SECOND = CustomerId("cus_second")


def test_each_customer_has_all_subscriptions_of_its_account(world: World, known: DynamoKnown) -> None:
    held = subscribed(world)
    found = known.subscriptions([CUSTOMER, SECOND, CustomerId("cus_nobody")])
    assert found == {CUSTOMER: {held.id: held}, SECOND: {held.id: held}}


def test_one_that_was_never_paid_is_known_too(world: World, known: DynamoKnown) -> None:
    held = state_of(a_subscription(customer=CUSTOMER, status="incomplete"), None, [], PRICES, POLICY.levels)
    world.accounts.own_customers(stored(world, subscriptions=(held,)), [CUSTOMER])
    assert known.subscriptions([CUSTOMER]) == {CUSTOMER: {held.id: held}}


def test_of_an_account_nothing_else_is_read(world: World, known: DynamoKnown) -> None:
    """S20: the role allows no more."""
    subscribed(world)
    world.requests.clear()
    known.subscriptions([CUSTOMER])
    owners, accounts = (request["RequestItems"][world.tables.accounts] for request in world.requests)
    assert [key["pk"]["S"] for key in owners["Keys"]] == [f"CUSTOMER#{CUSTOMER}"]
    assert [key["pk"]["S"] for key in accounts["Keys"]] == [f"ACCOUNT#{USER}"]
    assert accounts["ConsistentRead"] is True
    named = [accounts["ExpressionAttributeNames"][name] for name in accounts["ProjectionExpression"].split(", ")]
    assert tuple(named) == SHOWN


# -------------------------------------------------------------------------------------------------- registers


def test_the_registers_of_a_payment_are_those_of_its_purchase(world: World, known: DynamoKnown) -> None:
    opened = world.accounts.open_account(account())
    refunded = payment(refunds=(a_refund(100, "pending"),), disputes=(a_dispute(400),), also=(PaymentIntentId("pi_2"),))
    world.accounts.commit(commit(opened, purchases=(purchase(payment=refunded),)))
    registers = {"re_1": "pending", "dp_1": "needs_response"}
    intents = [INTENT, PaymentIntentId("pi_2"), PaymentIntentId("pi_nobody")]
    assert known.registers(intents) == {INTENT: registers, "pi_2": registers}


def test_they_follow_with_the_purchase(world: World, known: DynamoKnown) -> None:
    before = world.accounts.open_account(account())
    bought = purchase(payment=payment())
    world.accounts.commit(commit(before, purchases=(bought,)))
    assert known.registers([INTENT]) == {INTENT: {}}
    for status in ("pending", "succeeded", "failed"):
        after = world.accounts.load(USER, [bought.key])
        moved = replace(after.purchases[bought.key], payment=payment(refunds=(a_refund(100, status),)))
        world.accounts.commit(commit(after.account, purchases=(moved,)))
        assert known.registers([INTENT]) == {INTENT: {"re_1": status}}


def test_a_pointer_that_keeps_none_knows_of_none(world: World, known: DynamoKnown) -> None:
    """It was written before they were compared."""
    item = {"pk": f"PAYMENT#{INTENT}", "schema": 1, "intent": INTENT, "user": USER, "source": "cs_1"}
    world.put(attributes(item))
    assert known.registers([INTENT]) == {INTENT: {}}
