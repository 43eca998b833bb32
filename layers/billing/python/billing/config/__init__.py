"""The settings of each function: read once from the environment, frozen, checked at the start.

Frozen dataclasses and one reader instead of pydantic models: the webhook must not pay pydantic's import (see
docs/decisions). A missing or malformed variable stops the start with its name; no value is ever shown. Secrets are not
here: the environment holds only their names in Secrets Manager.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.config.environment import Environment
from billing.domain.terms import LOCALES, SellingPolicy
from billing.errors import Misconfigured

_NAMED = r"(?!sk_|rk_|whsec_)[A-Za-z0-9/_+=.@:-]{1,512}"
"""A name or ARN in Secrets Manager; never the secret itself, which would then stand in every error that names it."""
_QUEUE = r"https?://\S+"


@dataclass(frozen=True, slots=True)
class Stage:
    """Which installation this is: the deployment stage and Stripe's mode, which are never mixed."""

    name: str
    mode: str
    """`test` or `live`."""

    @property
    def livemode(self) -> bool:
        """Whether Stripe's objects and events must say `livemode: true`."""
        return self.mode == "live"


@dataclass(frozen=True, slots=True)
class Tables:
    """Names of the three DynamoDB tables."""

    events: str
    accounts: str
    ledger: str


@dataclass(frozen=True, slots=True)
class StripeAccess:
    """How to reach Stripe, and the name of the secret that holds the key."""

    api_base: str
    key_secret: str
    livemode: bool
    account: str | None
    """The connected account to act on (Connect); None acts on the key's own."""


@dataclass(frozen=True, slots=True)
class RedisAccess:
    """The secret that holds Upstash's URL and token, and the prefix that every key carries."""

    secret: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What the owner of this installation decided about access."""

    levels: tuple[str, ...]
    """Levels from lowest to highest; the first is what everybody has."""
    past_due_grace_days: int
    trial_credits: bool
    """Whether a trial grants the plan's credits when it begins."""


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Of the webhook: where events must come from, and where they go."""

    stage: Stage
    account: str | None
    queue_url: str
    secret: str
    redis: RedisAccess


@dataclass(frozen=True, slots=True)
class ConvergeSettings:
    """Of every function that converges: the consumer, the success page, and a checkout that meets a paid session."""

    stage: Stage
    tables: Tables
    stripe: StripeAccess
    redis: RedisAccess
    policy: Policy
    app_url: str


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """Of the queue's consumer."""

    converge: ConvergeSettings
    queue_url: str
    park_foreign: bool
    """Whether events of customers that nobody owns are kept until somebody does, or are taken for another app's."""


@dataclass(frozen=True, slots=True)
class CheckoutSettings:
    """Of the function that makes checkout sessions."""

    converge: ConvergeSettings
    api_url: str
    """Where the public redirect `GET /checkout/success` is; empty: the buyer returns to the app directly."""
    selling: SellingPolicy


@dataclass(frozen=True, slots=True)
class SubscriptionSettings:
    """Of the function that opens the customer portal and changes subscriptions."""

    converge: ConvergeSettings
    portal_configuration: str | None
    """Which configuration of the customer portal is used; None is Stripe's default one."""
    max_quantity: int
    adopt_customers: bool


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """Of the function that reads."""

    stage: Stage
    tables: Tables
    stripe: StripeAccess
    redis: RedisAccess
    policy: Policy


@dataclass(frozen=True, slots=True)
class CreditsSettings:
    """Of the functions that write accounts without Stripe: credits and reconcile."""

    tables: Tables
    redis: RedisAccess
    policy: Policy


@dataclass(frozen=True, slots=True)
class CatchUpSettings:
    """Of the function that reads Stripe's lists."""

    stage: Stage
    tables: Tables
    stripe: StripeAccess
    queue_url: str
    levels: tuple[str, ...]


def webhook_settings(environ: Mapping[str, str] | None = None) -> WebhookSettings:
    """Settings of the webhook; raises Misconfigured."""
    env = Environment(environ)
    return WebhookSettings(
        stage=_stage(env),
        account=_account(env),
        queue_url=env.text("EVENTS_QUEUE_URL", pattern=_QUEUE),
        secret=env.text("STRIPE_WEBHOOK_SECRET", pattern=_NAMED),
        redis=_redis(env),
    )


def checkout_settings(environ: Mapping[str, str] | None = None) -> CheckoutSettings:
    """Settings of create_checkout; raises Misconfigured."""
    env = Environment(environ)
    return CheckoutSettings(
        converge=_converge(env),
        api_url=env.origin("API_URL", default=""),
        selling=SellingPolicy(
            max_quantity=env.whole("MAX_QUANTITY", low=1, high=999_999),
            promotion_codes=env.flag("PROMOTION_CODES"),
            automatic_tax=env.flag("AUTOMATIC_TAX"),
            trial_days=env.whole("TRIAL_DAYS", low=0, high=730),
            trial_without_card=env.flag("TRIAL_WITHOUT_CARD"),
            billing_address=env.one_of("BILLING_ADDRESS", "auto", "required"),
            receipts=env.flag("RECEIPTS"),
            invoices=env.flag("INVOICES"),
            locale=env.one_of("CHECKOUT_LOCALE", *LOCALES),
            checkouts_an_hour=env.whole("CHECKOUTS_AN_HOUR", low=0, high=1_000_000),
            adopt_customers=env.flag("ADOPT_CUSTOMERS"),
        ),
    )


