"""Make log lines short and readable: one line per step, ids as key=value."""

import json
import time
from collections.abc import Mapping
from typing import Any

_SHOWN_ELSEWHERE = {
    "level",
    "location",
    "message",
    "timestamp",
    "service",
    "cold_start",
    "function_name",
    "function_memory_size",
    "function_arn",
    "function_request_id",
    "xray_trace_id",
    "exception",
    "exception_name",
    "stack_trace",
    "request_id",
    "correlation_id",
}
"""Said otherwise, or of use to a search only: the log files have all of it."""
_WIDTH = 16


def readable(part: str, line: str) -> str | None:
    """The line for the terminal, None for one that says nothing to a reader (metrics, preflights, blank lines)."""
    if part == "lambda" and " | " in line:
        part, line = line.split(" | ", 1)
    if not line.strip() or (part == "gateway" and line.startswith("OPTIONS ")):
        return None
    if line.startswith("{"):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if isinstance(entry, dict):
            if "_aws" in entry:  # a metric in CloudWatch's embedded format
                return None
            line = _entry(entry)
    return f"{time.strftime('%H:%M:%S')}  {part:<{_WIDTH}} {line}"


def _entry(entry: Mapping[str, Any]) -> str:
    level = str(entry.get("level", "INFO"))
    words = [] if level in ("INFO", "DEBUG") else [level]
    words.append(str(entry.get("message", "")))
    words += [
        f"{key}={_short(value)}" for key, value in entry.items() if key not in _SHOWN_ELSEWHERE and value is not None
    ]
    if "exception_name" in entry:
        words.append(f"({entry['exception_name']}: {entry.get('exception', '').strip().splitlines()[-1:]})")
    return " ".join(words)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
