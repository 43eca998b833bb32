"""One running toy system for all tests of the local stack itself; the toy's code is a copy, which tests may edit."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack import Stack

TOY = Path(__file__).parent / "toy"


def copy_toy(target: Path) -> Path:
    """Copy the toy system; return its template."""
    shutil.copytree(TOY, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target / "template.yaml"


def eventually[T](look: Callable[[], T | None], seconds: float = 20) -> T:
    """Ask until there is an answer; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)
    return found


def item(stack: Stack, key: str) -> dict[str, Any] | None:
    table = stack.table_name("CounterTable")
    client = stack.dynamodb()
    found = client.get_item(TableName=table, Key={"pk": {"S": key}}, ConsistentRead=True).get("Item")
    client.close()
    return found


@pytest.fixture(scope="package")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    template = copy_toy(tmp_path_factory.mktemp("toy") / "system")
    with Stack(template=template, stripe=False, timer_speed=60) as stack:
        yield stack


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=40) as client:
        yield client
