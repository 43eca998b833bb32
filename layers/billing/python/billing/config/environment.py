"""Reading the environment: the one place that does."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from billing.errors import Misconfigured

_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]", "host.docker.internal")
"""The last is its name in a container of `sam local invoke`; on Lambda it is nobody's."""
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:(?P<port>[0-9]{1,5}))?/?", re.ASCII
)
_LAST_PORT = 65_535


class Environment:
    """Reads variables by name; every refusal names the variable."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values

    def text(self, name: str, *, default: str | None = None, pattern: str = r".+") -> str:
        """The variable's text; empty counts as missing, `default` (which may be empty) stands in for it."""
        value = self._values.get(name, "").strip()
        if not value:
            if default is None:
                raise Misconfigured(f"the setting {name} is missing", setting=name)
            return default
        if not re.fullmatch(pattern, value):
            raise Misconfigured(f"the setting {name} is malformed", setting=name)
        return value

    def whole(self, name: str, *, low: int, high: int) -> int:
        """The variable as a whole number within bounds."""
        value = self.text(name, pattern=r"[0-9]{1,9}")
        if not low <= int(value) <= high:
            raise Misconfigured(f"the setting {name} must be from {low} to {high}", setting=name)
        return int(value)

    def one_of(self, name: str, *words: str) -> str:
        """The variable as one of a few words."""
        return self.text(name, pattern="|".join(re.escape(word) for word in words))

    def names(self, name: str) -> tuple[str, ...]:
        """The variable as names in capitals with commas between them, each of them once."""
        found = tuple(self.text(name, pattern=r"[A-Z][A-Z0-9_]*(,[A-Z][A-Z0-9_]*)*").split(","))
        if len(set(found)) != len(found):
            raise Misconfigured(f"the setting {name} names something twice", setting=name)
        return found

    def flag(self, name: str) -> bool:
        """The variable as `true` or `false`."""
        return self.one_of(name, "true", "false") == "true"

    def origin(self, name: str, *, default: str | None = None) -> str:
        """The variable as scheme, host and port with nothing after; plain http only on this machine."""
        value = self.text(name, default=default)
        if value == "" and default == "":
            return ""
        parts = _ORIGIN.fullmatch(value)
        if parts is None or int(parts["port"] or 0) > _LAST_PORT:
            raise Misconfigured(f"the setting {name} must be an origin: https, a host, and nothing after", setting=name)
        if parts["scheme"] == "http" and parts["host"] not in _THIS_MACHINE:
            raise Misconfigured(f"the setting {name} must be an https address", setting=name)
        return value.rstrip("/")
