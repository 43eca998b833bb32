"""The stand-in of Stripe as a process of its own, on a free port."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from typing import Any

import httpx

_PATIENCE_SECONDS = 20.0


class StripeProcess:
    """Started at once, with these options; it answers when this is made."""

    def __init__(self, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([sys.executable, "-m", "local.stripe", "--port", str(port), *options])
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=20)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        ends = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < ends:
            try:
                self.http.get("/_control/clock").raise_for_status()
                return
            except httpx.TransportError:
                assert self.process.poll() is None, "the stand-in ended while starting"
                time.sleep(0.05)
        raise AssertionError(f"the stand-in did not answer within {_PATIENCE_SECONDS:.0f} seconds")

    def control(self, deed: str, **given: object) -> dict[str, Any]:
        """Have it do what only a stand-in can: fail, lose, move its clock."""
        answer = self.http.post(f"/_control/{deed}", json=given)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def stop(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(timeout=5)
