"""The file that says where a running system is: what the operator's command reads for its stage `local`.

It holds what a deployed stack's outputs and functions say: addresses, environments, names of secrets. No secret:
those are in the local Secrets Manager.
"""

import json
import os
from pathlib import Path

from local.run_config import RunConfig, local_aws_environment, url

NAME = "system.json"
VERSION = 3


def write_run_file(config: RunConfig, real_stripe: bool) -> Path:
    """Write it once everything is ready; the pid is of the process whose end is the system's end."""
    model = config.model()
    resources = {name: queue.url for name, queue in model.queues.items()}
    resources |= {pipe.logical_id: pipe.name for pipe in model.pipes}
    told = {
        "version": VERSION,
        "pid": os.getpid(),
        "apiUrl": config.api_url,
        "realStripe": real_stripe,
        "clockUrl": config.clock_url,
        "functions": {name: dict(function.environment) for name, function in model.functions.items()},
        "resources": resources,
        "aws": {**local_aws_environment(config), "AWS_ENDPOINT_URL_PIPES": url(config.ports.pipes)},
    }
    path = config.state / NAME
    path.write_text(json.dumps(told, indent=1))
    return path


def remove_run_file(config: RunConfig) -> None:
    """At the end, also of a start that failed: it may have failed because another system runs, whose file stays."""
    path = config.state / NAME
    try:
        system = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return  # nobody's, or one that `write_run_file` never finished: whoever starts next writes over it
    if isinstance(system, dict) and system.get("pid") == os.getpid():
        path.unlink(missing_ok=True)
