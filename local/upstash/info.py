"""INFO, which fakeredis has not: what Upstash reports of a database, as far as it can be counted here.

A text of sections and `field:value` lines (https://upstash.com/docs/redis/commands/server/info).
"""

from collections.abc import Sequence
from typing import Any

_READS = frozenset({"GET", "GETEX", "GETDEL", "MGET"})


class Counted:
    """Counts commands, and reads that found something and that did not."""

    def __init__(self) -> None:
        self.commands = self.hits = self.misses = 0

    def add(self, command: Sequence[str], reply: Any) -> None:
        self.commands += 1
        if command[0].upper() in _READS:
            values = reply if isinstance(reply, list) else [reply]
            found = sum(value is not None for value in values)
            self.hits += found
            self.misses += len(values) - found

    def report(self, keys: int) -> bytes:
        stats = (f"total_commands_processed:{self.commands}", f"keyspace_hits:{self.hits}")
        lines = ("# Server", "redis_version:7.0", "", "# Stats", *stats, f"keyspace_misses:{self.misses}")
        keyspace = ("", "# Keyspace", *([f"db0:keys={keys}"] if keys else []), "")
        return "\r\n".join((*lines, *keyspace)).encode()
