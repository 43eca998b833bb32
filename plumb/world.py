"""The functions' own adapters, built for one installation: the command decides nothing that the functions do not.

Not `billing.bootstrap`: that keeps its clients for the life of a process and logs JSON to standard output, both right
for a function and wrong here.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from billing.adapters.aws_client import dynamodb_client, secrets_client, sqs_client
from billing.adapters.dynamodb.account_store import DynamoAccounts
from billing.adapters.dynamodb.credit_store import DynamoCredits, DynamoDue
from billing.adapters.dynamodb.event_store import DynamoEvents
from billing.adapters.dynamodb.known_objects import DynamoKnown
from billing.adapters.dynamodb.ledger_store import DynamoLedger
from billing.adapters.dynamodb.parked_list import DynamoParked
from billing.adapters.dynamodb.renewals import DynamoRenewals
from billing.adapters.dynamodb.undone_store import DynamoUndone
from billing.adapters.dynamodb.walk_store import DynamoWalks
from billing.adapters.secrets_manager import SecretsManager, secret_text
from billing.adapters.sqs_queue import SqsQueue
from billing.adapters.stripe_api.catalog import StripeCatalog
from billing.adapters.stripe_api.client import stripe_client
from billing.adapters.stripe_api.lists import StripeEvents, object_lists
from billing.adapters.stripe_api.objects import plain, read_or_none
from billing.adapters.stripe_api.reader import StripeReads
from billing.adapters.system import SystemClock, SystemRandomness
from billing.adapters.upstash_cache import UpstashCache
from billing.adapters.upstash_client import open_redis
from billing.config.consumer import consumer_settings
from billing.config.converge import ConvergeSettings, success_settings
from billing.config.webhook import webhook_settings
from billing.domain.entitlement import AccessPolicy
from billing.domain.events import Origin
from billing.services.catch_up import CatchUpDeps
from billing.services.converge import ConvergeDeps
from billing.services.looks import LookDeps
from billing.services.perform_once import CreditDeps
from billing.services.rebuild_account import RebuildDeps
from billing.services.walk_on import WalkDeps
from plumb.errors import PlumbError
from plumb.quiet import QuietLog, QuietMetrics

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from stripe import StripeClient
    from upstash_redis import Redis

    from billing.domain.account import Account
    from billing.domain.ids import UserId
    from billing.ports.world import Clock
    from plumb.site import Site

CACHE_BUDGET = 5.0
"""Seconds for one piece of work with Redis. An operator waits longer than a buyer, and wants to know, not to guess."""


class World:
    """Built when first used: `plumb catalog` needs no table, `plumb check` no Stripe."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.clock: Clock = _clock_of(site)
        self.log = QuietLog()
        self.metrics = QuietMetrics()
        self._open = ExitStack()

    def close(self) -> None:
        """Close the connections that would complain if nobody did."""
        self._open.close()

    # Settings, as the functions read them

    @cached_property
    def settings(self) -> ConvergeSettings:
        """Of everything that converges; raises Misconfigured."""
        return success_settings(self.site.environment)

    @cached_property
    def queue_url(self) -> str:
        """The events queue."""
        return consumer_settings(self.site.environment).queue_url

    @cached_property
    def webhook_secret(self) -> str:
        """Name of the secret that holds the webhook's signing secrets."""
        return webhook_settings(self.site.environment).secret

    @cached_property
    def policy(self) -> AccessPolicy:
        """The access policy, as the domain has it."""
        policy = self.settings.policy
        return AccessPolicy(policy.levels, timedelta(days=policy.past_due_grace_days), policy.trial_credits)

    # Clients

    @cached_property
    def secrets(self) -> SecretsManager:
        """Secrets by name."""
        return SecretsManager(secrets_client, SystemClock())

    @cached_property
    def stripe(self) -> StripeClient:
        """Stripe, as the functions speak to it."""
        access = self.settings.stripe
        return stripe_client(access, secret_text(self.secrets, access.key_secret, "key"))

    @cached_property
    def platform(self) -> StripeClient:
        """Stripe as the key's own account: with Connect, webhook endpoints belong to the platform."""
        access = replace(self.settings.stripe, account=None)
        return stripe_client(access, secret_text(self.secrets, access.key_secret, "key"))

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB."""
        return dynamodb_client()

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS."""
        return sqs_client()

    @cached_property
    def redis(self) -> Redis:
        """A client of Redis; raises Misconfigured, SecretsUnavailable."""
        name = self.settings.redis.secret
        return self._open.enter_context(
            open_redis(secret_text(self.secrets, name, "url"), secret_text(self.secrets, name, "token"), CACHE_BUDGET)
        )

    # Adapters

    def cache(self, prefix: str | None = None) -> UpstashCache:
        """The cache, with a whole budget; another prefix is another cache."""
        return UpstashCache(
            lambda: self.redis, prefix or self.settings.redis.prefix, self.clock, self.log, self.metrics, CACHE_BUDGET
        )

    @cached_property
    def accounts(self) -> DynamoAccounts:
        """Accounts."""
        return DynamoAccounts(self.dynamodb, self.settings.tables)

    def account_of(self, user: UserId) -> Account:
        """The account of one who was named; raise PlumbError where there is none: a mistyped name is not all well."""
        account = self.accounts.load(user, []).account
        if account.version == 0:
            raise PlumbError(f"There is no account of {user}.")
        return account

    @cached_property
    def ledger(self) -> DynamoLedger:
        """The ledger, for reading."""
        return DynamoLedger(self.dynamodb, self.settings.tables)

    @cached_property
    def events(self) -> DynamoEvents:
        """Events."""
        return DynamoEvents(self.dynamodb, self.settings.tables)

    @cached_property
    def queue(self) -> SqsQueue:
        """The events queue."""
        return SqsQueue(lambda: self.sqs, self.queue_url)

    @cached_property
    def due(self) -> DynamoDue:
        """The accounts of which something has ended by itself."""
        return DynamoDue(self.dynamodb, self.settings.tables)

    @cached_property
    def catalog(self) -> StripeCatalog:
        """The catalog."""
        return StripeCatalog(self.stripe, self.settings.policy.levels)

    @cached_property
    def converge(self) -> ConvergeDeps:
        """The world of a converge."""
        return ConvergeDeps(
            accounts=self.accounts,
            events=self.events,
            stripe=StripeReads(self.stripe, self.settings.policy.levels, livemode=self.settings.stage.livemode),
            clock=self.clock,
            random=SystemRandomness(),
            log=self.log,
            metrics=self.metrics,
            policy=self.policy,
        )

    @cached_property
    def credits(self) -> CreditDeps:
        """The world of using credits."""
        return CreditDeps(
            credits=DynamoCredits(self.dynamodb, self.settings.tables),
            cache=self.shared_cache,
            clock=self.clock,
            random=SystemRandomness(),
            log=self.log,
            metrics=self.metrics,
            policy=self.policy,
        )

    @cached_property
    def rebuild(self) -> RebuildDeps:
        """The world of rebuilding accounts from the ledger."""
        undone = DynamoUndone(self.dynamodb, self.settings.tables)
        return RebuildDeps(self.credits.credits, self.ledger, undone, self.clock)

    @cached_property
    def catch_up(self) -> CatchUpDeps:
        """The world of catching up on events."""
        return CatchUpDeps(StripeEvents(self.stripe), self.walking)

    @cached_property
    def look(self) -> LookDeps:
        """The world of the looks at objects."""
        known = DynamoKnown(self.dynamodb, self.settings.tables)
        parked = DynamoParked(self.dynamodb, self.settings.tables)
        renewals = DynamoRenewals(self.dynamodb, self.settings.tables)
        return LookDeps(
            object_lists(self.stripe), parked, renewals, known, self.catalog, self.settings.policy.trial_credits
        )

    @cached_property
    def walking(self) -> WalkDeps:
        """The world of reading on in a list."""
        return WalkDeps(
            walks=DynamoWalks(self.dynamodb, self.settings.tables),
            events=self.events,
            queue=self.queue,
            origin=Origin(self.settings.stage.livemode, self.settings.stripe.account),
            clock=self.clock,
            log=self.log,
            metrics=self.metrics,
        )

    @cached_property
    def shared_cache(self) -> UpstashCache:
        """One cache for a long piece of work; `start_request` before each part of it."""
        return self.cache()

    def event_at_stripe(self, event: str) -> dict[str, Any] | None:
        """An event as the Events API has it (https://docs.stripe.com/api/events); None where it has none of that id."""
        return read_or_none(lambda: plain(self.stripe.v1.events.retrieve(event)))

    def aws(self, service: str) -> Any:
        """A client of any other AWS service."""
        return self.site.client(service)


def _clock_of(site: Site) -> Clock:
    """The time in which the installation's functions live: what is decided here is decided as they would."""
    if site.clock_url is None:
        return SystemClock()
    from plumb.stages.local_clock import LocalClock

    return LocalClock(site.clock_url)
