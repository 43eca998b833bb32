"""The tree keeps the house rules, and each rule is seen to fail on a planted violation."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.house_rules import CODE_LINES, TEST_LINES, problems

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "layers/billing/python/billing/domain/decide.py"
SERVICE = "layers/billing/python/billing/services/converge.py"
WEBHOOK = "functions/webhook/app.py"
HANDLER = "def lambda_handler(event, context): ...\n"

# Built and downloaded things, and the developer's own .env. Hidden folders but .ci are tools' caches and environments.
NOT_OURS = {"__pycache__", "node_modules", "test-results", ".env", ".git"}  # in a worktree, .git is a file


def files(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Walk the tree without asking git, so that an unpacked archive is checked as well."""
    for folder, folders, names in os.walk(root):
        folders[:] = [n for n in folders if n == ".ci" or not (n.startswith(".") or n in NOT_OURS)]
        for name in names:
            path = Path(folder, name)
            content = path.read_bytes()
            if name not in NOT_OURS and b"\0" not in content[:4096]:
                yield path.relative_to(root).as_posix(), content.decode()


def test_the_tree_keeps_every_rule() -> None:
    seen = dict(files())
    assert {"Makefile", ".ci/run", "pyproject.toml", "template.yaml", DOMAIN, WEBHOOK} <= seen.keys()
    found = [problem for path, text in seen.items() for problem in problems(path, text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source", "sentence"),
    [
        # who may import whom
        (DOMAIN, "import stripe\n", "may not import stripe"),
        (DOMAIN, "from billing.ports.world import Clock\n", "may not import billing.ports.world.Clock"),
        (DOMAIN, "from billing import config\n", "may not import billing.config"),
        (DOMAIN, "from .. import services\n", "may not import billing.services"),
        (DOMAIN, "def late():\n    import boto3\n", "may not import boto3"),
        (DOMAIN, "import pydantic\n", "may not import pydantic"),
        (SERVICE, "from billing.adapters.sqs_queue import SqsQueue\n", "may not import billing.adapters.sqs_queue"),
        (SERVICE, "import local.stripe\n", "may not import local.stripe"),
        (SERVICE, "from tests.unit import fakes\n", "may not import tests.unit.fakes"),
        (
            "layers/billing/python/billing/ports/store.py",
            "import billing.services\n",
            "may not import billing.services",
        ),
        ("layers/billing/python/billing/config/__init__.py", "import boto3\n", "may not import boto3"),
        ("layers/billing/python/billing/http/reply.py", "import stripe\n", "may not import stripe"),
        ("layers/billing/python/billing/bootstrap/webhook.py", "import boto3\n", "may not import boto3"),
        ("layers/billing/python/billing/adapters/sqs_queue.py", "import stripe\n", "may not import stripe"),
        ("layers/billing/python/billing/adapters/stripe_api.py", "import boto3\n", "may not import boto3"),
        (
            "layers/billing/python/billing/adapters/upstash_cache.py",
            "from billing.adapters.secrets import read\n",
            "may not import billing.adapters.secrets",
        ),
        ("layers/billing/python/billing/helpers.py", "", "is in no room"),
        (WEBHOOK, f"import boto3\n{HANDLER}", "may not import boto3"),
        (WEBHOOK, f"from billing.adapters import secrets\n{HANDLER}", "may not import billing.adapters.secrets"),
        (WEBHOOK, f"from functions.account.app import reply\n{HANDLER}", "may not import functions.account"),
        ("local/gateway/app.py", "from billing.http import header\n", "may not import billing.http"),
        ("local/run.py", "from plumb.site import Site\n", "may not import plumb.site"),
        (SERVICE, "import plumb.world\n", "may not import plumb.world"),
        (WEBHOOK, f"import plumb.world\n{HANDLER}", "may not import plumb.world"),
        ("plumb/world.py", "from local.stack import Stack\n", "may not import local.stack"),
        ("plumb/world.py", "import functions.account.app\n", "may not import functions.account.app"),
        ("artefacts/layer.py", "import billing.config\n", "may not import billing.config"),
        # nothing of the world in the core
        (DOMAIN, "import time\n", "may not import time"),
        (DOMAIN, "from os import path\n", "may not import os.path"),
        (SERVICE, "import random\n", "may not import random"),
        (SERVICE, "from uuid import uuid4\n", "may not import uuid"),
        (SERVICE, "import secrets\n", "may not import secrets"),
        (SERVICE, "from concurrent.futures import ThreadPoolExecutor\n", "may not import concurrent"),
        (SERVICE, "from urllib.request import urlopen\n", "may not import urllib.request"),
        (SERVICE, "from datetime import UTC, datetime\nx = datetime.now(UTC)\n", "may not read the clock"),
        (SERVICE, "import datetime\nx = datetime.date.today()\n", "may not read the clock"),
        (SERVICE, "x = open('f')\n", "may not open()"),
        # the environment
        (WEBHOOK, f"import os\nx = os.environ['X']\n{HANDLER}", "only billing/config/environment.py reads"),
        (
            "layers/billing/python/billing/bootstrap/webhook.py",
            "from os import getenv\n",
            "only billing/config/environment.py reads",
        ),
        # shape
        (WEBHOOK, "def handler(event, context): ...\n", "has no lambda_handler"),
        (WEBHOOK, "def lambda_handler(event): ...\n", "has no lambda_handler"),
        ("local/big.py", "x = 1\n" * (CODE_LINES + 1), "301 lines"),
        ("storefront/assets/big.js", "x\n" * (CODE_LINES + 1), "301 lines"),
        ("tests/unit/test_big.py", "x = 1\n" * (TEST_LINES + 1), "351 lines"),
        # what no file may contain
        ("README.md", "key: sk_" + "live_0123456789abcdef", "live Stripe key"),
        ("samconfig.toml", "key = 'rk_" + "live_0123456789abcdef'", "live Stripe key"),
        ("events/a.json", '"AKIA' + 'IOSFODNN7EXAMPLE"', "AWS key"),
        ("local/key.pem", "-----BEGIN RSA PRIVATE " + "KEY-----", "private key"),
        ("local/a.py", "x = 1  # TO" + "DO later", "leaves something to do"),
        ("docs/a.md", "see /ro" + "ot/project/x", "path of one machine"),
        ("docs/a.md", "`/Us" + "ers/jo/x`", "path of one machine"),
        ("requirements/dev.txt", "--index-" + "url https://example.com/simple", "package index"),
    ],
)
def test_a_planted_violation_is_found(path: str, source: str, sentence: str) -> None:
    assert any(sentence in problem for problem in problems(path, source)), problems(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (DOMAIN, "import hmac\nfrom datetime import datetime, timedelta\nfrom billing.errors import Permanent\n"),
        (SERVICE, "from billing.ports import Clock\ndef f(clock: Clock): return clock.now()\n"),
        ("layers/billing/python/billing/adapters/stripe_api/reader.py", "import time\nimport stripe\n"),
        ("layers/billing/python/billing/bootstrap/webhook.py", "from billing.adapters import sqs_queue\n"),
        ("layers/billing/python/billing/config/environment.py", "import os\nx = os.environ\n"),
        (WEBHOOK, f"from billing.bootstrap.webhook import dependencies\nfrom billing.http import reply\n{HANDLER}"),
        ("local/a.py", "x = 1\n" * CODE_LINES),
        ("docs/a.md", "GET http://127.0.0.1:8788/work/ and ./root/ and sk_test_" + "0123456789"),
    ],
)
def test_what_is_allowed_passes(path: str, source: str) -> None:
    assert problems(path, source) == []


def test_env_example_lists_every_setting() -> None:
    """A setting that somebody must find by reading code is a setting that nobody finds."""
    listed = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    config = "".join(path.read_text() for path in (ROOT / "layers/billing/python/billing/config").glob("*.py"))
    read = set(re.findall(r"\.(?:text|whole|origin|flag|one_of)\(\s*\"([A-Z][A-Z0-9_]+)\"", config))
    for path, text in files():
        if path.startswith(("local/", "tests/")) and path.endswith(".py"):
            read |= set(re.findall(r"\"(PLUMBLINE_[A-Z0-9_]+|STRIPE_[A-Z_]+|UPSTASH_[A-Z_]+|REDIS_URL)\"", text))
    assert read - listed == set()
    assert {"STAGE", "PLUMBLINE_DYNAMODB_URL"} <= read, "the search itself is broken"
