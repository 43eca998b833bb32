"""What one run is told, from where its parts listen and which backends are real."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

from local.run_config import CONTAINERS_SECRET, DEFAULT_USERS, Ports, RunConfig, seen_from_containers, url
from local.supervisor.plan import STRIPE_KEY_SECRET, UPSTASH_SECRET, WEBHOOK_SECRET
from local.supervisor.process import ROOT
from local.supervisor.settings import STAND_IN_KEY, STAND_IN_PUBLISHABLE_KEY, Backends, new_token
from local.template.read import declared_parameters

CACHE = ROOT / ".plumbline" / "cache"


def configured(
    template: Path,
    given: Mapping[str, str],
    *,
    ports: Ports,
    backends: Backends,
    state_dir: Path,
    key_dir: Path,
    webhook_secret: str,
    stripe: bool,
) -> RunConfig:
    """The settings of a run: `given` parameters over ours, of which the template is told those that it declares.

    Without `stripe` nothing plays Stripe, and there is no clock but the machine's.
    """
    stand_in = stripe and backends.stripe_key is None
    stripe_url = backends.stripe_api if backends.stripe_key else url(ports.stripe)
    token = backends.upstash_token or new_token()
    redis_url = backends.upstash_url or url(ports.upstash)
    ours = {
        "Stage": "local",
        "StripeMode": "test",
        "StripeApiBase": stripe_url,
        "StripeApiKeySecret": STRIPE_KEY_SECRET,
        "StripeWebhookSecret": WEBHOOK_SECRET,
        "UpstashSecret": UPSTASH_SECRET,
        "AppUrl": url(ports.storefront),
        "ApiUrl": url(ports.api),
        "JwtIssuer": f"{url(ports.storefront)}/auth",
        "JwtAudience": "plumbline",
    }
    if (backends.upstash_url or backends.redis_url) and backends.dynamodb_url is None:
        ours["RedisEpoch"] = _epoch_of_this_run()
    declared = declared_parameters(template, CACHE)
    return RunConfig(
        template=str(template),
        state_dir=str(state_dir),
        key_dir=str(key_dir),
        cache_dir=str(CACHE),
        ports=ports,
        parameters={**{name: value for name, value in ours.items() if name in declared}, **given},
        secrets={
            STRIPE_KEY_SECRET: json.dumps({"key": backends.stripe_key or STAND_IN_KEY}),
            WEBHOOK_SECRET: json.dumps({"secrets": [webhook_secret]}),
            UPSTASH_SECRET: json.dumps({"url": redis_url, "token": token}),
            CONTAINERS_SECRET: json.dumps({"url": seen_from_containers(redis_url), "token": token}),
        },
        upstash_token=token,
        dynamodb_url=backends.dynamodb_url or url(ports.dynamodb),
        stripe_url=stripe_url,
        clock_url=f"{stripe_url}/_control/clock" if stand_in else None,
        publishable_key=STAND_IN_PUBLISHABLE_KEY if stand_in else backends.publishable_key,
        redis_url=backends.redis_url,
        users=DEFAULT_USERS,
    )


def _epoch_of_this_run() -> str:
    """Where Redis outlives the tables: it would hold later versions of the last run's accounts than this run has."""
    return str(1 + int(time.time()) % 999_999)  # the most that the template allows: 11 days
