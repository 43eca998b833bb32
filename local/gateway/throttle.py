"""Throttling as an HTTP API does it: a bucket of tokens for each route, over all who call.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html: "in the token bucket algorithm, a
token counts for a request". There it is done as well as possible; here it is exact, so that a test can count.
"""

from collections.abc import Callable

from local.template import Throttle


class Buckets:
    """A bucket holds as many tokens as its burst, and gets as many a second as its rate."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        """Tokens by route, and when they were counted."""

    def take(self, route: str, throttle: Throttle) -> bool:
        """Take a token; False when none is left."""
        now = self._clock()
        left, counted = self._left.get(route, (float(throttle.burst), now))
        left = min(float(throttle.burst), left + (now - counted) * throttle.rate)
        taken = left >= 1
        self._left[route] = (left - taken, now)
        return taken