def subscription_settings(environ: Mapping[str, str] | None = None) -> SubscriptionSettings:
    """Settings of subscriptions; raises Misconfigured."""
    env = Environment(environ)
    return SubscriptionSettings(
        converge=_converge(env),
        portal_configuration=env.text("PORTAL_CONFIGURATION", default="", pattern=r"bpc_[A-Za-z0-9]+") or None,
        max_quantity=env.whole("MAX_QUANTITY", low=1, high=999_999),
        adopt_customers=env.flag("ADOPT_CUSTOMERS"),
    )


def success_settings(environ: Mapping[str, str] | None = None) -> ConvergeSettings:
    """Settings of success_sync; raises Misconfigured."""
    return _converge(Environment(environ))


def consumer_settings(environ: Mapping[str, str] | None = None) -> ConsumerSettings:
    """Settings of event_consumer; raises Misconfigured."""
    env = Environment(environ)
    return ConsumerSettings(
        converge=_converge(env),
        queue_url=env.text("EVENTS_QUEUE_URL", pattern=_QUEUE),
        park_foreign=env.text("UNKNOWN_CUSTOMERS", pattern=r"park|ignore") == "park",
    )


def account_settings(environ: Mapping[str, str] | None = None) -> AccountSettings:
    """Settings of account; raises Misconfigured."""
    env = Environment(environ)
    return AccountSettings(
        stage=_stage(env), tables=_tables(env), stripe=_stripe(env), redis=_redis(env), policy=_policy(env)
    )


def credits_settings(environ: Mapping[str, str] | None = None) -> CreditsSettings:
    """Settings of credits and reconcile; raises Misconfigured."""
    env = Environment(environ)
    return CreditsSettings(tables=_tables(env), redis=_redis(env), policy=_policy(env))


def catch_up_settings(environ: Mapping[str, str] | None = None) -> CatchUpSettings:
    """Settings of catch_up; raises Misconfigured."""
    env = Environment(environ)
    return CatchUpSettings(
        stage=_stage(env),
        tables=_tables(env),
        stripe=_stripe(env),
        queue_url=env.text("EVENTS_QUEUE_URL", pattern=_QUEUE),
        levels=env.names("LEVELS"),
    )


def _stage(env: Environment) -> Stage:
    stage = Stage(
        name=env.text("STAGE", pattern=r"[a-z][a-z0-9-]{0,20}"), mode=env.text("STRIPE_MODE", pattern=r"test|live")
    )
    if stage.livemode != stage.name.startswith("prod"):
        raise Misconfigured("live mode belongs to a stage named prod…, and only to it", setting="STRIPE_MODE")
    return stage


def _account(env: Environment) -> str | None:
    return env.text("STRIPE_ACCOUNT", default="", pattern=r"acct_[A-Za-z0-9]+") or None


def _tables(env: Environment) -> Tables:
    name = r"[A-Za-z0-9_.-]{3,255}"
    return Tables(
        events=env.text("EVENTS_TABLE", pattern=name),
        accounts=env.text("ACCOUNTS_TABLE", pattern=name),
        ledger=env.text("LEDGER_TABLE", pattern=name),
    )


def _stripe(env: Environment) -> StripeAccess:
    return StripeAccess(
        api_base=env.origin("STRIPE_API_BASE"),
        key_secret=env.text("STRIPE_API_KEY_SECRET", pattern=_NAMED),
        livemode=_stage(env).livemode,
        account=_account(env),
    )


def _redis(env: Environment) -> RedisAccess:
    stage = _stage(env)
    epoch = env.whole("REDIS_EPOCH", low=1, high=999_999)
    return RedisAccess(secret=env.text("UPSTASH_SECRET", pattern=_NAMED), prefix=f"{stage.name}:{stage.mode}:{epoch}:")


def _policy(env: Environment) -> Policy:
    return Policy(
        levels=env.names("LEVELS"),
        past_due_grace_days=env.whole("PAST_DUE_GRACE_DAYS", low=0, high=90),
        trial_credits=env.flag("TRIAL_CREDITS"),
    )


def _converge(env: Environment) -> ConvergeSettings:
    return ConvergeSettings(
        stage=_stage(env),
        tables=_tables(env),
        stripe=_stripe(env),
        redis=_redis(env),
        policy=_policy(env),
        app_url=env.origin("APP_URL"),
    )
