"""The ledger: in order, page by page, and never overwritten."""

from __future__ import annotations

import pytest

from billing.domain.ids import UserId
from billing.domain.ledger import Entry
from billing.domain.records import Commit, CommitOutcome, Committed
from billing.errors import InvalidRequest
from tests.unit.billing.adapters.dynamo_tables import USER, World, account, commit, entry, grown, stored


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
