"""Serve an ASGI application, as every HTTP part does."""

import asyncio
from contextlib import suppress
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette

ALIVE = "/_health"

_DATE_SECONDS = 1.0
"""For which an answer's header `date` is right."""


class _Server(uvicorn.Server):
    """Sleeps until it is asked, or told to end. uvicorn's own wakes ten times a second to look whether it was
    (`main_loop` of 0.54): each part that has nothing to do used a hundredth of a core for that.
    """

    _told: asyncio.Event | None = None

    async def main_loop(self) -> None:
        """See uvicorn.Server. `on_tick` writes the date, and says whether to end."""
        self._told = told = asyncio.Event()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), _DATE_SECONDS if self.config.date_header else None)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See uvicorn.Server. A signal comes between any two steps of the loop, which it has to wake."""
        super().handle_exit(sig, frame)
        if self._told is not None:
            asyncio.get_running_loop().call_soon_threadsafe(self._told.set)


def run(app: Any, **settings: Any) -> None:
    """Serve with these settings of uvicorn's until a signal ends the process, as `uvicorn.run` does."""
    with suppress(KeyboardInterrupt):
        _Server(uvicorn.Config(app, **settings)).run()


def serve(app: Starlette, port: int) -> None:
    """Run on 127.0.0.1 until the supervisor stops the process."""
    run(
        app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_keep_alive=30,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
    )
