"""Run commands and get the raw reply, as the wire carries it.

redis-py turns replies into Python values by command (`SET` into True, `HGETALL` into a dict); Upstash's JSON is the
plain reply. So commands go over a connection taken from the pool, and nothing interprets what comes back.
"""

from collections.abc import Sequence
from typing import Any

import fakeredis
import redis

from local.upstash.info import Counted

Reply = Any
"""bytes, int, None, a list of replies, or a ResponseError in the place of one that failed."""
_PROTOCOL = 2


class RawRedis:
    def __init__(self, url: str | None) -> None:
        client: redis.Redis = (
            redis.Redis.from_url(url, protocol=_PROTOCOL) if url else fakeredis.FakeRedis(protocol=_PROTOCOL)
        )
        self._pool = client.connection_pool
        self._counted = None if url else Counted()  # a real server counts by itself

    def run(self, command: Sequence[str]) -> Reply:
        return self.run_all([command])[0]

    def run_all(self, commands: Sequence[Sequence[str]]) -> list[Reply]:
        """Run one after the other on one connection, for MULTI ... EXEC; an error is the reply of its command."""
        connection: Any = self._pool.get_connection()
        try:
            return [self._reply(connection, command) for command in commands]
        except BaseException:
            connection.disconnect()
            raise
        finally:
            self._pool.release(connection)

    def _reply(self, connection: Any, command: Sequence[str]) -> Reply:
        if self._counted is not None and command[0].upper() == "INFO":
            connection.send_command("DBSIZE")
            return self._counted.report(_read(connection))
        connection.send_command(*command)
        reply = _read(connection)
        if self._counted is not None:
            self._counted.add(command, reply)
        return reply


def _read(connection: Any) -> Reply:
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error
