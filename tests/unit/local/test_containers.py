"""What containers are told of the local system, and the way in that they get on Linux."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from billing.adapters import aws_client
from local.containers import container_environment
from local.door import relay
from local.run_config import CONTAINERS_SECRET, Ports, local_aws_environment, seen_from_containers
from local.stack import Stack
from local.supervisor.ports import free_ports
from tests.modelled import modelled

ROOT = Path(__file__).parents[3]


def test_the_file_for_sam_local_invoke_is_that_of_make_run(tmp_path: Path) -> None:
    """A setting that is new in the template goes into `events/env.json`; `make run` writes one of its own, too."""
    stack = Stack(ports=Ports(), state_dir=tmp_path, parameters={"PromotionCodes": "true"})
    made = container_environment(stack.config, stack.config.model())
    assert json.loads((ROOT / "events/env.json").read_text()) == made
    assert CONTAINERS_SECRET in stack.config.secrets


@pytest.mark.parametrize(("stage", "found"), [("dev", {""}), ("staging", set()), ("prod", set())])
def test_the_template_names_endpoints_for_development_alone(stage: str, found: set[str]) -> None:
    functions = modelled(Stage=stage, StripeMode="live" if stage == "prod" else "test").functions.values()
    told = [(name, value) for each in functions for name, value in each.environment.items() if "ENDPOINT" in name]
    assert {value for _, value in told} == found
    assert len(told) == (3 * len(functions) if found else 0)


@pytest.mark.parametrize("build", [aws_client.dynamodb_client, aws_client.sqs_client, aws_client.secrets_client])
def test_an_empty_endpoint_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, build: Callable[[], Any]) -> None:
    """So a function that is deployed for development asks AWS."""
    config = Stack(state_dir=tmp_path).config
    for name in local_aws_environment(config):
        if "ENDPOINT" in name:
            monkeypatch.setenv(name, "")
    client = build()
    assert client.meta.endpoint_url.endswith(".us-east-1.amazonaws.com")
    client.close()


def test_only_this_machine_has_another_name() -> None:
    assert seen_from_containers("http://127.0.0.1:8792/1/q") == "http://host.docker.internal:8792/1/q"
    assert seen_from_containers("https://api.stripe.com") == "https://api.stripe.com"


@pytest.mark.skipif(sys.platform != "linux", reason="needs a second loopback address, which only Linux has by itself")
def test_what_comes_to_the_door_is_handed_on() -> None:
    """Both ways, whole, and for each port to its own."""
    ports = free_ports()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = await reader.readexactly(200_000)
        writer.write(told[::-1])
        writer.close()

    async def visit() -> bytes:
        async with await asyncio.start_server(answer, "127.0.0.1", ports.stripe):
            doors = await relay("127.0.0.2", [ports.stripe, ports.sqs])
            reader, writer = await asyncio.open_connection("127.0.0.2", ports.stripe)
            writer.write(b"a" + bytes(199_999))
            heard = await reader.read()
            writer.close()
            silent, closed = await asyncio.open_connection("127.0.0.2", ports.sqs)  # where nobody listens
            assert await silent.read() == b""
            closed.close()
            for door in doors:
                door.close()
            return heard

    heard = asyncio.run(visit())
    assert (len(heard), heard[-1:]) == (200_000, b"a")
