"""A deployed stage: its stack is named in samconfig.toml, and its functions' own environments say the rest.

Read from the functions and not from the stack's parameters: what they run with is what counts, and that is the version
behind the alias, whatever was changed by hand since. Only names of secrets stand there (failure-modes S18).
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from plumb.errors import PlumbError
from plumb.given import unreadable
from plumb.site import Site

ALIAS = "live"
"""What every caller of a function starts: template.yaml, `AutoPublishAlias`."""
_FUNCTION = "AWS::Lambda::Function"
_LOOKED_AT = ("AWS::Pipes::Pipe", "AWS::SNS::Topic", "AWS::SQS::Queue")
"""Types of which the doctor asks by what `Ref` gives."""
_SAMCONFIG = Path(__file__).resolve().parents[2] / "samconfig.toml"


def deployed_stack(
    stage: str, stack: str | None = None, region: str | None = None, samconfig: Path = _SAMCONFIG
) -> Site:
    """Read a stack. Raises PlumbError when there is none, and what boto3 raises."""
    name, configured = (stack, None) if stack else _stack_of(stage, samconfig)
    place = region or configured or os.environ.get("AWS_REGION")  # boto3 reads AWS_DEFAULT_REGION alone
    session = boto3.Session(region_name=place)
    description = _describe(session.client("cloudformation"), name)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
    made = list(_resources(session, name))
    names = {logical_id: physical for kind, logical_id, physical in made if kind == _FUNCTION}
    functions = dict(_environments(session, names))
    if "ApiUrl" not in outputs or not functions:
        raise PlumbError(f"The stack {name} is no installation of Plumbline: it has no functions or no output ApiUrl.")
    return Site(
        stage=stage,
        functions=functions,
        names=names,
        resources={logical_id: physical for kind, logical_id, physical in made if kind in _LOOKED_AT},
        api_url=outputs["ApiUrl"],
        local=False,
        aws={"AWS_DEFAULT_REGION": session.region_name, "AWS_REGION": session.region_name},
    )


def _stack_of(stage: str, samconfig: Path) -> tuple[str, str | None]:
    """Stack and region of the environment in samconfig.toml whose parameters say `Stage=` this stage.

    Two may, `default` and `dev`, and only one of them need say the region.
    """
    try:
        environments = tomllib.loads(samconfig.read_text())
    except (OSError, RecursionError, ValueError) as exc:
        raise unreadable(samconfig.name, exc) from exc
    stages: dict[str, tuple[str, str | None]] = {}
    for environment in environments.values():
        if not isinstance(environment, Mapping):
            continue
        shared, deploy = (environment.get(part, {}).get("parameters", {}) for part in ("global", "deploy"))
        stack = shared.get("stack_name") or deploy.get("stack_name")
        named = _overrides(deploy.get("parameter_overrides", [])).get("Stage")
        if stack and named:
            _, before = stages.get(named, (stack, None))
            stages[named] = (stack, shared.get("region") or deploy.get("region") or before)
    if stage not in stages:
        raise PlumbError(f"{samconfig.name} has no stage {stage}: there is local, {', '.join(stages)}.")
    return stages[stage]


def _overrides(given: Any) -> dict[str, str]:
    """`parameter_overrides`, which SAM takes as a list or as one text."""
    texts = given.split() if isinstance(given, str) else given
    return {key: value.strip('"') for key, _, value in (text.partition("=") for text in texts)}


def _describe(cloudformation: Any, name: str) -> dict[str, Any]:
    try:
        (description,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as exc:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html: "If the stack does
        # not exist, a ValidationError is returned."
        if exc.response["Error"]["Code"] == "ValidationError":
            where = cloudformation.meta.region_name
            raise PlumbError(f"There is no stack {name} in {where}: is it the right account and region?") from exc
        raise
    found: dict[str, Any] = description
    return found


def _resources(session: Any, stack: str) -> Iterator[tuple[str, str, str]]:
    """Type, logical id and physical id; what was never made has none."""
    for page in session.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack):
        for resource in page["StackResourceSummaries"]:
            if physical := resource.get("PhysicalResourceId"):
                yield resource["ResourceType"], resource["LogicalResourceId"], physical


def _environments(session: Any, names: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    functions = session.client("lambda")
    for logical_id, name in names.items():
        found = functions.get_function_configuration(FunctionName=name, Qualifier=ALIAS)
        yield logical_id, dict(found.get("Environment", {}).get("Variables", {}))
