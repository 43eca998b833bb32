"""A run's configuration with the little that the storefront's server reads of it."""

from pathlib import Path
from typing import Any

from local.run_config import Ports, RunConfig


def run_config(directory: Path, **given: Any) -> RunConfig:
    plain: dict[str, Any] = {
        "template": "template.yaml",
        "state_dir": str(directory),
        "key_dir": str(directory),
        "cache_dir": str(directory),
        "ports": Ports(),
        "parameters": {},
        "secrets": {},
        "upstash_token": "token",
        "dynamodb_url": "http://127.0.0.1:8791",
        "stripe_url": "http://127.0.0.1:8789",
        "clock_url": "http://127.0.0.1:8789/_control/clock",
        "publishable_key": "pk_test_plumbline",
    }
    return RunConfig(**{**plain, **given})
