"""What every part is told when it starts: one file, written by the supervisor into the state directory."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local.clock_file import ClockFile
from local.say import say
from local.template import Addresses, Model, load_model
from local.template.names import REGION
from local.template.watch import LiveModel

DEFAULT_USERS = ("alice", "bob", "carol")
CONTAINERS_SECRET = "plumbline/local/upstash-from-containers"
"""Name of the secret with the address of Redis as containers reach it."""
_HOST_OF_CONTAINERS = "host.docker.internal"
"""The machine's name in a container: https://docs.docker.com/desktop/features/networking/networking-how-tos/"""


@dataclass(frozen=True)
class Ports:
    """Default ports; each has an option of `run` and an environment variable of its own."""

    storefront: int = 8787
    api: int = 8788
    stripe: int = 8789
    upstash: int = 8790
    dynamodb: int = 8791
    sqs: int = 8792
    lambda_service: int = 8793
    pipes: int = 8794


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def seen_from_containers(address: str) -> str:
    """The same address, as a container on this machine reaches it; another machine's is the same everywhere."""
    return address.replace("//127.0.0.1", f"//{_HOST_OF_CONTAINERS}")


@dataclass(frozen=True)
class RunConfig:
    """Everything that differs between two runs; functions see none of it, only what the template gives them."""

    template: str
    state_dir: str
    key_dir: str
    """Where the issuer's key is: shared by all runs from one checkout, so that a printed token holds in each."""
    cache_dir: str
    ports: Ports
    parameters: Mapping[str, str]
    secrets: Mapping[str, str]
    """Contents by name, put into Secrets Manager."""
    upstash_token: str
    dynamodb_url: str
    stripe_url: str
    clock_url: str | None
    """Where the stand-in tells its test clock; None with real Stripe, whose clock is the real one."""
    publishable_key: str | None = None
    """What a page gives to Stripe.js; without it checkout is not embedded."""
    redis_url: str | None = None
    workers_per_function: int = 4
    warm: tuple[str, ...] | None = None
    """Logical ids of the functions that have a worker before they are first asked; None: all of them."""
    timer_speed: float = 1.0
    """How much faster than the clock schedules come: only tests change it."""
    throttled: bool = False
    """Whether the gateway refuses what is beyond the template's throttles. Off: a test that is fast would meet them."""
    door: str | None = None
    """An address at which containers find the services, beside 127.0.0.1: see `local/door`."""
    users: tuple[str, ...] = field(default=DEFAULT_USERS)
    audience: str = "plumbline"

    @property
    def api_url(self) -> str:
        return url(self.ports.api)

    @property
    def storefront_url(self) -> str:
        return url(self.ports.storefront)

    @property
    def issuer(self) -> str:
        return f"{self.storefront_url}/auth"

    @property
    def sqs_url(self) -> str:
        return url(self.ports.sqs)

    @property
    def lambda_url(self) -> str:
        return url(self.ports.lambda_service)

    @property
    def state(self) -> Path:
        return Path(self.state_dir)

    @property
    def clock_file(self) -> ClockFile:
        """Where the stand-in tells the functions' workers of its test clock."""
        return ClockFile(self.state / "stripe-clock")

    @property
    def stripe_is_stand_in(self) -> bool:
        return self.clock_url is not None

    @property
    def has_promotion_code(self) -> bool:
        """Whether the sample code was made, as it is in the stand-in when the checkout page takes codes."""
        return self.stripe_is_stand_in and self.parameters.get("PromotionCodes") == "true"

    def invoke_url(self, function: str) -> str:
        """Where a function is invoked, by name or logical id: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
        return f"{self.lambda_url}/2015-03-31/functions/{function}/invocations"

    def live_model(self) -> LiveModel:
        """The template as it is whenever it is asked for; a part says so when it changes."""
        return LiveModel(Path(self.template), self.model, say)

    def model(self) -> Model:
        """Read the template as it is now."""
        addresses = Addresses(sqs_url=self.sqs_url, api_url=self.api_url)
        return load_model(Path(self.template), self.parameters, addresses, Path(self.cache_dir))

    def save(self) -> Path:
        """Write the file; it holds secrets, so only its owner may read it."""
        path = self.state / "run.json"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self), indent=1))
        return path

    @staticmethod
    def load(path: Path) -> "RunConfig":
        values = json.loads(path.read_text())
        values["ports"] = Ports(**values["ports"])
        values["users"] = tuple(values["users"])
        values["warm"] = None if values["warm"] is None else tuple(values["warm"])
        return RunConfig(**values)


def local_aws_environment(config: RunConfig) -> dict[str, str]:
    """Botocore's own variables, so that an unchanged client finds the local tables, queues and secrets."""
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": config.dynamodb_url,
        "AWS_ENDPOINT_URL_SQS": config.sqs_url,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": config.sqs_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
