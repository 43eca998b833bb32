"""What only the operator's command writes: taking personal data out of items, and marking spends as undone again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.stub import Stubber

from billing.adapters.dynamodb.credit_store import DynamoCredits
from billing.adapters.dynamodb.personal_store import DynamoPersonal
from billing.adapters.dynamodb.undone_store import DynamoUndone
from billing.domain.ids import UserId
from billing.domain.ledger import Kind
from billing.domain.snapshot import Card
from billing.errors import Contention, StoreUnavailable
from tests.unit.billing.adapters.dynamo_tables import (
    USER,
    World,
    claim,
    commit,
    entry,
    order,
    payment,
    purchase,
    stored,
)


@pytest.fixture
def personal(world: World) -> DynamoPersonal:
    return DynamoPersonal(world.client, world.tables)


@pytest.fixture
def undone(world: World) -> DynamoUndone:
    return DynamoUndone(world.client, world.tables)


def test_an_attribute_is_removed_and_the_rest_stays(world: World, personal: DynamoPersonal) -> None:
    world.checkouts.take(claim(), order(email="alice@example.com"))
    personal.forget("ORDER#ord_1", USER, ["email"])
    assert world.accounts.orders([order().id]) == {order().id: order()}


def test_one_within_another_is_removed_by_its_path(world: World, personal: DynamoPersonal) -> None:
    paid = purchase(payment=payment(card=Card("visa", "4242")))
    world.accounts.commit(commit(stored(world), purchases=(paid,)))
    personal.forget("PURCHASE#cs_test_1", USER, ["payment", "card"])
    assert world.checkouts.purchase(paid.key) == replace(paid, payment=payment(), version=1)


def test_nothing_of_another_user_is_touched(world: World, personal: DynamoPersonal) -> None:
    world.checkouts.take(claim(), order(email="alice@example.com"))
    before = world.everything()
    with pytest.raises(Contention) as refused:
        personal.forget("ORDER#ord_1", UserId("bob"), ["email"])
    assert refused.value.ids == {"user_id": "bob"}
    assert world.everything() == before


BACK = entry(kind=Kind.SPEND_REVERSAL, version=9, reference="000000000007#000")


def test_a_spend_is_marked_as_it_was_when_it_was_undone(world: World, undone: DynamoUndone) -> None:
    undone.mark(BACK)
    marked = world.item("UNDONE#alice#000000000007#000")
    assert marked == {
        "pk": "UNDONE#alice#000000000007#000",
        "schema": 1,
        "user": "alice",
        "undone": "000000000007#000",
        "by": "000000000009#000",
    }
    undone.mark(replace(BACK, version=10))
    assert world.item("UNDONE#alice#000000000007#000") == marked


def test_what_undoes_nothing_marks_nothing(world: World, undone: DynamoUndone) -> None:
    undone.mark(replace(BACK, reference=None))
    assert world.requests == []
    assert DynamoCredits(world.client, world.tables).entry(USER, BACK.key) is None


def test_a_mark_that_meets_another_transaction_is_not_taken_for_there(world: World, undone: DynamoUndone) -> None:
    """The mend is done again then. With no mark the spend could be undone a second time."""
    conflict = {"CancellationReasons": [{"Code": "TransactionConflict"}]}
    with Stubber(world.client) as stub:
        stub.add_client_error("transact_write_items", "TransactionCanceledException", modeled_fields=conflict)
        with pytest.raises(StoreUnavailable):
            undone.mark(BACK)
