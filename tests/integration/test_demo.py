"""`make demo` passes, and fails when the consumer does not do its work."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.stack import TEMPLATE

ROOT = TEMPLATE.parent


def run_demo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "local", "demo", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=220)


def test_it_passes_and_shows_the_replay() -> None:
    done = run_demo()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('"message":"skipped replay"') == 2
    assert "ledger: granted by: success page" in done.stdout
    assert "ledger: granted by: event" in done.stdout


DOES_NOTHING = """
def lambda_handler(event, context):
    return {"batchItemFailures": []}
"""
RECORDS_WITHOUT_GRANTING = """
import json, os, time
import boto3
from upstash_redis import Redis

def lambda_handler(event, context):
    secrets = boto3.client("secretsmanager")
    upstash = json.loads(secrets.get_secret_value(SecretId=os.environ["UPSTASH_SECRET"])["SecretString"])
    prefix = ":".join(os.environ[name] for name in ("STAGE", "STRIPE_MODE", "REDIS_EPOCH"))
    for record in event["Records"]:
        id = json.loads(record["body"])["id"]
        item = {"id": {"S": id}, "outcome": {"S": "NOOP"}}
        boto3.client("dynamodb").put_item(TableName=os.environ["EVENTS_TABLE"], Item=item)
        Redis(url=upstash["url"], token=upstash["token"]).set(f"{prefix}:webhook:done:{id}", id)
    return {"batchItemFailures": []}
"""


@pytest.mark.parametrize(
    ("consumer", "sentence"),
    [
        (DOES_NOTHING, "webhook, queue, consumer: evt_"),
        (RECORDS_WITHOUT_GRANTING, "granted by the webhook alone: did not happen within"),
    ],
)
def test_it_fails_without_the_consumers_work(consumer: str, sentence: str, tmp_path: Path) -> None:
    shutil.copy(TEMPLATE, tmp_path)
    (tmp_path / "layers").symlink_to(ROOT / "layers")
    shutil.copytree(ROOT / "functions", tmp_path / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "functions" / "event_consumer" / "app.py").write_text(consumer)
    done = run_demo("--template", str(tmp_path / "template.yaml"), "--patience", "6")
    assert done.returncode == 1, done.stdout
    assert f"Failed: {sentence}" in done.stdout
