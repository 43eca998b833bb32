"""Which processes make up the stack."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local.readiness import ready_file
from local.run_config import RunConfig, url
from local.seed import webhook_events
from local.serve import ALIVE

STRIPE_KEY_SECRET = "plumbline/local/stripe-api-key"
WEBHOOK_SECRET = "plumbline/local/stripe-webhook-secret"
UPSTASH_SECRET = "plumbline/local/upstash"


@dataclass(frozen=True)
class Part:
    name: str
    arguments: Sequence[str]
    """A module and its arguments."""
    health_url: str | None = None
    ready_file: Path | None = None
    keeps_state: bool = False
    """Its memory is the data: a restart would come back empty, so its death ends the stack."""

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "local.child", *self.arguments]


def plan(config: RunConfig, config_file: Path, webhook_secret: str, stripe_key: str) -> list[Part]:
    """The slowest to start comes first."""
    ports = config.ports
    settings = ("--config", str(config_file))

    def http(name: str, module: str, port: int, keeps_state: bool = False) -> Part:
        return Part(name, (module, *settings), url(port) + ALIVE, keeps_state=keeps_state)

    def silent(name: str, module: str) -> Part:
        return Part(name, (module, *settings), ready_file=ready_file(config, name))

    parts = [http("lambda", "local.lambda_service", ports.lambda_service)]
    parts.append(http("sqs", "local.aws.sqs", ports.sqs, keeps_state=True))
    if urlsplit(config.dynamodb_url).port == ports.dynamodb:
        parts.append(http("dynamodb", "local.aws.dynamodb", ports.dynamodb, keeps_state=True))
    if config.clock_url is not None:
        parts.append(_stripe(config, webhook_secret, stripe_key))
    parts.append(http("gateway", "local.gateway", ports.api))
    parts.append(http("storefront", "local.storefront_server", ports.storefront))
    parts.append(http("upstash", "local.upstash", ports.upstash))
    parts.append(silent("poller", "local.poller"))
    parts.append(silent("timer", "local.timer"))
    if config.door is not None:
        parts.append(silent("door", "local.door"))
    return parts


def _stripe(config: RunConfig, webhook_secret: str, stripe_key: str) -> Part:
    arguments = (
        "local.stripe",
        "--port",
        str(config.ports.stripe),
        "--public-url",
        config.stripe_url,
        "--webhook-url",
        f"{config.api_url}/webhooks/stripe",
        "--webhook-events",
        ",".join(webhook_events()),
        "--webhook-secret",
        webhook_secret,
        "--api-key",
        stripe_key,
        "--clock-file",
        str(config.clock_file.path),
    )
    return Part("stripe", arguments, config.clock_url, keeps_state=True)
