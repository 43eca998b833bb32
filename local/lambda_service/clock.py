"""The offset of Stripe's test clock, which the workers' time follows."""

import time

import httpx

_PATIENCE = 0.5
_RETRY_AFTER = 1.0


class StripeClock:
    """Asked before every invocation: a webhook signed in the advanced time may come right after the advance.

    It costs a few milliseconds. While the stand-in does not answer, the last known offset stands; one that hangs is
    left alone for a second, so that it does not slow every invocation down.
    """

    def __init__(self, url: str | None) -> None:
        self._url = url
        self._client = httpx.AsyncClient(timeout=_PATIENCE, trust_env=False)
        self._offset = 0.0
        self._quiet_until = 0.0

    async def offset(self) -> float:
        if self._url is None or time.monotonic() < self._quiet_until:
            return self._offset
        try:
            answer = await self._client.get(self._url)
            self._offset = float(answer.raise_for_status().json()["offsetSeconds"])
        except httpx.TimeoutException:
            self._quiet_until = time.monotonic() + _RETRY_AFTER
        except (httpx.HTTPError, KeyError, ValueError):
            return self._offset
        return self._offset
