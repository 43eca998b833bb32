"""Read `.env` and the environment, and decide which backends are real."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from local.errors import StartError
from local.run_config import Ports
from local.supervisor.ports import AWS_PARTS, VARIABLES

_KNOWN = (
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "STRIPE_PUBLISHABLE_KEY",
    "UPSTASH_REDIS_REST_URL",
    "UPSTASH_REDIS_REST_TOKEN",
    "PLUMBLINE_DYNAMODB_URL",
    "REDIS_URL",
)
STAND_IN_KEY = "sk_test_plumbline"
STAND_IN_PUBLISHABLE_KEY = "pk_test_plumbline"
REAL_STRIPE = "https://api.stripe.com"


@dataclass(frozen=True)
class Backends:
    """Credentials of real services, or None where the stand-in is used. What is secret is not in the repr."""

    stripe_key: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    publishable_key: str | None = None
    """Of the same Stripe account; only embedded checkout needs it."""
    upstash_url: str | None = None
    upstash_token: str | None = field(default=None, repr=False)
    dynamodb_url: str | None = None
    redis_url: str | None = field(default=None, repr=False)
    stripe_api: str = REAL_STRIPE
    """What `stripe_key` opens: anything else than Stripe itself is for tests of this very path."""

    @staticmethod
    def stand_ins() -> "Backends":
        """What `make demo` and the tests use, whatever `.env` says."""
        return Backends()

    @staticmethod
    def for_live_tests(env_file: Path, environment: Mapping[str, str] = os.environ) -> "Backends":
        """What `make test-live` uses: Stripe's test mode, stand-ins for the rest; raise StartError without a test key.

        No webhook secret is needed: the tests forward the events themselves, signed with the system's own.
        """
        key = _found(env_file, environment).get("STRIPE_SECRET_KEY")
        if key is None:
            raise StartError(
                "make test-live buys in a Stripe test account: put its STRIPE_SECRET_KEY=sk_test_... into .env."
            )
        _check_key(key)
        return Backends(stripe_key=key)

    @staticmethod
    def read(env_file: Path, environment: Mapping[str, str] = os.environ) -> "Backends":
        """The environment wins over `.env`; raise StartError naming the setting that is wrong."""
        values = _found(env_file, environment)
        key = values.get("STRIPE_SECRET_KEY")
        if key is not None:
            _check_stripe(key, values.get("STRIPE_WEBHOOK_SECRET"))
            _check_publishable(values.get("STRIPE_PUBLISHABLE_KEY"))
        url, token = values.get("UPSTASH_REDIS_REST_URL"), values.get("UPSTASH_REDIS_REST_TOKEN")
        if (url is None) != (token is None):
            raise StartError("UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN must be set together, or neither.")
        if url is not None and not url.startswith("https://"):
            raise StartError("UPSTASH_REDIS_REST_URL must start with https://.")
        _check_address("PLUMBLINE_DYNAMODB_URL", values, "http://127.0.0.1:8000", ("http", "https"))
        _check_address("REDIS_URL", values, "redis://127.0.0.1:6379/0", ("redis", "rediss"))
        return Backends(
            stripe_key=key,
            webhook_secret=values.get("STRIPE_WEBHOOK_SECRET") if key else None,
            publishable_key=values.get("STRIPE_PUBLISHABLE_KEY") if key else None,
            upstash_url=url,
            upstash_token=token,
            dynamodb_url=values.get("PLUMBLINE_DYNAMODB_URL"),
            redis_url=values.get("REDIS_URL"),
        )


def read_ports(given: Mapping[str, int | None], env_file: Path, environment: Mapping[str, str] = os.environ) -> Ports:
    """An option wins over the environment, that over `.env`, that over the default; the AWS parts share one setting."""
    from_file = read_env_file(env_file)
    chosen: dict[str, int] = {}
    for name, variable in VARIABLES.items():
        value: int | str | None = given.get(name) or environment.get(variable) or from_file.get(variable)
        if value is None:
            continue
        if not str(value).isdecimal() or not 1 <= int(value) <= 65535 - len(AWS_PARTS):
            raise StartError(f"{variable} must be a port number, not {value!r}.")
        chosen[name] = int(value) + (AWS_PARTS.index(name) if name in AWS_PARTS else 0)
    ports = Ports(**chosen)
    doubled = {port for port in asdict(ports).values() if list(asdict(ports).values()).count(port) > 1}
    if doubled:
        raise StartError(f"Port {doubled.pop()} is given to two parts.")
    return ports


def _found(env_file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that are there and not empty."""
    found = {**read_env_file(env_file), **{key: environment[key] for key in _KNOWN if key in environment}}
    return {key: value for key, value in found.items() if value}


def unknown_settings(env_file: Path) -> list[str]:
    """The names in `.env` that nothing here reads: typos, or settings of the functions."""
    return sorted(set(read_env_file(env_file)) - {*_KNOWN, *VARIABLES.values()})


def _check_address(name: str, values: Mapping[str, str], example: str, schemes: tuple[str, ...]) -> None:
    """The value itself is not repeated: it may hold a password."""
    if name not in values:
        return
    try:
        parts = urlsplit(values[name])
        good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that is not closed
        good = False
    if not good:
        raise StartError(f"{name} must be an address such as {example}.")


def _check_key(key: str) -> None:
    if key.startswith(("sk_live_", "rk_live_")):
        raise StartError("STRIPE_SECRET_KEY is a live key: only test keys (sk_test_... or rk_test_...) are taken here.")
    if not key.startswith(("sk_test_", "rk_test_")):
        raise StartError("STRIPE_SECRET_KEY must start with sk_test_ or rk_test_.")


def _check_stripe(key: str, webhook_secret: str | None) -> None:
    _check_key(key)
    if not (webhook_secret or "").startswith("whsec_"):
        raise StartError(
            "STRIPE_WEBHOOK_SECRET must be set with STRIPE_SECRET_KEY: "
            "run `stripe listen --print-secret` and put the whsec_... in .env."
        )


def _check_publishable(key: str | None) -> None:
    if key is not None and not key.startswith("pk_test_"):
        raise StartError("STRIPE_PUBLISHABLE_KEY must start with pk_test_: it is of the same test account.")


def read_env_file(path: Path) -> dict[str, str]:
    """Read `NAME=value` lines, comments, optional quotes and `export`; raise StartError naming any other line."""
    if not path.exists():
        return {}
    values = {}
    for number, raw in enumerate(path.read_text().splitlines(), start=1):
        line = raw.strip().removeprefix("export ").strip()
        if not line or line.startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator or not name.strip().isidentifier():
            raise StartError(f"{path.name}, line {number}: expected NAME=value.")
        values[name.strip()] = _unquoted(value.strip())
    return values


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #", 1)[0].rstrip()


def new_webhook_secret() -> str:
    return "whsec_" + secrets.token_hex(24)


def new_token() -> str:
    return secrets.token_urlsafe(24)
