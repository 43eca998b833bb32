"""Wait while Stripe is at another request with the same idempotency key.

The second of two clicks meets the first one's request there (https://docs.stripe.com/api/idempotent_requests), and
nothing is saved of that. A moment later the same key is answered with what the first one made.
"""

from __future__ import annotations

from billing.services.backoff import Backoff
from billing.services.converge import ConvergeDeps

KEY_TURNS = 4
"""Requests, each of which the SDK makes twice, half a second apart: with the waits, two to three seconds in all. A
first one that takes longer is one that hangs."""
_BACKOFF = Backoff(first_seconds=0.2, longest_seconds=0.8)


def wait_for_key(turn: int, core: ConvergeDeps) -> None:
    """Wait for the turn after this one, of which the first is 0; not after the last."""
    if turn < KEY_TURNS - 1:
        _BACKOFF.wait(turn, core.clock, core.random)
