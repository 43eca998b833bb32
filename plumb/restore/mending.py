"""All that `plumb restore mend` does, in its order (docs/restore.md). Whoever asks for it tells of each step.

The command does, and so does the simulation, which kills it at any of its calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from billing.domain.ids import CustomerId, UserId
from billing.domain.rebuild import Rebuilt
from billing.services.catch_up import read_anew
from billing.services.rebuild_account import rebuild_account
from plumb.restore.customers import take_in
from plumb.restore.events import MARGIN, forget_records
from plumb.restore.orders import Found, write_again
from plumb.scan import users, users_of_ledger

if TYPE_CHECKING:
    from plumb.world import World


@dataclass(frozen=True)
class RecordsForgotten:
    """So many records of events are deleted, and Stripe's list is to be read anew."""

    count: int


@dataclass(frozen=True)
class AccountRebuilt:
    """What the ledger says of this user is done again."""

    user: UserId
    found: Rebuilt


@dataclass(frozen=True)
class CustomerTakenIn:
    """The customer is this user's again."""

    user: UserId
    customer: CustomerId


type Step = RecordsForgotten | AccountRebuilt | CustomerTakenIn | Found
"""The last one is a session whose order was gone."""


def mended(world: World, start: datetime, actor: str, seen: Callable[[], None], *, dry: bool) -> Iterator[Step]:
    """Mend what was put back to `start`, from ten minutes before it on; `dry` writes nothing. It may be run again.

    `seen` is called for each item that was looked at. Raises what the parts raise.
    """
    since = start - MARGIN
    if not dry:
        read_anew(world.walking.walks, world.clock.now())
    yield RecordsForgotten(forget_records(world.dynamodb, world.settings.tables.events, since, seen, dry=dry))
    yield from _rebuilt(world, actor, seen, dry=dry)
    taken_in: dict[CustomerId, UserId] = {}
    for user, customer in take_in(world, since, dry=dry):
        taken_in[customer] = user
        yield CustomerTakenIn(user, customer)
    yield from write_again(world, since, taken_in, dry=dry)


def _rebuilt(world: World, actor: str, seen: Callable[[], None], *, dry: bool) -> Iterator[AccountRebuilt]:
    done: set[UserId] = set()
    for user in _everybody(world):
        seen()
        if user in done:  # in a dry run it would be told twice
            continue
        found = rebuild_account(user, actor, world.rebuild, dry_run=dry)
        if found is not None:
            done.add(user)
            yield AccountRebuilt(user, found)


def _everybody(world: World) -> Iterator[UserId]:
    """Who has an account, and then who has a ledger: an account may have lost what the ledger has, or all of itself."""
    yield from users(world.dynamodb, world.settings.tables.accounts)
    yield from users_of_ledger(world.dynamodb, world.settings.tables.ledger)
