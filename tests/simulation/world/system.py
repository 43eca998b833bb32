"""The whole deployed system over simulated services: each function's world, wired as its bootstrap wires it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from billing.adapters.dynamodb.account_store import DynamoAccounts
from billing.adapters.dynamodb.checkout_store import DynamoCheckouts
from billing.adapters.dynamodb.credit_store import DynamoCredits, DynamoDue
from billing.adapters.dynamodb.event_store import DynamoEvents
from billing.adapters.dynamodb.known_objects import DynamoKnown
from billing.adapters.dynamodb.ledger_store import DynamoLedger
from billing.adapters.dynamodb.parked_list import DynamoParked
from billing.adapters.dynamodb.renewals import DynamoRenewals
from billing.adapters.dynamodb.walk_store import DynamoWalks
from billing.adapters.secrets_manager import SecretsManager
from billing.adapters.sqs_queue import SqsQueue
from billing.adapters.stripe_api.catalog import StripeCatalog
from billing.adapters.stripe_api.checkout import StripeSessions
from billing.adapters.stripe_api.lists import StripeEvents, object_lists
from billing.adapters.stripe_api.portal import StripePortalSessions
from billing.adapters.stripe_api.reader import StripeReads
from billing.adapters.stripe_api.subscriptions import StripePlanChanges
from billing.adapters.upstash_cache import UpstashCache
from billing.adapters.upstash_calls import BUDGET
from billing.config import Tables
from billing.domain.entitlement import AccessPolicy
from billing.domain.events import Origin
from billing.domain.terms import SellingPolicy
from billing.domain.walk import Walk
from billing.services.accept_event import AcceptDeps
from billing.services.catch_up import CatchUpDeps
from billing.services.change_subscription import ChangeDeps
from billing.services.consume_events import ConsumeDeps
from billing.services.converge import ConvergeDeps
from billing.services.look_at_objects import Look
from billing.services.looks import LookDeps, looks
from billing.services.open_portal import PortalDeps
from billing.services.perform_once import CreditDeps
from billing.services.read_account import ReadDeps
from billing.services.start_checkout import CheckoutDeps
from billing.services.sync_after_checkout import SyncDeps
from billing.services.walk_on import WalkDeps
from tests.simulation.stores.dynamo import Dynamo
from tests.simulation.stores.redis import SimulatedTime
from tests.simulation.world.catalog import LEVELS
from tests.simulation.world.clients import GatedDynamo, GatedQueue, GatedRedis, GatedSecrets
from tests.simulation.world.queueing import EVENTS
from tests.simulation.world.quiet import Alarmed, Drawn
from tests.simulation.world.scheduler import TaskClock
from tests.simulation.world.stripe import SimulatedClient

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

TABLES = Tables(events="events", accounts="accounts", ledger="ledger")
PREFIX = "simulated:test:1:"
WEBHOOK_SECRET = "webhook"
GRACE = timedelta(days=7)
_APP, _API = "https://app.simulated", "https://api.simulated"
_CONSUMER_BUDGET = 1.0


@dataclass(frozen=True)
class Clients:
    """The simulated services, behind the gate."""

    dynamo: GatedDynamo
    queue: GatedQueue
    redis: GatedRedis
    secrets: GatedSecrets
    stripe: SimulatedClient
    clock: TaskClock
    random: Drawn
    log: Alarmed
    now: Callable[[], float]


def look_once(dynamo: Dynamo, system: System, now: datetime) -> None:
    """Let the schedules have looked at all objects when a run begins: later passes look back from there."""
    walks = DynamoWalks(cast("Any", dynamo), TABLES)
    for look in system.looks():
        walks.save(Walk(look.name, seen=now, since=now))


class System:
    """Builds the world of an invocation. What a warm function keeps between invocations is kept here."""

    def __init__(self, clients: Clients, selling: SellingPolicy, *, trial_credits: bool = False) -> None:
        self.clients = clients
        dynamo, stripe = cast("Any", clients.dynamo), cast("Any", clients.stripe)
        policy = AccessPolicy(LEVELS, GRACE, trial_credits)
        self.accounts = DynamoAccounts(dynamo, TABLES)
        self.events = DynamoEvents(dynamo, TABLES)
        self.checkouts = DynamoCheckouts(dynamo, TABLES)
        self.credits = DynamoCredits(dynamo, TABLES)
        self.due = DynamoDue(dynamo, TABLES)
        self.sqs = cast("SQSClient", clients.queue)
        self.queue = SqsQueue(lambda: self.sqs, EVENTS)
        self.converge = ConvergeDeps(
            accounts=self.accounts,
            events=self.events,
            stripe=StripeReads(stripe, LEVELS, livemode=False),
            clock=clients.clock,
            random=clients.random,
            log=clients.log,
            metrics=clients.log,
            policy=policy,
        )
        self._sessions = StripeSessions(stripe, _APP, _API)
        self.catalog = StripeCatalog(stripe, LEVELS)
        self._events = StripeEvents(stripe)
        ours = DynamoParked(dynamo, TABLES), DynamoRenewals(dynamo, TABLES)
        self._objects = LookDeps(object_lists(stripe), *ours, DynamoKnown(dynamo, TABLES), self.catalog, trial_credits)
        self._walks = DynamoWalks(dynamo, TABLES)
        self._plans = StripePlanChanges(stripe, LEVELS)
        self._portal = StripePortalSessions(stripe, _APP, None)
        self._ledger = DynamoLedger(dynamo, TABLES)
        self._selling = selling
        self._policy = policy
        self._caches: dict[str, UpstashCache] = {}
        self.restarted()

    def restarted(self, function: str = "webhook") -> None:
        """A function's process is a new one."""
        self._caches.pop(function, None)
        if function != "webhook":
            return
        self._secrets = SecretsManager(lambda: cast("Any", self.clients.secrets), self.clients.clock)

    def cache(self, function: str, budget: float = BUDGET) -> UpstashCache:
        """The cache of a function. Its budget begins anew; that it leaves Redis alone lasts as long as the process."""
        clients = self.clients
        if function not in self._caches:
            self._caches[function] = UpstashCache(
                lambda: cast("Any", clients.redis),
                PREFIX,
                clients.clock,
                clients.log,
                clients.log,
                budget,
                SimulatedTime(clients.now),
            )
        self._caches[function].start_request()
        return self._caches[function]

    def webhook(self) -> AcceptDeps:
        """The webhook's world."""
        clients = self.clients
        return AcceptDeps(
            origin=Origin(livemode=False),
            secret_name=WEBHOOK_SECRET,
            secrets=self._secrets,
            queue=self.queue,
            cache=self.cache("webhook"),
            clock=clients.clock,
            log=clients.log,
            metrics=clients.log,
        )

    def consumer(self) -> ConsumeDeps:
        """The event consumer's world."""
        return ConsumeDeps(
            self.converge, self.queue, self.cache("event_consumer", _CONSUMER_BUDGET), Origin(livemode=False)
        )

    def checkout(self) -> CheckoutDeps:
        """The world of create_checkout."""
        return CheckoutDeps(
            self.converge, self.catalog, self._sessions, self.checkouts, self.cache("create_checkout"), self._selling
        )

    def success(self) -> SyncDeps:
        """The world of success_sync."""
        return SyncDeps(self.converge, self.checkouts, self.cache("success_sync"))

    def spending(self) -> CreditDeps:
        """The world of credits, and of the job that settles what is due."""
        clients = self.clients
        return CreditDeps(
            self.credits, self.cache("credits"), clients.clock, clients.random, clients.log, clients.log, self._policy
        )

    def reading(self) -> ReadDeps:
        """The world of account."""
        return ReadDeps(self.accounts, self._ledger, self.cache("account"), self.clients.clock, self._policy)

    def changing(self) -> ChangeDeps:
        """The world of subscriptions, as far as plans are changed."""
        return ChangeDeps(self.converge, self.catalog, self._plans, self.cache("subscriptions"), max_quantity=10)

    def walking(self) -> WalkDeps:
        """The world of reading on in one of Stripe's lists."""
        clients, log = self.clients, self.clients.log
        origin = Origin(livemode=False)
        return WalkDeps(self._walks, self.events, self.queue, origin, clients.clock, log, log)

    def catching_up(self) -> CatchUpDeps:
        """The world of catch_up, as far as events are read."""
        return CatchUpDeps(self._events, self.walking())

    def looks(self) -> tuple[Look, ...]:
        """The world of catch_up, as far as objects are looked at."""
        return looks(self._objects)

    def portal(self) -> PortalDeps:
        """The world of subscriptions, as far as the portal is opened."""
        cache = self.cache("subscriptions")
        return PortalDeps(self.converge, self._sessions, self._portal, cache, adopting=self._selling.adopt_customers)
