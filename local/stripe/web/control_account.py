"""`/_control`: what an account sets, and how its events look."""

from __future__ import annotations

from collections.abc import Callable

from local.stripe.web.given import BadRequest, Given, only
from local.stripe.web.shell import Shell


def search(shell: Shell, given: Given) -> Given:
    """Set how many seconds search is behind; 0 finds everything at once, which Stripe never promises."""
    only(given, "lag_seconds")
    lag = given.get("lag_seconds")
    if not isinstance(lag, int) or isinstance(lag, bool) or lag < 0:
        raise BadRequest("lag_seconds is a whole number of seconds")
    shell.engine.world.search_lag = lag
    return {"lag_seconds": lag}


DEEDS: dict[str, Callable[[Shell, Given], Given]] = {"search": search}
