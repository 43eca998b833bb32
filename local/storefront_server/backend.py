"""The team's own backend, played: it works for signed-in users and takes credits for it.

Pages cannot spend: a user's token is refused there. So they ask this backend, which knows from the user's token who
is asking, and from its own prices what it costs. The page sends nothing but a key for the press of its button.
What comes with a level is asked of the billing API too, never of the page.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.issuer.keys import load_key
from local.issuer.tokens import Issuer
from local.run_config import RunConfig
from local.storefront_server import work
from local.storefront_server.billing_api import Answer, BillingApi, Refused, Unreachable

KEY = re.compile(r"[A-Za-z0-9-]{8,64}")
RESERVED_FOR = 300
"""Seconds. Should this process end in the middle, the reservation ends by itself."""

Job = Callable[[str, str], Awaitable[Mapping[str, Any]]]


class LevelRequired(Exception):
    """The user's level does not include this."""


class Backend:
    def __init__(self, config: RunConfig, client: httpx.AsyncClient) -> None:
        key = load_key(Path(config.key_dir))
        self._users_key = key.public_key()
        self._config = config
        self._client = client
        self._billing = BillingApi(config.api_url, Issuer(key, config.issuer, config.audience), client)

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        async with self._client:
            yield

    def routes(self) -> list[Route]:
        return [
            Route("/name", self._endpoint(self._name), methods=["POST"]),
            Route("/paragraph", self._endpoint(self._paragraph), methods=["POST"]),
            Route("/motto", self._endpoint(self._motto), methods=["POST"]),
        ]

    async def _name(self, user: str, key: str) -> Mapping[str, Any]:
        """A fixed price: take it, then hand over."""
        taken = await self._billing.spend(user, work.NAME_COSTS, "1 project name", f"name-{key}")
        return _done(work.name(f"{user} {key}"), taken, spent=work.NAME_COSTS)

    async def _paragraph(self, user: str, key: str) -> Mapping[str, Any]:
        """A price that only the work tells: set the most aside, work, take what it came to; the rest is free again."""
        held = await self._billing.reserve(user, work.PARAGRAPH_MAY_COST, RESERVED_FOR, f"hold-{key}")
        text = work.paragraph(f"{user} {key}")
        words = len(text.split())
        reservation = held.body["reservation"]["reservationId"]
        taken = await self._billing.capture(user, reservation, words, f"a paragraph of {words} words", f"take-{key}")
        return _done(text, taken, spent=words, reserved=work.PARAGRAPH_MAY_COST)

    async def _motto(self, user: str, key: str) -> Mapping[str, Any]:
        """No credits, but a level: for those who have it."""
        if await self._billing.level(user) not in work.MOTTO_LEVELS:
            raise LevelRequired
        return {"result": work.motto(f"{user} {key}")}

    def _endpoint(self, job: Job) -> Callable[[Request], Awaitable[Response]]:
        """Who asks, and with which key; and what becomes of the billing API's no."""

        async def endpoint(request: Request) -> Response:
            user, key = self._user(request), request.headers.get("idempotency-key", "")
            if user is None:
                return _error(401, "unauthorized", "a user's token is needed")
            if not KEY.fullmatch(key):
                return _error(400, "invalid_request", "an Idempotency-Key is needed")
            try:
                return JSONResponse(await job(user, key))
            except Refused as refused:
                if refused.status == 402:
                    return JSONResponse(refused.body, 402)
                raise  # not the user's doing: this backend asked for something wrong
            except LevelRequired:
                return _error(403, "level_required", f"one of {', '.join(work.MOTTO_LEVELS)} is needed")
            except Unreachable:
                return _error(503, "unavailable", "the credits cannot be reached; send the same request again")

        return endpoint

    def _user(self, request: Request) -> str | None:
        """The `sub` of a user's token; a machine's, which has a scope, is nobody's here."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._users_key,
                algorithms=["RS256"],
                audience=self._config.audience,
                issuer=self._config.issuer,
                options={"require": ["exp", "sub"]},
            )
        except jwt.InvalidTokenError:
            return None
        return None if scheme.lower() != "bearer" or "scope" in claims else str(claims["sub"])


def _done(result: str, taken: Answer, *, spent: int, reserved: int | None = None) -> Mapping[str, Any]:
    """What the page shows. The credits of a replayed answer are those of back then."""
    credits = {name: taken.body[name] for name in ("balance", "reserved", "available")}
    return {"result": result, "spent": spent, "reserved": reserved, "replayed": taken.replayed, "credits": credits}


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
