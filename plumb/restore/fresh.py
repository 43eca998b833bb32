"""Redis must have forgotten: what it knows is of later versions than the restored accounts have, and would stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plumb.errors import PlumbError

if TYPE_CHECKING:
    from plumb.world import World

_AT_ONCE = 1000


def must_be_fresh(world: World) -> None:
    """Raise PlumbError when something is cached under the installation's epoch (money rules 25 and 29)."""
    settings = world.settings.redis
    cursor: int = 0
    while True:
        cursor, found = world.redis.scan(cursor, match=f"{settings.prefix}*", count=_AT_ONCE)
        if found:
            raise PlumbError(
                f"Redis still has what was cached before ({found[0]}): deploy with a RedisEpoch that is one higher, "
                "and run this again."
            )
        if int(cursor) == 0:
            return
