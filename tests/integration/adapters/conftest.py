"""The adapter for Stripe through the official SDK, against the stand-in in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from local.aws import answers
from local.template import Addresses, Model, load_model
from tests.integration.adapters.shop import Shop
from tests.integration.adapters.stripe_side import StripeSide
from tests.unit.billing.adapters.dynamo_tables import World

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def process() -> Iterator[StripeSide]:
    side = StripeSide()
    yield side
    side.stop()


@pytest.fixture
def side(process: StripeSide) -> Iterator[StripeSide]:
    with process.counted():
        yield process
    process.control("faults", fail=0, status=500, hang_seconds=60)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Model:
    given = {"AppUrl": "https://app.example.com", "JwtIssuer": "https://issuer.example.com"}
    addresses = Addresses(sqs_url="http://127.0.0.1:1", api_url="http://127.0.0.1:1")
    return load_model(ROOT / "template.yaml", given, addresses, tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="module")
def dynamodb_world(template: Model) -> Iterator[World]:
    """Ended with its file: another file's moto inside of this one would find what this one has made."""
    answers.install()
    with mock_aws():
        yield World(boto3.client("dynamodb"), template)


@pytest.fixture
def shop(side: StripeSide, dynamodb_world: World) -> Shop:
    dynamodb_world.empty()
    return Shop(side, dynamodb_world)
