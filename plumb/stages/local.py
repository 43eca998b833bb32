"""The system that `make run` has started: it leaves a file that says where everything is."""

import json
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from plumb.errors import PlumbError
from plumb.site import Site

_ROOT = Path(__file__).resolve().parents[2]
_FILES = "run-*/system.json"
_VERSION = 3


def running_system(named: Path | None = None, state: Path = _ROOT / ".plumbline") -> Site:
    """The one system that runs here, or the one whose file is named. Raises PlumbError."""
    files = [named] if named is not None else sorted(state.glob(_FILES))
    found = {file: _read(file) for file in files}
    ours = {file: system for file, system in found.items() if system.get("version") == _VERSION}
    alive = {file: system for file, system in ours.items() if _lives(system)}
    if len(alive) > 1:
        raise PlumbError(f"Several systems run here: pass --run-file with one of {', '.join(map(str, alive))}.")
    if not alive and ours:
        file, system = next(iter(ours.items()))
        raise PlumbError(
            f"{file} speaks of a system at {system['apiUrl']} that is not running any more: start it with `make run`."
        )
    if not alive and found:  # refused last: a killed system of the release before leaves its file for good
        raise PlumbError(f"{next(iter(found))} was written by another release: restart `make run`.")
    if not alive:
        raise PlumbError("No system is running here: start it with `make run`, or name another --stage.")
    (system,) = alive.values()
    return Site(
        stage="local",
        functions=system["functions"],
        resources=system["resources"],
        api_url=system["apiUrl"],
        local=True,
        real_stripe=system["realStripe"],
        aws=system["aws"],
        clock_url=system["clockUrl"],
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        system = json.loads(file.read_text())
    except (OSError, RecursionError, ValueError) as exc:
        raise PlumbError(f"The file of the running system can't be read: {file}.") from exc
    return system if isinstance(system, dict) else {}


def _lives(system: dict[str, Any]) -> bool:
    """Whether the process is there, and the gateway listens: a killed system leaves its file, and pids come again."""
    parts = urlsplit(system["apiUrl"])
    try:
        os.kill(int(system["pid"]), 0)
        with socket.create_connection((parts.hostname, parts.port), timeout=2):
            return True
    except OSError:
        return False
