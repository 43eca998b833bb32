"""One who is named and has no account is an error of every command, also for programs."""

import json

import pytest

from tests.fakes.operator import Operator
from tests.unit.plumb.conftest import Deployed


@pytest.mark.parametrize(
    "call", [("account",), ("check",), ("check", "--no-cache"), ("resync",), ("forget", "--yes")], ids=" ".join
)
def test_a_user_without_an_account_is_an_error(deployed: Deployed, plumb: Operator, call: tuple[str, ...]) -> None:
    deployed.deploy()
    deployed.store_secrets()
    told = plumb(*call, "nobody", "--stage", "staging")
    assert (told.code, told.out, told.err) == (1, "", "There is no account of nobody.\n")
    program = plumb(*call, "nobody", "--stage", "staging", "--json")
    assert (program.code, program.out) == (1, "")
    assert json.loads(program.err) == {"error": {"code": "failed", "message": "There is no account of nobody."}}


def test_nobody_to_check_is_no_error(deployed: Deployed, plumb: Operator) -> None:
    """Only a name can be mistyped: an installation without accounts is well."""
    deployed.deploy()
    deployed.store_secrets()
    told = plumb("check", "--stage", "staging")
    assert (told.code, told.out, told.err) == (0, "", "")
