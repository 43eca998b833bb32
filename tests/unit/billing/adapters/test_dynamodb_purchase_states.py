"""How far purchases have come, against moto (money rule 27)."""

import pytest

from billing.adapters.dynamodb.purchase_states import DynamoPurchaseStates
from billing.domain.ids import PurchaseKey
from billing.domain.purchase import PurchaseState
from tests.unit.billing.adapters.dynamo_tables import World, account, commit, purchase


@pytest.fixture
def states(world: World) -> DynamoPurchaseStates:
    return DynamoPurchaseStates(world.client, world.tables)


@pytest.mark.parametrize("state", PurchaseState)
def test_of_those_that_exist(world: World, states: DynamoPurchaseStates, state: PurchaseState) -> None:
    opened = world.accounts.open_account(account())
    world.accounts.commit(commit(opened, purchases=(purchase(state=state),)))
    key = purchase().key
    assert states.states([key, PurchaseKey("cs_nobody")]) == {key: state}


def test_a_page_is_one_consistent_read_of_single_keys(world: World, states: DynamoPurchaseStates) -> None:
    opened = world.accounts.open_account(account())
    keys = [PurchaseKey(f"cs_test_{number}") for number in range(100)]
    bought = tuple(purchase(key=key) for key in keys[:90])
    world.accounts.commit(commit(opened, purchases=bought))
    world.requests.clear()
    assert set(states.states(keys)) == set(keys[:90])
    (request,) = world.requests
    asked = request["RequestItems"][world.tables.accounts]
    assert asked["ConsistentRead"] is True
    assert all(key["pk"]["S"].startswith("PURCHASE#") for key in asked["Keys"]), "the role allows no other"


def test_none_asked_for_is_no_read(world: World, states: DynamoPurchaseStates) -> None:
    world.requests.clear()
    assert (states.states([]), world.requests) == ({}, [])
