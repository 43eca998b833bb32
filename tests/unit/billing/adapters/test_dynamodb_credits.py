"""The one transaction of a spend, each of its conditions shown by a writer that loses to another; and what is due."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from billing.adapters.dynamodb.credit_store import DynamoCredits, DynamoDue
from billing.adapters.dynamodb.items import account_key, plain, to_item
from billing.domain.account import Account
from billing.domain.credits import Lot, Reservation, Share
from billing.domain.entitlement import AccessPolicy
from billing.domain.ids import PurchaseKey, ReservationId, UserId
from billing.domain.ledger import Cause
from billing.domain.receipt import Receipt, Remembered
from billing.domain.records import Commit
from billing.domain.spending import MOST_RESERVATIONS, Act, Holdings, grant, reserve, settle_account, spend, undo_spend
from billing.domain.subscription import Span
from billing.errors import StoreUnavailable
from billing.ports.credits import CreditOutcome, CreditWrite
from tests.unit.billing.adapters.dynamo_tables import NOW, USER, World, account, lost

SERVICE = Cause("service")
DAY = timedelta(days=1)


@pytest.fixture
def credits(world: World) -> DynamoCredits:
    return DynamoCredits(world.client, world.tables)


def rich(credits: DynamoCredits, amount: int = 500, **given: object) -> Account:
    """An account with credits, as it stands in the table."""
    act = grant(Holdings(account(**given)), PurchaseKey("adj_1"), amount, None, "welcome", NOW, SERVICE)
    assert credits.write(CreditWrite(account(**given), act)) is CreditOutcome.DONE
    return act.account


def spent(before: Account, amount: int = 100, key: str = "key-1") -> CreditWrite:
    act = spend(Holdings(before), amount, "a picture", "job-1", NOW, SERVICE)
    return CreditWrite(before, act, remembered(act, key))


def remembered(act: Act, key: str = "key-1", **given: object) -> Remembered:
    receipt = Receipt(act.credits, act.entry, act.reservation)
    return replace(Remembered(USER, key, "f" * 64, receipt, NOW), **given)  # type: ignore[arg-type]


def test_a_spend_is_one_transaction_and_one_read(world: World, credits: DynamoCredits) -> None:
    before = rich(credits)
    world.requests.clear()
    assert credits.find(USER, "key-1").holdings.account == before
    write = spent(before)
    assert credits.write(write) is CreditOutcome.DONE
    assert len(world.requests) == 2
    assert len(world.requests[1]["TransactItems"]) == 3  # the request, the account, the entry
    found = credits.find(USER, "key-1")
    assert (found.holdings.account, found.remembered) == (write.act.account, write.remembered)
    assert credits.entry(USER, "000000000002#000") == write.act.entry


def test_without_a_request_none_is_asked_for(world: World, credits: DynamoCredits) -> None:
    credits.find(USER)
    (asked,) = world.requests
    assert asked["RequestItems"][world.tables.accounts]["Keys"] == [{"pk": {"S": "ACCOUNT#alice"}}]


def test_what_is_not_there_is_new_or_none(credits: DynamoCredits) -> None:
    found = credits.find(USER, "key-1", [(PurchaseKey("cs_1"), 0)])
    assert (found.holdings, found.remembered) == (Holdings(Account(user=USER)), None)
    assert credits.entry(USER, "000000000002#000") is None


@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param({"version": 2}, id="another spend between"),
        pytest.param({"stripe_version": 1}, id="a converge without change between"),
    ],
)
def test_a_spend_holds_to_both_counters(world: World, credits: DynamoCredits, meanwhile: dict[str, int]) -> None:
    """F18: it writes the whole account, so it may not go back behind anybody."""
    before = rich(credits)
    world.accounts.commit(Commit(before, replace(before, **meanwhile), changed=True))  # type: ignore[arg-type]
    assert lost(world, lambda: credits.write(spent(before))) is CreditOutcome.CONFLICT


def test_of_two_first_writers_one_wins(world: World, credits: DynamoCredits) -> None:
    act = grant(Holdings(account()), PurchaseKey("adj_2"), 1, None, "welcome", NOW, SERVICE)
    rich(credits)
    assert lost(world, lambda: credits.write(CreditWrite(account(), act))) is CreditOutcome.CONFLICT


def test_a_key_is_taken_once_whatever_else_fails(world: World, credits: DynamoCredits) -> None:
    """F58: with a stale account, too: the answer is there, so nobody has to try again."""
    before = rich(credits)
    first = spent(before)
    credits.write(first)
    assert lost(world, lambda: credits.write(spent(first.act.account))) is CreditOutcome.REPEATED
    assert lost(world, lambda: credits.write(spent(before))) is CreditOutcome.REPEATED


def test_an_entry_that_is_there_stops_the_write(world: World, credits: DynamoCredits) -> None:
    """F64: nothing overwrites the ledger."""
    before = rich(credits)
    credits.write(spent(before))
    back = spent(before, key="key-2")
    stale = replace(before, version=2)  # as if the account had been restored to what it was
    assert lost(world, lambda: credits.write(replace(back, before=stale))) is CreditOutcome.CONFLICT


def test_a_spend_is_undone_once(world: World, credits: DynamoCredits) -> None:
    write = spent(rich(credits))
    credits.write(write)
    assert write.act.entry is not None
    back = undo_spend(Holdings(write.act.account), write.act.entry, "failed", NOW, SERVICE)
    undo = CreditWrite(write.act.account, back, remembered(back, "undo-1"), write.act.entry.key)
    assert credits.write(undo) is CreditOutcome.DONE
    assert world.item("UNDONE#alice#000000000002#000") == {
        "pk": "UNDONE#alice#000000000002#000",
        "schema": 1,
        "user": "alice",
        "undone": "000000000002#000",
        "by": "000000000003#000",
    }
    again = undo_spend(Holdings(back.account), write.act.entry, "failed", NOW, SERVICE)
    other = CreditWrite(back.account, again, remembered(again, "undo-2"), write.act.entry.key)
    assert lost(world, lambda: credits.write(other)) is CreditOutcome.UNDONE
    same = CreditWrite(back.account, again, remembered(again, "undo-1"), write.act.entry.key)
    assert lost(world, lambda: credits.write(same)) is CreditOutcome.REPEATED


def test_a_spend_that_meets_another_transaction_is_neither_answered_nor_undone(
    world: World, credits: DynamoCredits
) -> None:
    """F58: the other one may fail yet, and then a caller who was told that it is done would never ask again."""
    undo = replace(spent(rich(credits)), undone="000000000002#000")
    for reasons in (("TransactionConflict", "None", "None"), ("None", "TransactionConflict", "None")):
        conflict = {"CancellationReasons": [{"Code": reason} for reason in reasons]}
        with Stubber(world.client) as stub:
            stub.add_client_error("transact_write_items", "TransactionCanceledException", modeled_fields=conflict)
            assert credits.write(undo) is CreditOutcome.CONFLICT


def test_an_account_with_as_many_reservations_as_there_may_be_fits_into_an_item() -> None:
    """DynamoDB takes 400 KB, and there is more in an account
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items).
    """
    shares = tuple(Share(PurchaseKey(f"cs_test_{'a' * 58}"), line, 1_000_000) for line in range(10))
    held = Reservation(ReservationId(f"rsv_{'0' * 24}"), 10_000_000, NOW, NOW + DAY, shares, "x" * 200)
    item = to_item(Account(USER, reservations=(held,) * MOST_RESERVATIONS), pk=account_key(USER))
    assert len(json.dumps(item)) < 300_000


@pytest.mark.parametrize("other", ["Key-1", "key-1 ", " key-1", "key_1"])
def test_a_key_is_what_the_caller_wrote_and_no_other(credits: DynamoCredits, other: str) -> None:
    """Money rule 20: whoever counts in upper and lower case would be answered with somebody else's spend."""
    write = spent(rich(credits))
    credits.write(write)
    assert credits.find(write.before.user, "key-1").remembered is not None
    assert credits.find(write.before.user, other).remembered is None


