"""Tell a run as numbered sentences: who did what, what struck, how each invocation ended, and what did not hold."""

from __future__ import annotations

import re

from tests.simulation.run import Outcome

_ID = re.compile(r"\b([a-z]{2,5}(?:_test)?)_[A-Za-z0-9]*[0-9a-f]{12,}\b")


def story(outcome: Outcome) -> str:
    """The sentences, with short names for Stripe's long ids."""
    names: dict[str, str] = {}

    def short(found: re.Match[str]) -> str:
        known = names.get(found.group())
        if known is None:
            kind = found.group(1)
            number = 1 + sum(name.startswith(f"{kind}_") for name in names.values())
            known = names[found.group()] = f"{kind}_{number}"
        return known

    told = [_ID.sub(short, sentence.split("] ", 1)[1]) for sentence in outcome.story]
    failure = _ID.sub(short, outcome.failure or "everything holds")
    lines = [f"{number:4}. {sentence}" for number, sentence in enumerate(told, 1)]
    return "\n".join([f"seed {outcome.seed}, {len(outcome.tape)} decisions", *lines, f"      {failure}"])
