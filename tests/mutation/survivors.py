"""The mutants that survive, each with the reason why no test can or need tell it from the code."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent / "survivors"

type Name = tuple[str, str, str, str, int]
"""A mutant's file, function, words before and after, and which it is of several alike in that function."""


@dataclass(frozen=True)
class Survivor:
    """A mutant that is known to survive."""

    name: Name
    why: str


@dataclass(frozen=True)
class Difference:
    """What a run found that the list does not say, and what the list says that the run did not find."""

    unexplained: tuple[Name, ...]
    stale: tuple[Name, ...]


def read_survivors(folder: Path = HERE) -> list[Survivor]:
    """All of the list. Raises ValueError for one that is there twice or has no reason."""
    found: dict[Name, Survivor] = {}
    for path in sorted(folder.glob("*.toml")):
        for at in tomllib.loads(path.read_text())["survivor"]:
            name = (at["file"], at["function"], at["was"], at["becomes"], at.get("nth", 1))
            if name in found or not at["why"].strip():
                raise ValueError(f"{path.name}: twice, or without a reason: {name}")
            found[name] = Survivor(name, at["why"])
    return list(found.values())


def compared(tried: Collection[str], survived: Iterable[Name], known: Iterable[Survivor]) -> Difference:
    """Hold the survivors of a run over some files against the list."""
    named = {survivor.name for survivor in known if survivor.name[0] in tried}
    found = set(survived)
    return Difference(tuple(sorted(found - named)), tuple(sorted(named - found)))


def written(name: Name, why: str = "") -> str:
    """An entry of the list."""
    file, function, was, becomes, nth = name
    lines = ["[[survivor]]", f"file = {_text(file)}", f"function = {_text(function)}"]
    lines += [f"was = {_text(was)}", f"becomes = {_text(becomes)}"]
    lines += [f"nth = {nth}"] if nth > 1 else []
    return "\n".join([*lines, f"why = {_text(why)}", ""])


def _text(words: str) -> str:
    """A TOML string: as it stands where it can be, so that code stays readable."""
    return f"'{words}'" if words.isprintable() and "'" not in words else json.dumps(words, ensure_ascii=False)