def test_a_request_is_forgotten_after_30_days_and_an_adjustment_never(world: World, credits: DynamoCredits) -> None:
    """The table's time to live is `forget_at`: no other item may ever carry it."""
    before = rich(credits)
    write = spent(before)
    credits.write(write)
    act = grant(Holdings(write.act.account), PurchaseKey("adj_3"), 1, NOW + DAY, "sorry", NOW, SERVICE)
    credits.write(CreditWrite(write.act.account, act, remembered(act, "grant-1", lasting=True)))
    items = {item["pk"]: item for item in world.everything()[world.tables.accounts]}
    assert {key for key, item in items.items() if "forget_at" in item} == {"IDEM#alice#key-1"}
    assert items["IDEM#alice#key-1"]["forget_at"] == int((NOW + 30 * DAY).timestamp())
    assert world.definitions["AccountsTable"].ttl_attribute == "forget_at"
    assert "IDEM#alice#grant-1" in items


def test_a_lot_that_left_is_read_for_the_spend_that_took_from_it(credits: DynamoCredits) -> None:
    """Money rule 17."""
    before = rich(credits)
    gone = Lot(PurchaseKey("cs_old"), 0, 5, NOW, used=5)
    write = spent(before)
    credits.write(replace(write, act=replace(write.act, moved=(gone,))))
    here = write.act.account.lots[0].key
    assert credits.find(USER, None, [gone.key, here]).holdings.moved == {gone.key: gone}
    assert credits.find(USER).holdings.moved == {}


