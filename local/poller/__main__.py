"""`python -m local.poller --config state/run.json`: one poller per mapping and per pipe, following the template."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from local.arguments import config_from_arguments
from local.aws_clients import sqs_client, streams_client
from local.pipes.api import start_api
from local.pipes.bus import Buses
from local.pipes.pipe import PipeRunner
from local.poller.mapping import MappingPoller
from local.readiness import mark_ready
from local.run_config import RunConfig
from local.template import EventSourceMapping, Pipe
from local.template.watch import LiveModel

_LOOK_SECONDS = 1.0
_FIRST_LOOK_SECONDS = 0.05
"""Until every pipe has found its stream, as on AWS a stack is there once its pipes run."""


class Runner(Protocol):
    def run(self) -> None: ...

    def stop(self) -> None: ...


def main() -> None:
    config = config_from_arguments()
    live = config.live_model()
    buses = Buses(config.state, live.current, sqs_client(config.sqs_url))
    running: dict[str, tuple[object, Runner]] = {}

    def pipes() -> dict[str, PipeRunner]:
        return {name: runner for name, (_, runner) in list(running.items()) if isinstance(runner, PipeRunner)}

    start_api(config.ports.pipes, pipes)
    ready = False
    while True:
        wanted = {name: (what, make) for name, what, make in _wanted(live, config, buses)}
        for name, (what, runner) in list(running.items()):
            if name not in wanted or wanted[name][0] != what:
                runner.stop()
                del running[name]
        for name, (what, make) in wanted.items():
            if name not in running:
                running[name] = (what, _started(name, make()))
        ready = ready or not any(runner.beginning for runner in pipes().values())
        if ready:
            mark_ready(config, "poller")
        time.sleep(_LOOK_SECONDS if ready else _FIRST_LOOK_SECONDS)


def _wanted(live: LiveModel, config: RunConfig, buses: Buses) -> Iterator[tuple[str, object, Callable[[], Runner]]]:
    """What the template says now, each by its name, and how it is set to work."""

    def poller(mapping: EventSourceMapping) -> Callable[[], Runner]:
        return lambda: MappingPoller(mapping, sqs_client(config.sqs_url), config.invoke_url(mapping.function))

    def follower(pipe: Pipe) -> Callable[[], Runner]:
        return lambda: PipeRunner(pipe, streams_client(config.dynamodb_url), sqs_client(config.sqs_url), buses)

    model = live.current()
    for mapping in model.mappings:
        if mapping.enabled:
            yield mapping.logical_id, mapping, poller(mapping)
    for pipe in model.pipes:
        yield pipe.name, pipe, follower(pipe)


def _started(name: str, runner: Runner) -> Runner:
    threading.Thread(target=runner.run, name=name, daemon=True).start()
    return runner


if __name__ == "__main__":
    main()
