"""Hand connections on from one address to another."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

_PIECE = 65_536


async def relay(address: str, ports: Sequence[int]) -> list[asyncio.Server]:
    """Listen at `address` on these ports, and hand each connection on to the same port of 127.0.0.1.

    Raises OSError when the address is not of this machine.
    """
    return [await asyncio.start_server(_to(port), address, port) for port in ports]


def _to(port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:  # the part is not there yet, or starts again
            writer.close()
            return
        async with asyncio.TaskGroup() as both:
            both.create_task(_pass_on(reader, inner_writer))
            both.create_task(_pass_on(inner_reader, writer))

    return accept


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends or breaks; then the other is told."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()
