"""The adapter for Stripe through the official SDK, against the stand-in in a process of its own."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from local.aws import answers
from local.template import Model
from tests.integration.adapters.shop import Shop
from tests.integration.adapters.stripe_side import StripeSide
from tests.modelled import modelled
from tests.unit.billing.adapters.dynamo_tables import World


@pytest.fixture(scope="session")
def process() -> Iterator[StripeSide]:
    side = StripeSide()
    yield side
    side.stop()


@pytest.fixture
def side(process: StripeSide) -> Iterator[StripeSide]:
    with process.counted():
        yield process
    process.control("faults", fail=0, status=500, hang_seconds=60, fail_late=False, hold=0)


@pytest.fixture(scope="session")
def template() -> Model:
    return modelled()


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
