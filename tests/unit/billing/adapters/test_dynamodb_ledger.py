"""The ledger: in order, page by page, and never overwritten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

import pytest

from billing.adapters.dynamodb.ledger_store import entry_put
from billing.domain.ids import UserId
from billing.domain.ledger import EVERYTHING, Entry, EntryFilter, Kind
from billing.domain.records import Commit, CommitOutcome, Committed
from billing.errors import InvalidRequest
from tests.unit.billing.adapters.dynamo_tables import NOW, USER, World, account, commit, entry, grown, stored


def with_entries(world: World, count: int) -> None:
    """A ledger of `count` entries, two to each version, from version 3 on."""
    before = stored(world)
    for start in range(0, count, 2):
        made = tuple(
            entry(version=before.version + 1, index=index, amount=start + index)
            for index in range(min(2, count - start))
        )
        assert world.accounts.commit(commit(before, entries=made)).outcome is CommitOutcome.DONE
        before = grown(before, balance=before.balance + 500)


def test_an_entry_is_never_overwritten(world: World) -> None:
    """Money rule 30, F64: a bug that writes the same key again is refused, with everything beside it."""
    before = stored(world)
    world.accounts.commit(commit(before, entries=(entry(version=3, amount=500),)))
    now = grown(before, balance=500)
    wrong = commit(now, entries=(entry(version=3, amount=-500),))
    standing = world.everything()
    assert world.accounts.commit(wrong) == Committed(CommitOutcome.CONFLICT)
    assert world.everything() == standing


def test_entries_of_a_commit_that_loses_are_not_written(world: World) -> None:
    before = stored(world)
    world.accounts.commit(Commit(before, before, changed=False))
    world.accounts.commit(commit(before, entries=(entry(version=3),)))
    assert world.ledger.page(USER, 10, None).entries == ()


def test_pages_run_from_the_newest_to_the_oldest_without_gap(world: World) -> None:
    with_entries(world, 7)
    whole = world.ledger.page(USER, 100, None)
    assert [item.amount for item in whole.entries] == [6, 5, 4, 3, 2, 1, 0]
    assert whole.cursor is None
    seen: list[Entry] = []
    cursor, turns = None, 0
    while turns == 0 or cursor is not None:
        page = world.ledger.page(USER, 3, cursor)
        assert len(page.entries) <= 3
        seen += page.entries
        cursor, turns = page.cursor, turns + 1
    assert (tuple(seen), turns) == (whole.entries, 3)


def test_a_page_stays_where_it_was_while_new_entries_arrive(world: World) -> None:
    with_entries(world, 4)
    first = world.ledger.page(USER, 2, None)
    now = world.accounts.load(USER, []).account
    world.accounts.commit(commit(now, entries=(entry(version=now.version + 1, amount=99),)))
    second = world.ledger.page(USER, 2, first.cursor)
    assert [item.amount for item in first.entries + second.entries] == [3, 2, 1, 0]


def test_a_user_sees_no_entry_of_another(world: World) -> None:
    with_entries(world, 2)
    bob = UserId("bob")
    opened = world.accounts.open_account(account(user=bob))
    world.accounts.commit(commit(opened, entries=(entry(user=bob, amount=7),)))
    assert [item.amount for item in world.ledger.page(bob, 10, None).entries] == [7]
    cursor = world.ledger.page(USER, 1, None).cursor
    assert all(item.user == bob for item in world.ledger.page(bob, 10, cursor).entries)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "1",
        "000000000003#00",
        "000000000003#0000",
        "000000000003#000 ",
        "٠٠٠٠٠٠٠٠٠٠٠٣#٠٠٠",
        "x" * 16,
        "000000000003#000\n",
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        world.ledger.page(USER, 10, cursor)
    assert world.requests == []


# ------------------------------------------------------------------------------------------------- what is wanted

DAY = timedelta(days=1)


def with_history(world: World, count: int) -> None:
    """An entry a day, every third one a spend; with a fraction of a second, and without."""
    table = world.tables.ledger
    for numbers in batched(range(count), 25, strict=False):
        puts: list[Any] = []
        for number in numbers:
            kind = Kind.SPEND if number % 3 == 0 else Kind.PURCHASE
            at = NOW + number * DAY + timedelta(microseconds=number % 2)
            item = entry_put(table, entry(version=number, kind=kind, amount=number, at=at))["Put"]["Item"]
            puts.append({"PutRequest": {"Item": item}})
        answer = world.client.batch_write_item(RequestItems={table: puts})
        assert not answer["UnprocessedItems"]


def collected(world: World, limit: int, wanted: EntryFilter) -> tuple[list[int], int]:
    """The amounts of all pages, and how many there were."""
    found: list[int] = []
    cursor, turns = None, 0
    while turns == 0 or cursor is not None:
        page = world.ledger.page(USER, limit, cursor, wanted)
        assert len(page.entries) <= limit
        found += [item.amount for item in page.entries]
        cursor, turns = page.cursor, turns + 1
    return found, turns


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("wanted", "amounts"),
    [
        (EntryFilter(frozenset({Kind.SPEND})), [18, 15, 12, 9, 6, 3, 0]),
        (EntryFilter(frozenset({Kind.SPEND, Kind.PURCHASE}), NOW + 15 * DAY), [19, 18, 17, 16, 15]),
        (EntryFilter(since=NOW + 4 * DAY, before=NOW + 7 * DAY), [6, 5, 4]),
        (EntryFilter(frozenset({Kind.SPEND}), since=datetime.min.replace(tzinfo=UTC)), [18, 15, 12, 9, 6, 3, 0]),
        (EntryFilter(frozenset({Kind.SPEND}), NOW + 4 * DAY, NOW + 13 * DAY), [12, 9, 6]),
        (EntryFilter(frozenset({Kind.EXPIRY})), []),
        (EntryFilter(before=NOW), []),
        (EntryFilter(since=NOW + 99 * DAY), []),
    ],
)
def test_pages_of_what_is_wanted_have_no_gap_either(
    world: World, limit: int, wanted: EntryFilter, amounts: list[int]
) -> None:
    with_history(world, 20)
    found, turns = collected(world, limit, wanted)
    assert found == amounts
    assert turns <= len(amounts) // limit + 1


def test_a_page_that_ends_with_the_first_entry_of_all_has_no_other_behind_it(world: World) -> None:
    with_history(world, 20)
    assert collected(world, 7, EntryFilter(frozenset({Kind.SPEND}))) == ([18, 15, 12, 9, 6, 3, 0], 1)


def test_every_page_is_read_consistently(world: World) -> None:
    with_history(world, 5)
    world.requests.clear()
    world.ledger.page(USER, 2, world.ledger.page(USER, 2, None).cursor)
    assert [asked["ConsistentRead"] for asked in world.requests] == [True, True]


def test_a_page_that_dynamodb_cuts_short_has_more_behind_it(world: World) -> None:
    """It stops at 1 MB, with less than was asked for
    (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html).
    """
    with_history(world, 5)

    def two(params: dict[str, Any], **_: object) -> None:
        params["Limit"] = 2

    world.client.meta.events.register("provide-client-params.dynamodb.Query", two)
    try:
        assert collected(world, 3, EVERYTHING)[0] == [4, 3, 2, 1, 0]
    finally:
        world.client.meta.events.unregister("provide-client-params.dynamodb.Query", two)


def test_where_all_is_wanted_no_more_is_read_than_is_shown(world: World) -> None:
    with_history(world, 5)
    world.requests.clear()
    world.ledger.page(USER, 3, None)
    assert [asked["Limit"] for asked in world.requests] == [3]


def test_one_page_looks_at_so_many_entries_and_says_where_it_stopped(world: World) -> None:
    """What a caller can wait for: one kind among thousands of others must not read them all at once."""
    with_history(world, 1100)
    world.requests.clear()
    first = world.ledger.page(USER, 10, None, EntryFilter(before=NOW + 5 * DAY))
    assert (first.entries, len(world.requests)) == ((), 5)
    assert first.cursor == "000000000100#000"
    second = world.ledger.page(USER, 10, first.cursor, EntryFilter(before=NOW + 5 * DAY))
    assert [item.amount for item in second.entries] == [4, 3, 2, 1, 0]


def test_reading_ends_where_all_that_follows_is_too_old(world: World) -> None:
    with_history(world, 1100)
    world.requests.clear()
    page = world.ledger.page(USER, 10, None, EntryFilter(frozenset({Kind.SPEND}), since=NOW + 1098 * DAY))
    assert ([item.amount for item in page.entries], page.cursor, len(world.requests)) == ([1098], None, 1)
