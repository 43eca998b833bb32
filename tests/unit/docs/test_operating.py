"""The commands of docs/operating.md, in the order of the page, over what AWS would have then (moto)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.aws.provision import create_queues, create_secrets, create_tables
from local.template import Addresses, load_model
from local.template.expand import expand
from tests.unit.docs.aws_cli import carry_out
from tests.unit.docs.commands import ROOT, commands

PAGE = ROOT / "docs/operating.md"
BOOKS = ("accounts", "ledger", "events")
KEY = "plumbline/staging/stripe-api-key"
OLD, NEW = '{"key": "sk_test_old"}', '{"key": "sk_test_new"}'


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What a stage leaves behind or needs: its tables, protected; its queues; a secret; versions of its layers."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.chdir(tmp_path)
    given = {"AppUrl": "https://app.example.com", "JwtIssuer": "https://issuer.example.com"}
    where = Addresses(sqs_url="https://sqs.us-east-1.amazonaws.com", api_url="http://127.0.0.1:1")
    with mock_aws():
        model = load_model(ROOT / "template.yaml", given, where, tmp_path)
        tables = boto3.client("dynamodb")
        create_tables(model, tables)
        for name in tables.list_tables()["TableNames"]:
            tables.update_table(TableName=name, DeletionProtectionEnabled=True)
        create_queues(model, boto3.client("sqs"))
        create_secrets({KEY: OLD}, boto3.client("secretsmanager"))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("python/six.py", "")
        for name in layers(tmp_path):
            boto3.client("lambda").publish_layer_version(LayerName=name, Content={"ZipFile": packed.getvalue()})
        yield


def layers(folder: Path) -> Iterator[str]:
    """The names that the template gives its layers, with the parameters' defaults, which SAM fills in."""
    resources = expand(ROOT / "template.yaml", folder)["expanded"]["Resources"]
    for each in resources.values():
        if each["Type"] == "AWS::Lambda::LayerVersion":
            yield "-".join(each["Properties"]["LayerName"]["Fn::Join"][1])


def walk(operation: str, **placeholders: str) -> dict[str, Any]:
    """Carry out the one command of the page with this operation, with values for what it leaves open."""
    (found,) = (each.words for each in commands(PAGE) if each.words[:3] == ("aws", *operation.split()) and each.whole)
    return carry_out([_filled(word, placeholders) for word in found[1:]])


def _filled(word: str, placeholders: Mapping[str, str]) -> str:
    for open_, value in placeholders.items():
        word = word.replace(open_, value)
    return word


@pytest.mark.usefixtures("deployed")
def test_a_key_is_stored_and_the_one_before_is_still_there(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text(NEW)
    walk("secretsmanager put-secret-value", STAGE="staging")
    secrets = boto3.client("secretsmanager")
    assert json.loads(secrets.get_secret_value(SecretId=KEY)["SecretString"]) == json.loads(NEW)
    assert walk("secretsmanager get-secret-value", STAGE="staging")["SecretString"] == OLD


@pytest.mark.usefixtures("deployed")
def test_a_stage_is_torn_down_and_its_books_are_kept() -> None:
    tables, queues = boto3.client("dynamodb"), boto3.client("sqs")
    for url in queues.list_queues()["QueueUrls"]:
        attributes = walk("sqs get-queue-attributes", URL=url)["Attributes"]
        assert attributes == {"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0"}
    for book in BOOKS:
        walk("dynamodb create-backup", STAGE="dev", MODE="test", ledger=book)
        with pytest.raises(ClientError, match="DeletionProtectionEnabled"):
            walk("dynamodb delete-table", STAGE="dev", MODE="test", ledger=book)
        walk("dynamodb update-table", STAGE="dev", MODE="test", ledger=book)
        walk("dynamodb delete-table", STAGE="dev", MODE="test", ledger=book)
    assert tables.list_tables()["TableNames"] == []
    assert len(tables.list_backups()["BackupSummaries"]) == len(BOOKS)

    walk("secretsmanager delete-secret", STAGE="staging")
    assert "DeletedDate" in boto3.client("secretsmanager").describe_secret(SecretId=KEY)

    for layer in ("billing", "dependencies"):
        (version,) = walk("lambda list-layer-versions", STAGE="dev", MODE="test", dependencies=layer)["LayerVersions"]
        assert version["Version"] == 1
        walk("lambda delete-layer-version", STAGE="dev", MODE="test", dependencies=layer)
    assert boto3.client("lambda").list_layers()["Layers"] == []
