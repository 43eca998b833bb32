"""`python -m local.door --config state/run.json`: hand on what containers ask for."""

import asyncio

from local.arguments import config_from_arguments
from local.door.relay import relay
from local.readiness import mark_ready
from local.run_config import RunConfig


async def _serve(config: RunConfig, address: str) -> None:
    ports = config.ports
    servers = await relay(address, [ports.stripe, ports.upstash, ports.dynamodb, ports.sqs])
    mark_ready(config, "door")
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main() -> None:
    config = config_from_arguments()
    assert config.door is not None
    asyncio.run(_serve(config, config.door))


if __name__ == "__main__":
    main()
