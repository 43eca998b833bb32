"""The cache over Upstash Redis: it makes things faster, and is never believed against DynamoDB.

No method raises for a failure of Redis: the answer is then the one for an empty cache. Every key carries stage,
mode and an epoch (`dev:test:1:`), so that modes never mix and a restore forgets all by one setting (money rule 25).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from billing.adapters import upstash_values as values
from billing.adapters.upstash_calls import BUDGET, WALL_CLOCK, BudgetedRedis, NoCache, Watch
from billing.domain.ids import CUSTOMER_ID, NOTICE_ID, SESSION_ID, USER_ID

if TYPE_CHECKING:
    from upstash_redis import Redis

    from billing.domain.ids import EventId, SessionId, UserId
    from billing.ports.cache import CachedEntitlement, PublishedAccount
    from billing.ports.world import Clock, Log, Metrics

HOUR: Final = 3600
DAY: Final = 24 * HOUR
_DONE_LIFE = 4 * DAY  # Stripe retries for three
_NOTHING_LIFE = 60  # "no access", "no customer": a failed publish must not keep a payer out for an hour
_LOCK_MILLISECONDS = 3000

_KEEP_NEWER: Final = """
local kept = 0
for i, key in ipairs(KEYS) do
  local old = redis.pcall('GET', key)
  local version = type(old) == 'string' and tonumber(string.match(old, '"version":(%d+)'))
  if not version or version < tonumber(ARGV[1]) then
    redis.call('SET', key, ARGV[2 * i], 'EX', ARGV[2 * i + 1])
    kept = kept + 1
  end
