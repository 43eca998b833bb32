"""The three tables in moto, made from template.yaml's own definitions; empty for each test."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from local.aws import answers
from local.template import Addresses, Model, load_model
from tests.unit.billing.adapters.dynamo_tables import World

ROOT = Path(__file__).parents[4]


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
        yield World(boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1})), template)


@pytest.fixture
def world(dynamodb_world: World) -> World:
    dynamodb_world.empty()
    return dynamodb_world
