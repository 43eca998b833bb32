"""The whole system as a context manager: what `run`, `demo` and the tests start.

with Stack() as stack:
    httpx.get(f"{stack.api_url}/catalog")
"""

import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx

from local.aws_clients import dynamodb_client, lambda_client, secrets_client, sqs_client
from local.configure import configured
from local.containers import write_environment
from local.issuer.keys import load_key
from local.issuer.tokens import Issuer
from local.own_state import OwnState
from local.pipes.bus import events, events_file
from local.run_config import Ports, url
from local.run_file import remove_run_file, write_run_file
from local.seed import add_promotion_code, fill_catalog
from local.seed.portal import save_portal_settings
from local.supervisor import Supervisor
from local.supervisor.own_servers import prepare_own_servers
from local.supervisor.plan import plan
from local.supervisor.ports import free_ports, require_free, require_own
from local.supervisor.process import ROOT
from local.supervisor.settings import STAND_IN_KEY, Backends, new_webhook_secret

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

TEMPLATE = ROOT / "template.yaml"


class Stack:
    """Free ports, a state directory of its own and stand-ins only, unless told otherwise.

    `stripe=False` leaves Stripe out, `seed=False` leaves it empty. With `warm`, only the functions of these logical ids
    have a worker before they are first asked: a system with few of its functions in use starts sooner. The parts named
    in `without` are not started.
    """

    def __init__(
        self,
        *,
        template: Path = TEMPLATE,
        parameters: Mapping[str, str] | None = None,
        ports: Ports | None = None,
        state_dir: Path | None = None,
        key_dir: Path | None = None,
        backends: Backends | None = None,
        stripe: bool = True,
        seed: bool = True,
        timer_speed: float = 1.0,
        workers_per_function: int = 4,
        warm: Collection[str] | None = None,
        without: Collection[str] = (),
        throttled: bool = False,
        door: str | None = None,
        say: Callable[[str, str], None] | None = None,
    ) -> None:
        self.ports = ports or free_ports()
        self.backends = backends or Backends.stand_ins()
        self.webhook_secret = self.backends.webhook_secret or new_webhook_secret()
        self.stripe_key = self.backends.stripe_key or STAND_IN_KEY
        self._own_state: OwnState | None = None
        if state_dir is None:
            self._own_state = OwnState()
            state_dir = self._own_state.path
        self.state_dir = state_dir
        self.key_dir = key_dir or self.state_dir
        self._without = frozenset(without)
        self._with_stripe = stripe
        self._seed = seed and stripe
        self._say = say or _silent
        self.state_dir.mkdir(parents=True, exist_ok=True)
        self.config = replace(
            configured(
                template,
                parameters or {},
                ports=self.ports,
                backends=self.backends,
                state_dir=self.state_dir,
                key_dir=self.key_dir,
                webhook_secret=self.webhook_secret,
                stripe=stripe,
            ),
            timer_speed=timer_speed,
            workers_per_function=workers_per_function,
            warm=None if warm is None else tuple(warm),
            throttled=throttled,
            door=door,
        )
        self._issuer: Issuer | None = None
        self.supervisor = Supervisor([], self.state_dir / "logs", self._say)

    # Starting and stopping

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Raise StartError or TemplateError, in one sentence, when the system cannot start."""
        require_free(self.ports)
        if self.config.door is not None:
            require_own(self.config.door)
        prepare_own_servers(self.backends, self.config.model())
        self._forget_last_run()
        load_key(self.key_dir)
        planned = plan(self.config, self.config.save(), self.webhook_secret, self.stripe_key)
        parts = [part for part in planned if part.name not in self._without]
        self.supervisor = Supervisor(parts, self.state_dir / "logs", self._say)
        self.supervisor.start()
        if self._seed:
            self._fill_catalog()
        self.supervisor.wait_until_ready()
        self.supervisor.watch()
        write_environment(self.config)
        write_run_file(self.config, real_stripe=self.backends.stripe_key is not None)

    def stop(self) -> None:
        remove_run_file(self.config)
        self.supervisor.stop()
        if self._own_state is not None:
            self._own_state.remove()

    def _forget_last_run(self) -> None:
        for directory in ("logs", "ready"):
            shutil.rmtree(self.state_dir / directory, ignore_errors=True)
        for file in (events_file(self.state_dir), self.config.clock_file.path):
            file.unlink(missing_ok=True)

    def _fill_catalog(self) -> None:
        """Put the sample prices into Stripe, while the other parts are still starting."""
        if "stripe" in self.supervisor.names():
            self.supervisor.wait_until_ready(["stripe"])
        fill_catalog(self.stripe_url, self.stripe_key)
        if self._stand_in:
            save_portal_settings(self.stripe_url, self.stripe_key)
        if self.config.has_promotion_code:
            add_promotion_code(self.stripe_url, self.stripe_key)

    @property
    def _stand_in(self) -> bool:
        return self._with_stripe and self.backends.stripe_key is None

    # Addresses

    @property
    def api_url(self) -> str:
        return self.config.api_url

    @property
    def app_url(self) -> str:
        return self.config.storefront_url

    @property
    def stripe_url(self) -> str:
        return self.config.stripe_url

    @property
    def upstash_url(self) -> str:
        return self.backends.upstash_url or url(self.ports.upstash)

    @property
    def upstash_token(self) -> str:
        return self.config.upstash_token

    @property
    def lambda_url(self) -> str:
        return self.config.lambda_url

    # What a test or a developer does with it

    def token(self, user: str | None = None, scope: str | None = None) -> str:
        """A token of the local issuer: for a user, or with `scope` for a machine."""
        return self.issuer.machine_token(scope) if scope is not None else self.issuer.user_token(user or "alice")

    @property
    def issuer(self) -> Issuer:
        if self._issuer is None:
            self._issuer = Issuer(load_key(self.key_dir), self.config.issuer, self.config.audience)
        return self._issuer

    def pid(self, part: str) -> int:
        return self.supervisor.pid(part)

    def worker_pids(self, function: str) -> list[int]:
        """Processes of a function by its logical id."""
        pids: dict[str, list[int]] = httpx.get(f"{self.lambda_url}/_workers", trust_env=False).json()
        return pids.get(function, [])

    def kill(self, part: str, restart: bool = True) -> None:
        self.supervisor.kill(part, restart)

    def launch(self, part: str) -> None:
        self.supervisor.launch(part)

    def freeze(self, part: str) -> None:
        self.supervisor.freeze(part)

    def thaw(self, part: str) -> None:
        self.supervisor.thaw(part)

    def logs(self, name: str) -> str:
        """What a part, or a function by its logical id, has written so far."""
        functions = self.state_dir / "logs" / "functions" / f"{name}.log"
        path = functions if functions.exists() else self.supervisor.log_file(name)
        return path.read_text() if path.exists() else ""

    def dynamodb(self) -> "DynamoDBClient":
        return dynamodb_client(self.config.dynamodb_url)

    def sqs(self) -> "SQSClient":
        return sqs_client(self.config.sqs_url)

    def secrets(self) -> "SecretsManagerClient":
        return secrets_client(self.config.sqs_url)

    def lambda_client(self) -> Any:
        return lambda_client(self.lambda_url)

    def told(self) -> list[dict[str, Any]]:
        """What was put onto the event buses, oldest first (docs/events.md)."""
        return events(self.state_dir)

    def queue_url(self, logical_id: str) -> str:
        return self.config.model().queues[logical_id].url

    def table_name(self, logical_id: str) -> str:
        return self.config.model().tables[logical_id].name


def _silent(_part: str, _line: str) -> None:
    """Say nothing: the logs are in the state directory."""
