"""`make run`: the whole system in the foreground."""

import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from rich.console import Console

from local.errors import StartError
from local.run_config import url
from local.seed import fill_catalog
from local.stack import Stack
from local.supervisor.log_view import readable
from local.supervisor.ports import answers
from local.supervisor.settings import STAND_IN_KEY, Backends, read_ports, unknown_settings

_console = Console(highlight=False, soft_wrap=True)


def run_until_stopped(
    given_ports: Mapping[str, int | None],
    state_dir: Path,
    env_file: Path,
    parameters: Mapping[str, str],
    *,
    throttled: bool = False,
    door: str | None = None,
) -> int:
    """Start, print where everything is, stream the logs; return the exit code once everything is stopped."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if stopped.is_set():
            return  # a second Ctrl-C must not interrupt the stopping
        stopped.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    started = time.monotonic()
    ports = read_ports(given_ports, env_file)
    stack = Stack(
        parameters={"PromotionCodes": "true", **parameters},
        ports=ports,
        backends=Backends.read(env_file),
        state_dir=state_dir / f"run-{ports.storefront}",  # two systems on different ports do not meet in one directory
        key_dir=state_dir,
        throttled=throttled,
        door=door,
        say=_print_line,
    )
    unknown = unknown_settings(env_file)
    if unknown:
        _console.print(
            f"Warning: {env_file.name} sets {', '.join(unknown)}, which nothing here reads: see .env.example.",
            style="yellow",
        )
    lost = None
    try:
        with stack:
            _print_welcome(stack, time.monotonic() - started)
            while not stopped.is_set() and lost is None:
                lost = stack.supervisor.lost
                stopped.wait(0.2)
    except KeyboardInterrupt:
        pass
    if lost is not None:
        log = stack.supervisor.log_file(lost)
        last = f"; its last words are in {log}" if log.exists() and log.stat().st_size else ""
        raise StartError(f"{lost} ended and its data with it, so everything was stopped{last}.")
    _console.print("Stopped.")
    return 0


def seed_catalog(env_file: Path) -> None:
    """Raise StartError, in one sentence, when there is no Stripe to fill."""
    backends, port = Backends.read(env_file), read_ports({}, env_file).stripe
    real = backends.stripe_key is not None
    stripe_url = backends.stripe_api if real else url(port)
    if not real and not answers(port):
        raise StartError(
            f"There is nothing to fill: no STRIPE_SECRET_KEY is in {env_file.name}, "
            f"and `make run`, whose Stripe stand-in would be at {stripe_url}, is not running."
        )
    created = fill_catalog(stripe_url, backends.stripe_key or STAND_IN_KEY)
    _console.print(f"Created {', '.join(created)}." if created else "Nothing to create: every price is there.")


def _print_line(part: str, line: str) -> None:
    text = readable(part, line)
    if text is not None:
        _console.print(text, markup=False)


def _print_welcome(stack: Stack, seconds: float) -> None:
    backends = stack.backends
    say = _console.print
    say()
    say(f"[bold]Plumbline is running[/bold] (ready in {seconds:.1f} s). Ctrl-C stops all of it.")
    say()
    rows = [
        ("Storefront", stack.app_url, ""),
        ("API", stack.api_url, ""),
        ("Stripe", stack.stripe_url, "real, test mode" if backends.stripe_key else "stand-in"),
        ("Redis", stack.upstash_url, "real Upstash" if backends.upstash_url else _redis(backends)),
        ("DynamoDB", stack.config.dynamodb_url, "your server" if backends.dynamodb_url else "stand-in (moto)"),
        ("SQS, secrets", stack.config.sqs_url, "stand-in (moto)"),
        ("Lambda", stack.lambda_url, "local worker processes"),
        ("Pipes", url(stack.config.ports.pipes), "local, as template.yaml has them"),
    ]
    for name, address, kind in rows:
        say(f"  {name:<14} {address:<34} {kind}".rstrip(), markup=False)
    say()
    say(f"Open {stack.app_url}, sign in as alice, buy 500 credits and pay with the test card")
    say("  [bold]4242 4242 4242 4242[/bold], any name, any future date, any CVC.")
    if backends.stripe_key:
        say("Real Stripe needs a second terminal that brings its webhooks here:")
        say(f"  stripe listen --forward-to {stack.api_url}/webhooks/stripe", markup=False)
    say("Try the API with curl: make token USER=alice", markup=False)
    if stack.config.door is not None:
        say(
            f"Warning: whoever can reach {stack.config.door} can read and change what Stripe, Redis, DynamoDB and SQS "
            "hold here, and read the secrets.",
            style="yellow",
        )
    say()


def _redis(backends: Backends) -> str:
    return "stand-in over REDIS_URL" if backends.redis_url else "stand-in (fakeredis)"