end
return kept
"""
"""Write each value unless one of the same or a later account version is there: publishers may come in any order
(F22). `pcall`: a key of another type (somebody's list) is none of ours and makes way, where `call` would end the script
and the whole publish with it.
"""

_DROP_OLDER: Final = """
local dropped = 0
for i, key in ipairs(KEYS) do
  local old = redis.pcall('GET', key)
  local version = type(old) == 'string' and tonumber(string.match(old, '"version":(%d+)'))
  if old and (not version or version < tonumber(ARGV[i])) then
    dropped = dropped + redis.call('DEL', key)
  end
end
return dropped
"""
"""Delete each value that is older than an account version that was to replace it. Not whatever is there: a publisher
that is late could then write an older one.
"""

_MOST_OVERDUE: Final = 1000
"""Keys, of some 250 accounts: more than one consumer finishes in a pause. Beyond that their time to live must do."""


class UpstashCache:
    """The `Cache` port."""

    def __init__(
        self,
        connect: Callable[[], Redis],
        prefix: str,
        clock: Clock,
        log: Log,
        metrics: Metrics,
        budget: float = BUDGET,
        watch: Watch = WALL_CLOCK,
    ) -> None:
        self._redis = BudgetedRedis(connect, clock, log, metrics, budget, watch)
        self._prefix = prefix
        self._clock = clock
        self._log = log
        self._metrics = metrics
        self._overdue: dict[str, int] = {}
        """Keys whose value may be older than this account version, since that version's publish was lost."""

    def start_request(self) -> None:
        """Begin an invocation: its budget is whole again. Bootstraps call it each time they hand the cache out."""
        self._redis.start_request()

    def is_done(self, event: EventId) -> bool:
        """Whether the consumer has marked this event as finished."""
        return self._read("webhook:done", (event,), lambda text: True if text == event else None) is not None

    def publish(self, states: Sequence[PublishedAccount], done: Sequence[EventId]) -> bool:
        """Write accounts and marks in one round trip; once more if that fails and the budget allows (money rule 25).

        What is lost all the same is made good in part by the next publish of this process: it deletes what is older,
        so that the next reader asks the store. It does not write what was lost, which may itself be old by then.
        """
        overdue = dict(self._overdue)
        commands = bool(overdue) + len(states) + len(done)
        for last in (False, True):
            try:
                self._redis.run("publish", lambda redis: self._publish(redis, states, done, overdue), commands)
            except NoCache:
                if last or self._redis.left <= 0:
                    break
                self._log.info("publish tried again")
            else:
                self._overdue.clear()
                return True
        self._remember(states)
        return False

    def entitlement(self, user: UserId) -> CachedEntitlement | None:
        """The cached level of a user, if it is there, whole, and of this user."""
        return self._read("entitlements", (user,), lambda text: values.read_entitlement(text, user, self._clock.now()))

    def catalog(self) -> str | None:
        """The cached public catalog, as JSON."""
        return self._read("catalog", (), lambda text: values.read_catalog(text, self._clock.now()))

    def keep_catalog(self, document: str, seconds: int) -> None:
        """Cache the public catalog."""
        until = self._clock.now() + timedelta(seconds=seconds)
        self._write("catalog", (), values.catalog_text(document, until), seconds)

    def count_checkout(self, user: UserId) -> int:
        """See Cache. A key for each hour: one whose end got lost counts for nobody any more."""
        key = self._key("checkout:asked", user, str(int(self._clock.now().timestamp()) // HOUR))
        try:
            return self._redis.run("count", lambda redis: _counted(redis, key), commands=2)
        except NoCache:
            return 0

    def lock_success(self, session: SessionId) -> bool:
        """Take the lock of the public redirect; False when it is held, or Redis does not answer."""
        key = self._key("checkout:success", session)
        try:
            return self._redis.run("lock", lambda redis: bool(redis.set(key, "1", nx=True, px=_LOCK_MILLISECONDS)))
        except NoCache:
            return False

    def _remember(self, states: Sequence[PublishedAccount]) -> None:
        """Note what a publish did not reach, the latest last; the oldest go when there are too many."""
        for state in states:
            for key in self._versioned(state)[0]:
                self._overdue[key] = max(state.version, self._overdue.pop(key, 0))
        for key in list(self._overdue)[:-_MOST_OVERDUE]:
            del self._overdue[key]

    def _publish(
        self, redis: Redis, states: Sequence[PublishedAccount], done: Sequence[EventId], overdue: Mapping[str, int]
    ) -> None:
        batch = redis.pipeline()
        sent = 0
        if overdue:
            batch.eval(_DROP_OLDER, list(overdue), [str(version) for version in overdue.values()])
            sent += 1
        for state in states:
            batch.eval(_KEEP_NEWER, *self._versioned(state))
            sent += 1
        for event in done:
            batch.set(self._key("webhook:done", event), event, ex=_DONE_LIFE)
            sent += 1
        results = batch.exec() if sent else []
        # The client pairs commands and answers with zip, which hides a missing one; a SET that was not OK is False.
        if len(results) != sent or not all(isinstance(result, int) and result is not False for result in results):
            raise TypeError("the pipeline's answer does not fit its commands")

    def _versioned(self, state: PublishedAccount) -> tuple[list[str], list[str]]:
        """Return keys and arguments of `_KEEP_NEWER` for all that is cached of one account."""
        until = values.seconds_until(state.until, self._clock.now(), HOUR)
        rows: list[tuple[str, str, str, int]] = [
            ("entitlements", state.user, values.entitlement_text(state), _NOTHING_LIFE if state.lowest else until),
            ("credits", state.user, values.credits_text(state), DAY),
            ("stripe:user", state.user, values.customer_text(state), DAY if state.customer else _NOTHING_LIFE),
        ]
        if state.customer is not None:
            rows.append(("stripe:customer", state.customer, values.subscription_text(state), HOUR))
        keys = [self._key(kind, owner) for kind, owner, _, _ in rows]
        return keys, [str(state.version), *(part for _, _, text, life in rows for part in (text, str(life)))]

    def _read[T](self, kind: str, parts: tuple[str, ...], understand: Callable[[Any], T | None]) -> T | None:
        key = self._key(kind, *parts)
        try:
            text = self._redis.run(kind, lambda redis: redis.get(key))
        except NoCache:
            return None
        found = None if text is None else understand(text)
        if text is not None and found is None:
            self._log.warning("cached value not believed", kind=kind)
        self._metrics.count("CacheHits" if found is not None else "CacheMisses", kind=kind)
        return found

    def _write(self, kind: str, parts: tuple[str, ...], text: str, seconds: int) -> None:
        key = self._key(kind, *parts)
        try:
            self._redis.run(kind, lambda redis: redis.set(key, text, ex=max(1, seconds)))
        except NoCache:
            return  # logged and counted where it happened

    def _key(self, kind: str, *parts: str) -> str:
        """Join a key. The ids were checked where they came in; here once more, for a `:` would make it another's
        (S25).
        """
        for part in parts:
            if not any(pattern.fullmatch(part) for pattern in _ID_PATTERNS):
                raise ValueError(f"not an id that a key may hold, for {kind}")
        return self._prefix + ":".join((kind, *parts))


_ID_PATTERNS: Final = (USER_ID, NOTICE_ID, CUSTOMER_ID, SESSION_ID)


def _counted(redis: Redis, key: str) -> int:
    """One more; how many that makes."""
    batch = redis.pipeline()
    batch.incr(key)
    batch.expire(key, HOUR)
    number, _ = batch.exec()
    if not isinstance(number, int):
        raise TypeError("INCR answers with a number")
    return number
