"""What an operator's credentials need for `plumb` stands in docs/plumb.md: each call that its own code makes of AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator

import botocore.session
import pytest
from botocore import xform_name

from tests.unit.docs.commands import ROOT

PAGE = (ROOT / "docs/plumb.md").read_text()
SERVICES = ("cloudformation", "cloudwatch", "dynamodb", "lambda", "pipes", "secretsmanager", "sns", "sqs")
READS = re.compile(r"(dynamodb|sqs):(BatchGet|Describe|Get|Scan)")
"""The page says "read access to its tables and queues"."""


def called() -> Iterator[str]:
    """As IAM names them; by the methods of boto3's clients, of which those with one word are common words."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "plumb").rglob("*.py")))
    names = {*re.findall(r"\.([a-z]+(?:_[a-z]+)+)\(", text), *re.findall(r'get_paginator\("(\w+)"\)', text)}
    for service in SERVICES:
        for operation in botocore.session.get_session().get_service_model(service).operation_names:
            if xform_name(operation) in names:
                yield f"{service}:{operation}"


@pytest.mark.parametrize("action", [action for action in called() if not READS.match(action)])
def test_a_call_of_plumb_is_among_the_rights_that_its_page_asks_for(action: str) -> None:
    service, operation = action.split(":")
    assert f"`{service}:" in PAGE
    assert re.search(rf"[`:]{operation}`", PAGE)
