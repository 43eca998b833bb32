"""Servers of one's own in the place of stand-ins: used as they are, or refused in one sentence."""

import socket
from collections.abc import Iterator

import httpx
import pytest
from moto.server import ThreadedMotoServer

from local.aws_clients import dynamodb_client
from local.errors import StartError
from local.stack import Stack
from local.supervisor.own_servers import prepare_own_servers
from local.supervisor.settings import Backends
from tests.integration.local.conftest import TOY


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port where nobody listens, held so that nobody else takes it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_dynamodb_of_ones_own_gets_the_tables() -> None:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        address = "http://{}:{}".format(*server.get_host_and_port())
        # moto keeps one state in a process, and other tests of this one have used it
        httpx.post(f"{address}/moto-api/reset", trust_env=False).raise_for_status()
        backends = Backends(dynamodb_url=address)
        model = Stack(template=TOY / "template.yaml", stripe=False, backends=backends).config.model()
        prepare_own_servers(backends, model)
        prepare_own_servers(backends, model)  # what exists is left alone
        names = dynamodb_client(address).list_tables()["TableNames"]
        assert names == [table.name for table in model.tables.values()]
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("setting", "address", "sentence"),
    [
        ("dynamodb_url", "http://127.0.0.1:{}", "PLUMBLINE_DYNAMODB_URL: no DynamoDB can be used at http://127"),
        ("redis_url", "redis://:canary@127.0.0.1:{}/0", "REDIS_URL: no Redis server can be used there"),
    ],
)
def test_a_server_that_does_not_answer_is_one_sentence(setting: str, address: str, sentence: str, nobody: int) -> None:
    backends = Backends(**{setting: address.format(nobody)})
    with (
        pytest.raises(StartError, match=sentence) as raised,
        Stack(template=TOY / "template.yaml", stripe=False, backends=backends),
    ):
        pass
    assert "canary" not in str(raised.value)
