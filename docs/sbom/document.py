"""The bill of materials, made from the lock: what `sam build` installs is what it says, or the hashes refuse it.

CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/). Without a time or a serial number, so that the same lock gives the
same text and a test can hold one to the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_US: Final = "plumbline"
_PINNED: Final = re.compile(r"([a-z0-9][a-z0-9._-]*)(?:\[[^]]*])?==([^ ;\\]+)")
_HASH: Final = re.compile(r" +--hash=sha256:([0-9a-f]{64})")
_VIA: Final = re.compile(r" +# +(?:via +)?([a-z0-9][a-z0-9._-]*)$")


@dataclass(frozen=True)
class Package:
    """A locked package: the hash of each of its files that may be installed, and what it is there for."""

    name: str
    version: str
    hashes: tuple[str, ...]
    wanted_by: tuple[str, ...]
    """Packages; ours, where we ask for it ourselves."""

    @property
    def url(self) -> str:
        """Its package URL: https://github.com/package-url/purl-spec."""
        return f"pkg:pypi/{self.name}@{self.version}"


def packages(lock: str) -> Iterator[Package]:
    """Read a lock as uv writes it. Raises ValueError for a line that is none of it."""
    for block in re.split(r"\n(?=[a-z0-9])", lock):
        first, *rest = block.splitlines()
        if first.startswith("#"):
            continue
        pinned = _PINNED.match(first)
        if pinned is None:
            raise ValueError(f"a lock has no such line: {first}")
        hashes = tuple(found[1] for line in rest if (found := _HASH.match(line)))
        wanted = tuple(found[1] for line in rest if (found := _VIA.match(line)) and found[1] != "via")
        ours = (_US,) if any("requirements.in" in line for line in rest) else ()
        yield Package(pinned[1], pinned[2], hashes, (*ours, *wanted))


def bill_of_materials(lock: str) -> dict[str, Any]:
    """The document of all that the lock holds."""
    found = sorted(packages(lock), key=lambda package: package.name)
    references = {_US: _US} | {package.name: package.url for package in found}
    needs: dict[str, list[str]] = {reference: [] for reference in references.values()}
    for package in found:
        for name in package.wanted_by:
            needs[references[name]].append(package.url)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": _US, "name": _US}},
        "components": [_component(package) for package in found],
        "dependencies": [{"ref": reference, "dependsOn": sorted(on)} for reference, on in needs.items()],
    }


def _component(package: Package) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": package.url,
        "name": package.name,
        "version": package.version,
        "purl": package.url,
        "hashes": [{"alg": "SHA-256", "content": content} for content in package.hashes],
    }
