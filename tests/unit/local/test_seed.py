"""What the local system puts into Stripe."""

from pathlib import Path

import pytest

from billing.domain.events import HANDLED
from billing.http.caller import MACHINE_SCOPES
from local.errors import StartError
from local.issuer import tokens
from local.run import seed_catalog
from local.seed import webhook_events
from local.supervisor.ports import free_ports


def test_the_endpoint_gets_exactly_the_handled_events() -> None:
    """The local system must not share the program's code, so it has a list of its own: the two may not drift."""
    assert sorted(webhook_events()) == sorted(HANDLED)


def test_the_scopes_are_those_of_the_program() -> None:
    """Of them the local system has its own list, too."""
    assert tokens.MACHINE_SCOPES == MACHINE_SCOPES


def test_without_a_key_and_without_a_running_stand_in_there_is_nothing_to_fill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STRIPE_SECRET_KEY", raising=False)
    monkeypatch.setenv("PLUMBLINE_STRIPE_PORT", str(free_ports().stripe))
    with pytest.raises(StartError, match=r"no STRIPE_SECRET_KEY is in \.env, and `make run`.* is not running\.$"):
        seed_catalog(tmp_path / ".env")
