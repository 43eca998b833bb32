"""Parameters: what an installation decides, and what never stands in a template."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.template.rule import Rule, Template, change, parameter

SECRET = re.compile(r"(sk|rk)_(test|live)_\w{8,}|whsec_\w{8,}|AKIA[A-Z0-9]{16}|-----BEGIN|eyJ[\w-]{10,}")
DESCRIPTION = 256
"""Characters: https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html"""


def _parameters(template: Template) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = template.document["Parameters"]
    return found


def no_secret(template: Template) -> Iterator[str]:
    if found := SECRET.search(json.dumps(template.document)):
        yield f"the template holds {found[0][:8]}..."


def secrets_by_name(template: Template) -> Iterator[str]:
    """A secret that is a parameter, hidden or not, is in the stack, in the environment and in who may read these."""
    for name, each in _parameters(template).items():
        if each.get("NoEcho"):
            yield f"{name} is the secret itself"
    for name, each in template.functions():
        for variable, value in each["Environment"]["Variables"].items():
            if variable.endswith(("_KEY", "_TOKEN", "_PASSWORD")):
                yield f"{name}: {variable} is {value}"


def described(template: Template) -> Iterator[str]:
    for name, each in _parameters(template).items():
        if not each.get("Description") and name != "LogLevel":
            yield f"{name}: who deploys is asked for something that nobody explains"


def bounded(template: Template) -> Iterator[str]:
    """A switch takes what its function can read: a wrong one stops the deployment and not the function."""
    for name, each in _parameters(template).items():
        if each.get("Default") in ("true", "false") and each.get("AllowedValues") != ["true", "false"]:
            yield f"{name} takes what is neither true nor false"


def ranged(template: Template) -> Iterator[str]:
    for name, each in _parameters(template).items():
        if each["Type"] == "Number" and "AllowedValues" not in each and not {"MinValue", "MaxValue"} <= each.keys():
            yield f"{name} takes numbers that its function may refuse"


def answered(template: Template) -> Iterator[str]:
    """`sam deploy --guided` offers nothing for one without a default, and takes nothing for an answer."""
    for name, each in _parameters(template).items():
        if "Default" not in each and re.fullmatch(each.get("AllowedPattern", ""), ""):
            yield f"{name} may be left empty"


def used(template: Template) -> Iterator[str]:
    text = json.dumps([template.resources, template.document["Conditions"], template.document.get("Rules")])
    for name in _parameters(template):
        if f'"{name}"' not in text and f"${{{name}}}" not in text:
            yield f"{name} decides nothing"


def no_place(template: Template) -> Iterator[str]:
    """It goes into any account, region and partition."""
    for name, each in template.resources.items():
        text = json.dumps(each.get("Properties", {}))
        if found := re.search(r"\b[0-9]{12}\b|arn:aws:|\b(us|eu|ap)-[a-z]+-[0-9]\b", text):
            yield f"{name} names {found[0]}"


def _description(template: Template) -> str:
    """Of every version the same: the rule of versions holds that."""
    return str(next(template.of("AWS::Lambda::Version"))[1].get("Description", {}).get("Fn::Sub", ""))


def fits(template: Template) -> Iterator[str]:
    """The description of a version, with the longest value of each parameter."""
    text = _description(template)
    longest = {name: _longest(name, each) for name, each in _parameters(template).items()}
    size = len(re.sub(r"\$\{(\w+)\}", lambda found: "x" * longest[found[1]], text))
    if size > DESCRIPTION:
        yield f"a description of {size} characters stops the deployment"


def _longest(name: str, each: dict[str, Any]) -> int:
    if allowed := each.get("AllowedValues"):
        return max(len(str(value)) for value in allowed)
    if limit := each.get("MaxLength"):
        return int(limit)
    if name == "Release":
        return 40
    return len(str(each["MaxValue"])) if "MaxValue" in each else 6


def choices_are_in_versions(template: Template) -> Iterator[str]:
    """Else another value is stored at `$LATEST`, which nobody starts."""
    text = _description(template)
    environments = json.dumps([each["Environment"] for _, each in template.functions()])
    for name, each in _parameters(template).items():
        if name in ("Stage", "StripeMode") or not ("AllowedValues" in each or each["Type"] == "Number"):
            continue  # another stage is another stack
        if f'{{"Ref": "{name}"}}' in environments and f"${{{name}}}" not in text:
            yield f"{name} changes no version"


def _hidden(template: Template) -> None:
    template.document["Parameters"]["StripeApiKeySecret"]["NoEcho"] = True


def _unbounded(template: Template) -> None:
    del template.document["Parameters"]["TrialCredits"]["AllowedValues"]


def _endless(template: Template) -> None:
    del template.document["Parameters"]["MaxQuantity"]["MaxValue"]


RULES = (
    Rule(
        "no secret stands in the template", no_secret, parameter("StripeWebhookSecret", Default="whsec_of_nobody_0123")
    ),
    Rule("secrets come by name", secrets_by_name, _hidden),
    Rule("a parameter says what it is for", described, parameter("MaxQuantity", Description="")),
    Rule("a switch is true or false", bounded, _unbounded),
    Rule("a number has a least and a greatest value", ranged, _endless),
    Rule("what has no default takes no empty answer", answered, parameter("JwtIssuer", AllowedPattern=".*")),
    Rule(
        "a parameter decides something", used, parameter("Colour", Type="String", Default="", Description="Of nothing.")
    ),
    Rule(
        "no account, region or partition is written down",
        no_place,
        change("AlarmTopic", "DisplayName", to="arn:aws:sns:eu-central-1:1:x"),
    ),
    Rule("a version's description fits", fits, parameter("Levels", MaxLength=200)),
    Rule("a choice is part of a version", choices_are_in_versions, parameter("AppUrl", AllowedValues=["https://app"])),
)
