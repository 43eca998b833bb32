"""`plumb check`: ledger = balance = lots = cache, for every account."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime

import click

from billing.domain.ids import UserId
from plumb.books import MOVING, Mismatch, examine
from plumb.cached import CachedAccount, read_cached
from plumb.cli import FAILED, OK, operator_command
from plumb.invocation import Invocation
from plumb.scan import user_id, users
from plumb.world import World

_LAG_SECONDS = 3.0
"""What a writer has to tell the cache of its write, before a cache that lags behind counts."""
_LOOKS = 10
"""At one who is written all the time: each has a chance to fall between two writes."""
_MOST_SUSPECTS = 10_000


@operator_command("check")
@click.argument("user", nargs=-1)
@click.option("--no-cache", is_flag=True, help="Compare ledger, balance and lots only.")
def command(invocation: Invocation, user: tuple[str, ...], no_cache: bool) -> int:
    """Compare the ledger, the balance, the lots and the cache of every account, or of the users that are named.

    Prints nothing and exits 0 when all hold; else a line for each that does not, and exits 1, as it does when one who
    is named has no account. What differs is looked at a second time before it is told, so an account that is written
    meanwhile gives no false alarm.

    \b
    Examples:
      plumb check
      plumb check alice bob
      plumb check --stage prod --json || page-somebody
    """
    world, out = invocation.world, invocation.out
    named = [world.account_of(user_id(text)).user for text in user]
    wanted = named or users(world.dynamodb, world.settings.tables.accounts)
    found = 0
    with out.progress("accounts") as bar:

        def seen() -> None:
            bar.advance(bar.task_ids[0])

        for mismatch in _mismatches(world, wanted, not no_cache, seen):
            found += 1
            out.line(asdict(mismatch))
            out.say(
                f"{mismatch.user}: {mismatch.what}: {mismatch.found}, should be {mismatch.expected} "
                f"(account version {mismatch.version})"
            )
    return FAILED if found else OK


def _mismatches(
    world: World, wanted: Iterable[UserId], with_cache: bool, seen: Callable[[], None]
) -> Iterator[Mismatch]:
    """What differs twice: the second look comes after all others, and not before writers could tell the cache."""
    suspects: list[UserId] = []
    first = world.clock.now()
    for user in wanted:
        seen()
        if _look(world, user, with_cache):
            suspects.append(user)
            first = world.clock.now()
        if len(suspects) >= _MOST_SUSPECTS:
            yield from _again(world, suspects, with_cache, first)
            suspects = []
    yield from _again(world, suspects, with_cache, first)


def _again(world: World, suspects: list[UserId], with_cache: bool, since: datetime) -> Iterator[Mismatch]:
    if not suspects:
        return
    world.clock.sleep(max(0.0, _LAG_SECONDS - (world.clock.now() - since).total_seconds()))
    for user in suspects:
        found = _look(world, user, with_cache)
        for _ in range(_LOOKS):
            if not found or any(mismatch.what != MOVING for mismatch in found):
                break
            found = _look(world, user, with_cache)
        yield from found


def _look(world: World, user: UserId, with_cache: bool) -> list[Mismatch]:
    cached = CachedAccount()
    if with_cache:
        cached = read_cached(world.redis, world.settings.redis.prefix, user)
    return examine(user, world.accounts, world.ledger, cached, world.policy, world.clock.now())
