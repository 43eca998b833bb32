"""What the SAM CLI uploads is what `make build` made: it packs the folders as they are, and builds nothing again.

`sam package` is the first half of `sam deploy`, and all of it that can be run without an account: here into moto's S3.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from artefacts.build import REPOSITORY, TOOLS, built
from artefacts.sam import DEPLOYED
from tests.built import may_build, needs_build

pytestmark = [needs_build, may_build]

Files = list[tuple[str, str]]

ACCESS = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_the_built_folders_are_uploaded_byte_for_byte(s3: str, tmp_path: Path) -> None:
    folder, packaged = built(DEPLOYED), tmp_path / "packaged.yaml"
    bucket = boto3.resource(
        "s3", endpoint_url=s3, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    ).create_bucket(Bucket="artefacts")
    template = ("--template-file", str(folder / "template.yaml"), "--output-template-file", str(packaged))
    ran = subprocess.run(
        [str(TOOLS / "sam"), "package", "--s3-bucket", bucket.name, *template],
        cwd=REPOSITORY,
        env=os.environ | ACCESS | {"AWS_ENDPOINT_URL": s3, "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    uploaded = [contents(each.get()["Body"].read()) for each in bucket.objects.all()]
    parts = [path for path in folder.iterdir() if path.is_dir()]
    assert sorted(uploaded) == sorted(map(files, parts))
    assert len(re.findall(r"^ +(?:CodeUri|ContentUri): s3://", packaged.read_text(), re.MULTILINE)) == len(parts)


def contents(archive: bytes) -> Files:
    """The files of a zip, in order, with a digest of each."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        names = [name for name in opened.namelist() if not name.endswith("/")]
        return sorted((name, sha256(opened.read(name)).hexdigest()) for name in names)


def files(folder: Path) -> Files:
    """The same of a folder."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return sorted((path.relative_to(folder).as_posix(), sha256(path.read_bytes()).hexdigest()) for path in paths)
