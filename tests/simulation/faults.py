"""What may happen at a call of a client, by service, with its weight. The first is that nothing does.

The order of the names never changes, since a tape holds their numbers; how likely they are depends on the mood of a
run.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.world.chance import Weights

MOODS = ("calm", "busy", "faulty", "fierce")
"""Nothing happens; calls interleave; faults strike as well; both often."""

_SWITCH = {
    "switch before": 0.05,
    "switch after": 0.05,
    "switch around": 0.03,
    "stall before": 0.01,
    "stall after": 0.02,
}
_CRASH = {"crash before": 0.004, "crash after": 0.008}

STRIKES: Mapping[str, Mapping[str, float]] = {
    "dynamodb": {
        **_CRASH,
        "slow": 0.004,
        "refused": 0.004,
        "lost": 0.006,
        "conflict": 0.008,
        "unprocessed": 0.05,
        "own write": 0.01,
    },
    "stripe": {
        **_CRASH,
        "slow": 0.006,
        "refused": 0.004,
        "lost": 0.008,
        "too many": 0.004,
        "saved 500": 0.008,
    },
    "sqs": {**_CRASH, "slow": 0.004, "refused": 0.006, "lost": 0.008, "twice": 0.02},
    "redis": {**_CRASH, "slow": 0.002, "refused": 0.01, "lost": 0.01, "flush": 0.006},
    "secrets": {**_CRASH, "refused": 0.02},
}
"""Of faults, by service. `lost`: the call has its effect, and its answer never comes. `twice`: it has its effect twice.
`own write`: it is made twice, and the second one meets what the first has done.
`saved 500`: Stripe fails inside the request, half of the time when it has had its effect, and replays that answer under
the request's idempotency key."""

AT_A_WRITE = ("crash after", "crash before", "lost", "conflict", "own write")
"""What may be made to strike at a write of one invocation: there the protocol has its seams."""

_NO_FAULTS = frozenset({"unprocessed"})
"""What may come at any time, and does no harm but that others come between."""

_MOODS: Mapping[str, tuple[float, float]] = {
    "calm": (0.0, 0.0),
    "busy": (2.0, 0.0),
    "faulty": (0.6, 1.0),
    "fierce": (2.0, 3.0),
}
"""How much likelier than above: to switch, and to strike."""


def weights_of(service: str, mood: str) -> Weights:
    """The weights of one service's calls."""
    switch, strike = _MOODS[mood]
    switches = {name: weight * switch for name, weight in _SWITCH.items()}
    strikes = {name: weight * (switch if name in _NO_FAULTS else strike) for name, weight in STRIKES[service].items()}
    rest = 1.0 - sum(switches.values()) - sum(strikes.values())
    return Weights({"nothing": rest, **switches, **strikes})


WEIGHTS = {(service, mood): weights_of(service, mood) for service in STRIKES for mood in MOODS}
