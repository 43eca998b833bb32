"""`plumb webhook roll`: both secrets live during a rotation (F28), none ever shown (S16)."""

import json

import pytest

from tests.fakes.operator import Operator
from tests.unit.plumb.conftest import Deployed

NAME = "plumbline/stripe-webhook"
OLD, NEW, NEXT = "whsec_of_the_test_only", "whsec_new_of_the_test", "whsec_next_of_the_test"


def live(deployed: Deployed) -> list[str]:
    found: list[str] = json.loads(deployed.secrets.get_secret_value(SecretId=NAME)["SecretString"])["secrets"]
    return found


def test_a_rotation_keeps_the_newest_two_secrets(deployed: Deployed, plumb: Operator) -> None:
    """F28, S16."""
    deployed.deploy()
    deployed.store_secrets()
    first = plumb("webhook", "roll", "--stage", "staging", "--json", stdin=f"{NEW}\n")
    assert (first.code, first.document) == (0, {"secret": NAME, "live": 2})
    assert live(deployed) == [NEW, OLD]
    plumb("webhook", "roll", "--stage", "staging", stdin=f"{NEW}\n")
    assert live(deployed) == [NEW, OLD]
    plumb("webhook", "roll", "--stage", "staging", stdin=f"{NEXT}\n")
    assert live(deployed) == [NEXT, NEW]
    last = plumb("webhook", "roll", "--stage", "staging", "--finish")
    assert live(deployed) == [NEXT]
    assert "whsec" not in first.out + first.err + last.out + last.err


@pytest.mark.parametrize("typed", ["", "sk_test_0123456789abcdef", "whsec_a b", "whsec_1"])
def test_what_is_no_secret_is_refused(deployed: Deployed, plumb: Operator, typed: str) -> None:
    deployed.deploy()
    deployed.store_secrets()
    result = plumb("webhook", "roll", "--stage", "staging", stdin=typed)
    assert (result.code, live(deployed)) == (1, [OLD])
    assert "whsec_ab" not in result.err


def test_a_placeholder_gives_way(deployed: Deployed, plumb: Operator) -> None:
    deployed.deploy()
    deployed.secrets.create_secret(Name=NAME, SecretString='{"secrets": ["whsec_..."]}')
    assert plumb("webhook", "roll", "--stage", "staging", stdin=NEW).code == 0
    assert live(deployed) == [NEW]


def test_a_secret_that_is_not_there_yet(deployed: Deployed, plumb: Operator) -> None:
    deployed.deploy()
    assert plumb("webhook", "roll", "--stage", "staging", stdin=NEW).code == 0
    assert live(deployed) == [NEW]


def test_live_mode_asks_first(deployed: Deployed, plumb: Operator) -> None:
    """S28: nobody can be asked here, so nothing is written without --yes."""
    deployed.deploy("plumbline-prod", STAGE="prod", STRIPE_MODE="live")
    deployed.store_secrets()
    refused = plumb("webhook", "roll", "--stage", "prod", stdin=NEW)
    assert refused.code == 2
    assert "This writes to live mode, and was not agreed to: pass --yes." in refused.err
    assert live(deployed) == [OLD]
    assert plumb("webhook", "roll", "--stage", "prod", "--yes", stdin=NEW).code == 0
    assert live(deployed) == [NEW, OLD]


@pytest.mark.parametrize(("typed", "code", "left"), [("y\n", 0, [NEW]), ("n\n", 1, [NEW, OLD]), ("", 130, [NEW, OLD])])
def test_live_mode_asks_at_a_terminal(
    deployed: Deployed, plumb: Operator, typed: str, code: int, left: list[str]
) -> None:
    """S28: the question names the stage and that it is live; no answer is a no."""
    deployed.deploy("plumbline-prod", STAGE="prod", STRIPE_MODE="live")
    deployed.secrets.create_secret(Name=NAME, SecretString=json.dumps({"secrets": [NEW, OLD]}))
    result = plumb("webhook", "roll", "--finish", "--stage", "prod", stdin=typed, terminal=True)
    assert (result.code, live(deployed)) == (code, left)
    assert "Change the live signing secrets? Stage prod (live mode). [y/N]" in result.out + result.err


def test_test_mode_does_not_ask(deployed: Deployed, plumb: Operator) -> None:
    deployed.deploy()
    deployed.store_secrets()
    assert plumb("webhook", "roll", "--finish", "--stage", "staging", terminal=True).code == 0
