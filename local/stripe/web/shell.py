"""What the routes share: the engine, its deliveries and its faults, all owned by one event loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import Request

from local.clock_file import ClockFile
from local.stripe.delivery import Deliveries, Delivery
from local.stripe.engine import Engine
from local.stripe.faults import Faults

TICK_SECONDS = 0.2


@dataclass
class Shell:
    """One stand-in. The engine is only ever called from the event loop's thread, so its calls are serialised."""

    engine: Engine
    deliveries: Deliveries
    faults: Faults
    clock_file: ClockFile | None = None
    """Where others read how far this account's time is ahead."""

    def flush(self) -> list[Delivery]:
        """Play what has become due and send what that and the last request left behind."""
        self.engine.tick()
        if self.clock_file is not None:
            self.clock_file.write(self.engine.world.offset)
        return self.deliveries.send_pending()

    async def keep_time(self) -> None:
        """Let sessions expire and debits settle without anybody asking."""
        while True:
            self.flush()
            await asyncio.sleep(TICK_SECONDS)


def shell_of(request: Request) -> Shell:
    """The shell that the application was built with."""
    shell: Shell = request.app.state.shell
    return shell
