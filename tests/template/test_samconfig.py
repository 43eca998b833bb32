"""samconfig.toml: the three installations, each with its own names, and nothing that is secret."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.template.rules.parameters import SECRET

TEXT = (REPOSITORY / "samconfig.toml").read_text()
CONFIG: dict[str, Any] = tomllib.loads(TEXT)
SECRETS = ("StripeApiKeySecret", "StripeWebhookSecret", "UpstashSecret")
MODES = {"dev": "test", "staging": "test", "prod": "live"}


def overrides(environment: str) -> dict[str, str]:
    given = CONFIG[environment]["deploy"]["parameters"]["parameter_overrides"]
    return dict(each.split("=", 1) for each in given)


@pytest.mark.parametrize(("stage", "mode"), MODES.items())
def test_an_installation_has_its_own_stack_stage_and_mode(stage: str, mode: str) -> None:
    """Live mode is prod's alone: CloudFormation refuses a mix (tests/template/test_assertions.py)."""
    assert overrides(stage).items() >= {"Stage": stage, "StripeMode": mode}.items()
    assert CONFIG[stage]["global"]["parameters"]["stack_name"] == f"plumbline-{stage}"
    deploy = CONFIG[stage]["deploy"]["parameters"]
    assert deploy["tags"] == ["application=plumbline", f"stage={stage}"]
    assert deploy["capabilities"] == "CAPABILITY_IAM", "roles without names of their own: no more is asked for"
    assert deploy["resolve_s3"] is True
    assert deploy["template_file"] == ".aws-sam/build/template.yaml", "functions without packages would be deployed"
    assert deploy["fail_on_empty_changeset"] is False, "a pipeline may deploy the same again"


@pytest.mark.parametrize("environment", [*MODES, "default"])
def test_what_a_stack_uploads_is_its_own(environment: str) -> None:
    """Objects have the names of their contents, so that two stages with one build would share them in one bucket; and
    `sam delete` deletes "the artifacts that were packaged and deployed": a stage that is rolled back needs its own
    (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-delete.html).
    """
    assert (
        CONFIG[environment]["deploy"]["parameters"].get("s3_prefix")
        == CONFIG[environment]["global"]["parameters"]["stack_name"]
    )


def test_no_two_installations_share_a_secret(expanded: dict[str, Any]) -> None:
    """Of a signing secret that two have the one would take what was signed for the other; of a database the same."""
    named = [
        overrides(stage).get(parameter, expanded["Parameters"][parameter]["Default"])
        for stage in MODES
        for parameter in SECRETS
    ]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("stage", ["staging", "prod"])
def test_a_person_is_shown_what_will_change(stage: str) -> None:
    assert CONFIG[stage]["deploy"]["parameters"]["confirm_changeset"] is True


def test_who_names_no_environment_gets_dev() -> None:
    assert overrides("default") == overrides("dev")
    assert CONFIG["default"]["global"] == CONFIG["dev"]["global"]


def test_what_is_given_is_a_parameter(expanded: dict[str, Any]) -> None:
    given = {name for environment in (*MODES, "default") for name in overrides(environment)}
    assert given <= expanded["Parameters"].keys()


def test_no_secret_stands_there() -> None:
    assert not SECRET.search(TEXT)
    assert not re.search(r"\b[0-9]{12}\b", TEXT), "no account either"
