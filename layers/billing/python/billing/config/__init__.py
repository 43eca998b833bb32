"""The settings of each function: read once from the environment, frozen, checked at the start.

Frozen dataclasses and one reader instead of pydantic models: the webhook must not pay pydantic's import (see
docs/decisions). A missing or malformed variable stops the start with its name; no value is ever shown. Secrets are not
here: the environment holds only their names in Secrets Manager.

Here is what several functions share. The whole of each stands in a module of its own, which no other function loads.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing.config.environment import Environment
from billing.errors import Misconfigured

NAMED = r"(?!sk_|rk_|whsec_)[A-Za-z0-9/_+=.@-]{1,512}"
"""A name in Secrets Manager, by which roles allow it: no ARN, and never the secret, which errors would then name."""
QUEUE = r"https?://\S+"


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


def stage_of(env: Environment) -> Stage:
    """The stage and mode; raises Misconfigured, as every reader here does."""
    stage = Stage(
        name=env.text("STAGE", pattern=r"[a-z][a-z0-9-]{0,20}"), mode=env.text("STRIPE_MODE", pattern=r"test|live")
    )
    if stage.livemode != stage.name.startswith("prod"):
        raise Misconfigured("live mode belongs to a stage named prod…, and only to it", setting="STRIPE_MODE")
    return stage


def connected_account(env: Environment) -> str | None:
    """The connected account, if one is named."""
    return env.text("STRIPE_ACCOUNT", default="", pattern=r"acct_[A-Za-z0-9]+") or None


def tables_of(env: Environment) -> Tables:
    """The tables' names."""
    name = r"[A-Za-z0-9_.-]{3,255}"
    return Tables(
        events=env.text("EVENTS_TABLE", pattern=name),
        accounts=env.text("ACCOUNTS_TABLE", pattern=name),
        ledger=env.text("LEDGER_TABLE", pattern=name),
    )


def stripe_access(env: Environment) -> StripeAccess:
    """How Stripe is reached."""
    return StripeAccess(
        api_base=env.origin("STRIPE_API_BASE"),
        key_secret=env.text("STRIPE_API_KEY_SECRET", pattern=NAMED),
        livemode=stage_of(env).livemode,
        account=connected_account(env),
    )


def redis_access(env: Environment) -> RedisAccess:
    """How Redis is reached."""
    stage = stage_of(env)
    epoch = env.whole("REDIS_EPOCH", low=1, high=999_999)
    return RedisAccess(secret=env.text("UPSTASH_SECRET", pattern=NAMED), prefix=f"{stage.name}:{stage.mode}:{epoch}:")


def policy_of(env: Environment) -> Policy:
    """What was decided about access."""
    return Policy(
        levels=env.names("LEVELS"),
        past_due_grace_days=env.whole("PAST_DUE_GRACE_DAYS", low=0, high=90),
        trial_credits=env.flag("TRIAL_CREDITS"),
    )
