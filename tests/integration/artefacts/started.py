"""What a function loads from its built artefact at a cold start, in a fresh interpreter that has nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from artefacts.build import built, functions, layers
from tests.built import HERE

# Clients are made as bootstrap makes them, of the adapters that the function has loaded: none of them connects, and
# all of it is paid before the first answer. Opened are what Python itself opens: modules, bytecode, data; not libraries
# of C, which the system loads.
_PROBE = """
import gc, json, sys
opened, source = [], []

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
    elif event == "compile" and isinstance(arguments[1], str) and arguments[1].endswith(".py"):
        source.append(arguments[1])
    elif event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        raise RuntimeError(f"{event} at the start")

sys.addaudithook(watch)
import app

def counted():
    return {"modules": sorted(sys.modules), "opened": len(opened)}

imported, loaded = counted(), set(sys.modules)
if "billing.adapters.aws_client" in loaded:
    from billing.adapters import aws_client
    aws_client.secrets_client()
    if "billing.adapters.sqs_queue" in loaded:
        aws_client.sqs_client()
    if "billing.bootstrap.stored" in loaded:
        aws_client.dynamodb_client()
if "billing.adapters.upstash_client" in loaded:
    sys.modules["billing.adapters.upstash_client"].open_redis("https://example.com", "token", 1.0)
if "billing.adapters.stripe_api.client" in loaded:
    from billing.config import StripeAccess
    access = StripeAccess(api_base="https://api.stripe.com", key_secret="key", livemode=False, account=None)
    sys.modules["billing.adapters.stripe_api.client"].stripe_client(access, "sk_test_1")
searches = sum(generation["collections"] for generation in gc.get_stats())
found = {"imported": imported, "ready": counted(), "source": source, "searches": searches}
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Count:
    """Modules, and files opened, at one point of a start."""

    modules: frozenset[str]
    opened: int


@dataclass(frozen=True)
class Started:
    """A start: once the handler is imported, and once the clients are made that its work needs."""

    imported: Count
    ready: Count
    compiled: tuple[str, ...]
    """Modules that had no bytecode."""
    searches: int
    """How often Python searched for garbage."""


def names() -> list[str]:
    """Every function, as its folder in functions/ is called."""
    return sorted(path.parent.name for path in (Path(__file__).parents[3] / "functions").glob("*/app.py"))


def folders(function: str) -> list[Path]:
    """The folders that Python looks for this function's modules in, on Lambda: its own and its layers'."""
    folder = built(HERE)
    logical = "".join(word.capitalize() for word in function.split("_")) + "Function"
    own = [path for path in functions(folder) if path.name == logical]
    return [*own, *(layer / "python" for layer in layers(folder))]


@cache
def started(function: str) -> Started:
    """Start a function, with no package within reach but what its artefact holds."""
    ran = subprocess.run(
        [sys.executable, "-B", "-S", "-c", _PROBE],
        env={
            "PYTHONPATH": ":".join(map(str, folders(function))),
            "HOME": "/nonexistent",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr[-3000:]
    found = json.loads(ran.stdout)
    return Started(_count(found["imported"]), _count(found["ready"]), tuple(found["source"]), found["searches"])


def _count(found: dict[str, Any]) -> Count:
    return Count(frozenset(found["modules"]), found["opened"])
