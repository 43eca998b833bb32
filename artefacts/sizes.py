"""How large what is deployed is, against Lambda's limit."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

LIMIT = 250 * 2**20
"""Bytes of a function and its layers together, unzipped.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#function-configuration-deployment-and-execution
"""


@dataclass(frozen=True)
class Size:
    """Bytes of one artefact; `zipped` without the zip's own table of contents."""

    name: str
    unzipped: int
    zipped: int


def size_of(folder: Path) -> Size:
    """Measure one function's or layer's folder. `sam deploy` zips with zlib at its usual level."""
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return Size(folder.name, sum(map(len, contents)), sum(len(zlib.compress(each)) for each in contents))


def largest(layers: list[Size], functions: list[Size]) -> int:
    """Bytes of the largest function with its layers: each function has them all (template.yaml, Globals)."""
    return sum(layer.unzipped for layer in layers) + max(function.unzipped for function in functions)


def table(sizes: list[Size]) -> str:
    """Lines for people."""
    lines = [f"{'':<24}{'unzipped':>12}{'zipped':>12}"]
    lines += [f"{size.name:<24}{text(size.unzipped):>12}{text(size.zipped):>12}" for size in sizes]
    return "\n".join(lines)


def text(size: int) -> str:
    """Bytes for people, in Lambda's units: its MB is 1,048,576 bytes."""
    return f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{size / 2**10:.1f} KB"
