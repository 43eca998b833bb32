"""What a function in a container needs to find the system that runs here, as `sam local invoke` tells it."""

import json
from pathlib import Path

from local.run_config import CONTAINERS_SECRET, RunConfig, local_aws_environment, seen_from_containers
from local.template import Model

NAME = "env.json"


def container_environment(config: RunConfig, model: Model) -> dict[str, dict[str, str]]:
    """The variables by function, as `--env-vars` takes them, for a system at the ports of `config`.

    Addresses that a browser opens stay as they are: no function asks them. Where the tables and the queue are is told
    by botocore's own variables; template.yaml names them, since `sam local invoke` sets no others
    (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-invoke.html).
    """
    endpoints = {name: value for name, value in local_aws_environment(config).items() if "ENDPOINT" in name}
    asked = ("STRIPE_API_BASE", "EVENTS_QUEUE_URL", *endpoints)
    found: dict[str, dict[str, str]] = {}
    for name, function in sorted(model.functions.items()):
        variables = {**function.environment, **endpoints}
        for each in asked:
            if each in variables:
                variables[each] = seen_from_containers(variables[each])
        if "UPSTASH_SECRET" in variables:
            variables["UPSTASH_SECRET"] = CONTAINERS_SECRET
        found[name] = dict(sorted(variables.items()))
    return found


def write_environment(config: RunConfig) -> Path:
    """Write the file for this very system; `events/env.json` is the one for the default ports."""
    path = config.state / NAME
    path.write_text(json.dumps(container_environment(config, config.model()), indent=2) + "\n")
    return path
