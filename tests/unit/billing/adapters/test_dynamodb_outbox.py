"""What a write has to tell stands in its item, for the stream (docs/events.md), and goes with the next write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from billing.adapters.dynamodb.items import account_key
from billing.domain.account import Account
from billing.domain.ledger import Kind
from billing.domain.outbox import ledger_event, subscription_event
from billing.domain.records import Commit, CommitOutcome
from tests.unit.billing.adapters.dynamo_tables import USER, World, entry, grown, stored
from tests.unit.billing.domain.test_subscription import state


@pytest.fixture
def subscribed(world: World) -> Account:
    """An account whose last write began a subscription."""
    before = stored(world)
    after = grown(before, subscriptions=(state(),))
    world.accounts.commit(Commit(before, after, changed=True))
    assert told(world) == subscription_event(before, after)
    return after


def told(world: World) -> object:
    item = world.item(account_key(USER))
    assert item is not None
    return item.get("told")


def test_a_write_that_changes_no_subscription_tells_nothing(world: World) -> None:
    stored(world)
    item = world.item(account_key(USER))
    assert item is not None
    assert "told" not in item


@pytest.mark.parametrize("given", [{"balance": 5}, {"email": "alice@example.com"}])
def test_the_next_write_tells_its_own(world: World, subscribed: Account, given: dict[str, object]) -> None:
    world.accounts.commit(Commit(subscribed, grown(subscribed, **given), changed=True))
    assert told(world) is None


@pytest.mark.parametrize("unlooked", [None, True])
def test_a_converge_that_changes_nothing_does_not_tell_it_again(
    world: World, subscribed: Account, unlooked: bool | None
) -> None:
    """It writes the item in place, so the stream has the whole of it once more."""
    subscribed = replace(subscribed, unlooked=unlooked)
    world.accounts.commit(Commit(subscribed, subscribed, changed=False))
    assert told(world) is None
    looked = replace(subscribed, stripe_version=subscribed.stripe_version + 1, unlooked=None)
    assert world.accounts.load(USER, []).account == looked


def test_what_is_told_is_nothing_that_is_read(world: World, subscribed: Account) -> None:
    assert world.accounts.load(USER, []).account == subscribed


def test_an_entry_tells_its_type_and_reads_as_it_was(world: World) -> None:
    before, spent = stored(world), entry(version=3, kind=Kind.SPEND)
    commit = Commit(before, grown(before), changed=True, entries=(spent,))
    assert world.accounts.commit(commit).outcome is CommitOutcome.DONE
    [item] = world.everything()[world.tables.ledger]
    assert item["told"] == ledger_event(spent)
    assert world.ledger.page(USER, 10, None).entries == (spent,)
