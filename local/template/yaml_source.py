"""Parse the template's YAML with CloudFormation's short forms (`!Ref`, `!GetAtt a.b`, `!Sub` ...)."""

from pathlib import Path
from typing import Any

import yaml

from local.template.errors import TemplateError


class _Loader(yaml.SafeLoader):
    """SafeLoader that also knows CloudFormation's tags, and leaves dates as text (policy versions look like dates)."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _short_form(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def parse(text: bytes, template: Path) -> dict[str, Any]:
    """Raise TemplateError naming the line when the text is not a YAML mapping."""
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader, see above
    except yaml.YAMLError as exc:
        raise TemplateError(f"{template.name} is not valid YAML: {' '.join(str(exc).split())}") from exc
    if not isinstance(document, dict):
        raise TemplateError(f"{template.name} holds no mapping.")
    return document
