"""What each function loads at its start: nothing that is not deployed, nothing that its job does not need.

Taken with every package out of reach that only development has: httpx, for one, imports rich and click where it finds
them. How much a function may load is held by tests/integration/artefacts, where the built artefacts are started.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
LAYER = ROOT / "layers/billing/python"
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))

# What a function must not load before its first request, and why.
NOT_NEEDED = {
    "webhook": ("stripe", "pydantic", "boto3", "requests", "billing.ports", "billing.domain.account"),
    "account": ("stripe", "boto3", "requests", "billing.services.converge"),
    "create_checkout": ("boto3",),
    "success_sync": ("boto3",),
    "subscriptions": ("boto3",),
    "event_consumer": ("boto3", "billing.api_models"),
    "credits": ("stripe", "boto3", "requests", "billing.services.converge"),
    "reconcile": ("stripe", "boto3", "requests", "billing.api_models", "billing.services.converge"),
    "catch_up": ("boto3", "billing.api_models", "billing.services.converge"),
    "ledger_watch": (
        "stripe",
        "pydantic",
        "boto3",
        "requests",
        "billing.services",
        "billing.domain.account",
    ),
}

PROBE = """
import json, os, socket, sys
allowed = set(json.loads(sys.argv[1]))

class Deployed:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top in allowed or top.startswith("_"):
            return None
        raise ModuleNotFoundError(f"{name} is not deployed", name=name)

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen"):
        raise RuntimeError(f"{event} while importing")

sys.meta_path.insert(0, Deployed())
sys.addaudithook(refuse)
import app
print(json.dumps({"modules": sorted(sys.modules), "handler": callable(app.lambda_handler)}))
"""


@cache
def deployed() -> tuple[str, ...]:
    """Top-level names of what the layers hold: our package, and the locked runtime packages."""
    locked = (ROOT / "layers/dependencies/requirements.txt").read_text()
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r"^([A-Za-z0-9._-]+)==", locked, re.MULTILINE)}
    tops = packages_distributions().items()
    held = {top for top, found in tops if any(re.sub(r"[-_.]+", "-", each).lower() in names for each in found)}
    return (*sorted(held), "billing", "app")


@cache
def imported(function: str) -> dict[str, Any]:
    """Import a function in a process of its own, with no setting and no credential in its environment."""
    path = f"{ROOT / 'functions' / function}:{LAYER}"
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(deployed())],
        env={"PYTHONPATH": path, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_every_function_is_in_the_table() -> None:
    assert set(FUNCTIONS) == set(NOT_NEEDED)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing_needs_no_environment_no_connection_and_nothing_undeployed(function: str) -> None:
    assert imported(function)["handler"] is True


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_loaded_that_its_job_does_not_need(function: str) -> None:
    assert set(NOT_NEEDED[function]) & set(imported(function)["modules"]) == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_loads_what_costs_the_most(function: str) -> None:
    """The X-Ray SDK alone costs more than all of Powertools; its resolver, parser and batches have no use here."""
    utilities = ("aws_lambda_powertools.utilities.parser", "aws_lambda_powertools.utilities.batch")
    costly = ("aws_xray_sdk", "aws_lambda_powertools.event_handler", *utilities)
    assert set(costly) & set(imported(function)["modules"]) == set()


def test_garbage_is_searched_for_once_the_start_is_over() -> None:
    """It is put off, and not off: a process lives for hours, and cycles are freed by nothing else."""
    code = "import gc; import billing.bootstrap; print(gc.isenabled(), 0 < gc.get_threshold()[0] < 1_000_000)"
    ran = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(LAYER)}, capture_output=True, text=True)
    assert ran.stdout == "True True\n"
