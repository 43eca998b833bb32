"""Ask an ASGI application as a page does, without a server; what it raises is raised here."""

import asyncio
from typing import Any

import httpx
from starlette.applications import Starlette


class Asgi:
    def __init__(self, app: Starlette, base_url: str = "http://127.0.0.1:8787", **headers: str) -> None:
        self._transport = httpx.ASGITransport(app)
        self._base_url = base_url
        self._headers = headers

    def ask(self, method: str, path: str, **headers: str) -> httpx.Response:
        async def inside() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url=self._base_url) as client:
                sent: dict[str, Any] = {**self._headers, **headers}
                return await client.request(method, path, headers={_name(key): sent[key] for key in sent})

        return asyncio.run(inside())

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)

    def post(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("POST", path, **headers)


def _name(word: str) -> str:
    return word.replace("_", "-")
