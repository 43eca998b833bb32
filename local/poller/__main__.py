"""`python -m local.poller --config state/run.json`: one poller per mapping, following the template."""

import threading
import time
from pathlib import Path

from local.arguments import config_from_arguments
from local.aws_clients import sqs_client
from local.poller.mapping import MappingPoller
from local.readiness import mark_ready
from local.run_config import RunConfig
from local.template import EventSourceMapping
from local.template.watch import LiveModel

_LOOK_SECONDS = 0.5


def main() -> None:
    config = config_from_arguments()
    live = LiveModel(Path(config.template), config.model, lambda line: print(line, flush=True))
    running: dict[str, tuple[EventSourceMapping, MappingPoller]] = {}
    while True:
        wanted = {mapping.logical_id: mapping for mapping in live.current().mappings if mapping.enabled}
        for name, (mapping, poller) in list(running.items()):
            if wanted.get(name) != mapping:
                poller.stop()
                del running[name]
        for name, mapping in wanted.items():
            if name not in running:
                running[name] = (mapping, _start(mapping, config))
        mark_ready(config, "poller")
        time.sleep(_LOOK_SECONDS)


def _start(mapping: EventSourceMapping, config: RunConfig) -> MappingPoller:
    poller = MappingPoller(mapping, sqs_client(config.sqs_url), config.lambda_url)
    threading.Thread(target=poller.run, name=mapping.logical_id, daemon=True).start()
    return poller


if __name__ == "__main__":
    main()
