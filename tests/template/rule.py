"""A rule of the template, and the change that breaks it.

A rule looks at the template as AWS gets it: expanded by AWS's own translator, with parameters and conditions as they
are written. It says what is wrong, in a sentence for each place. Its `broken` spoils a copy in the one way that the
rule is there for, so that a rule that never speaks is found (tests/template/test_rules.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


class Template:
    """The expanded template."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @property
    def resources(self) -> dict[str, Any]:
        found: dict[str, Any] = self.document["Resources"]
        return found

    def of(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Logical id and properties of each resource of this type."""
        for name, each in self.resources.items():
            if each["Type"] == kind:
                yield name, each.get("Properties", {})

    def functions(self) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from self.of("AWS::Lambda::Function")

    def one(self, kind: str) -> dict[str, Any]:
        [(_, properties)] = self.of(kind)
        return properties

    def routes(self) -> dict[str, dict[str, Any]]:
        """By `METHOD /path`, what the API's body says of it."""
        paths = self.one("AWS::ApiGatewayV2::Api")["Body"]["paths"]
        return {f"{verb.upper()} {path}": each for path, verbs in paths.items() for verb, each in verbs.items()}

    def public_routes(self) -> set[str]:
        return {route for route, each in self.routes().items() if not any(each.get("security", []))}

    def behind_routes(self) -> set[str]:
        """The functions that somebody waits for."""
        text = json.dumps(list(self.routes().values()))
        return {name for name, _ in self.functions() if alias_of(name) in text}

    def statements(self, role: str) -> list[dict[str, Any]]:
        """All that a role allows."""
        policies = self.resources[role]["Properties"].get("Policies", [])
        return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]

    def roles_of_functions(self) -> Iterator[str]:
        for name, each in self.functions():
            if isinstance(each.get("Role"), dict):
                yield each["Role"].get("Fn::GetAtt", [name])[0]


Check = Callable[[Template], Iterator[str]]
Change = Callable[[Template], None]


@dataclass(frozen=True)
class Rule:
    says: str
    check: Check
    broken: Change
    also: frozenset[str] = frozenset()
    """What else must speak of such a change, by what it says: most rules speak alone."""


def alias_of(function: str) -> str:
    """The logical id that SAM gives the alias `live` of a function."""
    return f"{function}Aliaslive"


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def change(name: str, *path: str | int, to: Any) -> Change:
    """Set a property; `*` in a name stands for the hash that SAM puts at its end."""

    def spoil(template: Template) -> None:
        place = _resource(template, name).setdefault("Properties", {})
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return spoil


def drop(name: str, *path: str | int) -> Change:
    """Remove a property."""

    def spoil(template: Template) -> None:
        place = _resource(template, name)["Properties"]
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return spoil


def mark(name: str, **attributes: Any) -> Change:
    """Set what stands beside a resource's properties."""
    return lambda template: _resource(template, name).update(attributes)


def remove(name: str) -> Change:
    """Take a resource out."""

    def spoil(template: Template) -> None:
        template.resources.pop(_name(template, name))

    return spoil


def allow(role: str, actions: list[str], resource: Any, **more: Any) -> Change:
    """Let a role do something else as well."""

    def spoil(template: Template) -> None:
        template.statements(role)  # there is such a role
        document = template.resources[role]["Properties"]["Policies"][0]["PolicyDocument"]
        document["Statement"].append({"Effect": "Allow", "Action": actions, "Resource": resource, **more})

    return spoil


def parameter(name: str, **values: Any) -> Change:
    """Declare a parameter, or another default of one."""
    return lambda template: template.document["Parameters"].setdefault(name, {}).update(values)


def _name(template: Template, pattern: str) -> str:
    return next(name for name in template.resources if fnmatchcase(name, pattern))


def _resource(template: Template, pattern: str) -> dict[str, Any]:
    found: dict[str, Any] = template.resources[_name(template, pattern)]
    return found
