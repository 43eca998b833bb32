"""The three tables in moto, made from template.yaml's own definitions; empty for each test."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from local.aws import answers
from local.template import Model
from tests.modelled import modelled
from tests.unit.billing.adapters.dynamo_tables import World


@pytest.fixture(scope="session")
def template() -> Model:
    return modelled()


@pytest.fixture(scope="module")
def dynamodb_world(template: Model) -> Iterator[World]:
    """Ended with its file: another file's moto inside of this one would find what this one has made."""
    answers.install()
    with mock_aws():
        yield World(boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1})), template)


@pytest.fixture
def world(dynamodb_world: World) -> World:
    dynamodb_world.empty()
    return dynamodb_world
