"""Every HTTP part sleeps until it is asked, or told to end."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from local.supervisor.ports import free_ports

_PART = """
from starlette.applications import Starlette
from local.serve import run
run(Starlette(), port={port}, log_level="error", date_header={dated})
"""
_PATIENCE = 20.0


@contextmanager
def part(*, dated: bool) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_ports().api
    process = subprocess.Popen([sys.executable, "-c", _PART.format(port=port, dated=dated)])
    url = f"http://127.0.0.1:{port}/"
    try:
        _asked(url)
        yield process, url
    finally:
        process.kill()
        process.wait()


def _asked(url: str) -> httpx.Response:
    """Its answer, as soon as there is one."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return httpx.get(url, trust_env=False)
        except httpx.ConnectError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told(how: signal.Signals) -> None:
    with part(dated=False) as (process, _):
        process.send_signal(how)
        assert process.wait(timeout=_PATIENCE) == (-how if how == signal.SIGTERM else 0)


def test_an_answer_has_the_date_of_its_second() -> None:
    with part(dated=True) as (_, url):
        first, until = _asked(url).headers["date"], time.monotonic() + _PATIENCE
        while _asked(url).headers["date"] == first:
            assert time.monotonic() < until
            time.sleep(0.1)