def test_all_lots_that_leave_with_a_spend_are_written(credits: DynamoCredits) -> None:
    gone = [Lot(PurchaseKey(f"cs_{number}"), 0, 5, NOW, used=5) for number in range(3)]
    write = spent(rich(credits))
    credits.write(replace(write, act=replace(write.act, moved=tuple(gone))))
    keys = [lot.key for lot in gone]
    assert credits.find(USER, None, keys).holdings.moved == {lot.key: lot for lot in gone}


def test_what_is_left_of_a_lot_that_came_back_counts_no_second_time(credits: DynamoCredits) -> None:
    write = spent(rich(credits))
    (lot,) = write.act.account.lots
    credits.write(replace(write, act=replace(write.act, moved=(lot,))))
    assert credits.find(USER, None, [lot.key]).holdings.moved == {}


def test_a_lot_that_leaves_while_the_account_is_read_is_not_missed(world: World, credits: DynamoCredits) -> None:
    """F18: DynamoDB may leave the account unread at first, and a spend come in between that moves the lot out."""
    write = spent(rich(credits))
    gone = Lot(PurchaseKey("cs_old"), 0, 5, NOW, used=5)
    moving = replace(write, act=replace(write.act, moved=(gone,)))

    def late(parsed: dict[str, Any], **_: object) -> None:
        world.client.meta.events.unregister("after-call.dynamodb.BatchGetItem", late)
        parsed["Responses"][world.tables.accounts].clear()
        parsed["UnprocessedKeys"] = {world.tables.accounts: {"Keys": [{"pk": {"S": account_key(USER)}}]}}
        credits.write(moving)

    world.client.meta.events.register("after-call.dynamodb.BatchGetItem", late)
    found = credits.find(USER, None, [gone.key]).holdings
    assert (found.account.version, found.moved) == (write.act.account.version, {gone.key: gone})


def test_every_read_is_consistent(world: World, credits: DynamoCredits) -> None:
    rich(credits)
    world.requests.clear()
    credits.find(USER, "key-1", [(PurchaseKey("cs_1"), 0)])
    credits.entry(USER, "000000000002#000")
    *batches, entry = world.requests
    assert [batch["RequestItems"][world.tables.accounts]["ConsistentRead"] for batch in batches] == [True, True]
    assert entry["ConsistentRead"] is True


def test_dynamodb_out_of_reach_is_retryable(world: World, credits: DynamoCredits) -> None:
    """F15."""
    for table in world.names.values():
        world.client.delete_table(TableName=table)
    with pytest.raises(StoreUnavailable):
        credits.entry(USER, "000000000002#000")
    with pytest.raises(StoreUnavailable):
        list(DynamoDue(world.client, world.tables).due(NOW))


# --------------------------------------------------------------------------------------------------------- what is due


def test_only_accounts_of_which_something_ends_are_in_the_index(world: World, credits: DynamoCredits) -> None:
    due = DynamoDue(world.client, world.tables)
    held = reserve(Holdings(rich(credits)), ReservationId("rsv_1"), 10, NOW + DAY, None, NOW, SERVICE)
    assert world.client.scan(TableName=world.tables.accounts, IndexName="due")["Items"] == []
    credits.write(CreditWrite(replace(held.account, version=1), held, remembered(held)))
    (item,) = world.client.scan(TableName=world.tables.accounts, IndexName="due")["Items"]
    assert plain(item).keys() == {"pk", "due_at", "due_shard"}  # keys only
    assert list(due.due(NOW + DAY - timedelta(microseconds=1))) == []
    assert list(due.due(NOW + DAY)) == [USER]
    settled = settle_account(Holdings(held.account), NOW + DAY, AccessPolicy(("FREE",), DAY), SERVICE)
    assert settled is not None
    credits.write(CreditWrite(held.account, settled))
    assert list(due.due(NOW + 9 * DAY)) == []


def test_a_converge_puts_its_account_into_the_index_too(world: World) -> None:
    opened = world.accounts.open_account(account(access=Span("PRO", NOW + DAY)))
    assert list(DynamoDue(world.client, world.tables).due(NOW + DAY)) == [USER]
    after = replace(opened, access=None, version=2, stripe_version=1)
    world.accounts.commit(Commit(opened, after, changed=True))
    assert list(DynamoDue(world.client, world.tables).due(NOW + DAY)) == []


def test_all_shards_and_all_pages_are_read(world: World) -> None:
    names = [UserId(f"user-{number}") for number in range(40)]
    for name in names:
        world.accounts.open_account(Account(name, access=Span("PRO", NOW)))
    shards = {item["due_shard"] for item in world.everything()[world.tables.accounts]}
    assert len(shards) == 8
    due = DynamoDue(world.client, world.tables)
    assert sorted(due.due(NOW)) == sorted(names)
    world.client.meta.events.register("provide-client-params.dynamodb.Query", two_at_a_time)
    try:
        assert sorted(due.due(NOW)) == sorted(names)
    finally:
        world.client.meta.events.unregister("provide-client-params.dynamodb.Query", two_at_a_time)


def two_at_a_time(params: dict[str, object], **_: object) -> None:
    params["Limit"] = 2
