"""What the team sells for credits. The same job always comes out the same, so a request sent twice shows one result."""

import random

NAME_COSTS = 10
PARAGRAPH_MAY_COST = 50
"""A credit for each word; how many there will be is known only once it is written."""
MOTTO_LEVELS = ("PRO", "TEAM")
"""A motto costs no credits: it comes with these levels."""

_HOW = ("Brass", "Level", "Quiet", "Upright", "Steady", "Copper", "True", "Northern")
_WHAT = ("Heron", "Arch", "Lantern", "Mason", "Harbour", "Compass", "Gable", "Orchard")
_SENTENCES = (
    "A plumb line hangs straight whatever the wall does.",
    "The mason lets it swing, and waits.",
    "It needs no instruction, only weight and patience.",
    "Wind moves it for a while; then it shows the same line as before.",
    "Whoever builds by it can be wrong only for a moment.",
    "The line does not hurry, and it never argues.",
)


def name(job: str) -> str:
    chance = random.Random(job)  # noqa: S311  nothing secret comes of it
    return f"{chance.choice(_HOW)} {chance.choice(_WHAT)}"


def paragraph(job: str) -> str:
    """Two to four sentences: never more words than PARAGRAPH_MAY_COST."""
    chance = random.Random(job)  # noqa: S311  nothing secret comes of it
    return " ".join(chance.sample(_SENTENCES, chance.randint(2, 4)))


def motto(job: str) -> str:
    return random.Random(job).choice(_SENTENCES)  # noqa: S311  nothing secret comes of it
