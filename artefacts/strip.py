"""Take out of the layer of dependencies what no function reads: `unneeded.toml` says what, and why.

Lambda fetches and unpacks the layers before a cold start, and botocore reads the endpoints of all of AWS to make one
client. What is left is held to work by tests/integration/artefacts.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

_RULES = Path(__file__).with_name("unneeded.toml")
SERVICES = frozenset({"dynamodb", "secretsmanager", "sqs"})
"""What `billing.adapters.aws_client` makes clients of, as botocore names it."""


@dataclass(frozen=True)
class Rule:
    """One reason, and the patterns of paths that go for it, and that stay."""

    reason: str
    goes: tuple[str, ...]
    stays: tuple[str, ...] = ()


def rules(text: str | None = None) -> tuple[Rule, ...]:
    """Read the rules; a key that is none is an error."""
    read = tomllib.loads(_RULES.read_text() if text is None else text)
    return tuple(
        Rule(each.pop("reason"), tuple(each.pop("goes")), tuple(each.pop("stays", ())), **each) for each in read["rule"]
    )


def strip(packages: Path, unneeded: Iterable[Rule]) -> None:
    """Delete below `packages` what the rules name, and the folders that this empties.

    Raises ClickException for a rule that finds nothing.
    """
    for rule in unneeded:
        staying = {path for pattern in rule.stays for path in packages.glob(pattern)}
        for pattern in rule.goes:
            going = [path for path in packages.glob(pattern) if path.is_file() and path not in staying]
            if not going:
                raise click.ClickException(f"unneeded.toml: nothing is named {pattern} any more")
            for path in going:
                path.unlink()
    for folder in sorted((path for path in packages.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def trim_endpoints(file: Path) -> None:
    """Leave in botocore's list of endpoints the services that we call, in every region of every partition.

    A client reads all of it, 1.2 MB for 300 services, to learn the name that its region signs with
    (botocore/regions.py).
    """
    endpoints = json.loads(file.read_text())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: each for name, each in partition["services"].items() if name in SERVICES}
    file.write_text(json.dumps(endpoints, separators=(",", ":")))
