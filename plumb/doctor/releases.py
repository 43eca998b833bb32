"""Releases: whether callers get what was deployed last.

Everybody starts the alias of a function. What only reached the function itself, by hand or by a deployment that named
no new `Release` (docs/pipeline.md, "How a release rolls out"), is stored and never used, and nothing else says so.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from plumb.doctor.finding import Finding, ok, warn
from plumb.stages.deployed import ALIAS
from plumb.world import World

_OF_CODE = {"CodeSha256": "its code", "Role": "its role", "Timeout": "its time limit", "MemorySize": "its memory"}
_FIX = "So it is while a release rolls out; else deploy again, with another Release (docs/pipeline.md)."


def releases(world: World) -> Iterator[Finding]:
    """What runs behind each alias, against what the function would be published as. Locally there is one of each."""
    if world.site.local:
        return
    client = world.site.client("lambda")
    behind = 0
    for logical_id, name in world.site.names.items():
        runs = client.get_function_configuration(FunctionName=name, Qualifier=ALIAS)
        stored = client.get_function_configuration(FunctionName=name)
        if differing := sorted(_differing(runs, stored)):
            behind += 1
            yield warn("releases", f"{logical_id} was changed, and does not run with {', '.join(differing)}.", _FIX)
    if not behind:
        yield ok("releases", f"All {len(world.site.names)} functions run as they were deployed last.")


def _differing(runs: Mapping[str, Any], stored: Mapping[str, Any]) -> Iterator[str]:
    """Variables by their names: values may be addresses that are nobody's business."""
    yield from (told for field, told in _OF_CODE.items() if runs.get(field) != stored.get(field))
    if _layers(runs) != _layers(stored):
        yield "its layers"
    before, after = (found.get("Environment", {}).get("Variables", {}) for found in (runs, stored))
    yield from (name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _layers(found: Mapping[str, Any]) -> list[str]:
    return [layer["Arn"] for layer in found.get("Layers", [])]
