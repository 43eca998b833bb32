"""The time of the system that runs here: Stripe's test clocks move it, and its functions follow."""

import json
from datetime import datetime, timedelta
from functools import cached_property
from http.client import HTTPException
from urllib.request import ProxyHandler, build_opener

from billing.adapters.system import SystemClock
from billing.errors import StripeUnavailable

_PATIENCE_SECONDS = 2.0


class LocalClock(SystemClock):
    """The Clock port. How far the time is ahead is asked once: a command is over before anybody moves it again."""

    def __init__(self, url: str) -> None:
        self._url = url

    def now(self) -> datetime:
        """See Clock. Raises StripeUnavailable when the stand-in does not say."""
        return super().now() + self._ahead

    @cached_property
    def _ahead(self) -> timedelta:
        try:
            with build_opener(ProxyHandler({})).open(self._url, timeout=_PATIENCE_SECONDS) as answer:
                return timedelta(seconds=float(json.load(answer)["offsetSeconds"]))
        except (OSError, HTTPException, ValueError, OverflowError, LookupError, TypeError) as exc:
            raise StripeUnavailable("the local stand-in of Stripe does not say what time it is") from exc
