"""The ASGI application of the stand-in."""

from __future__ import annotations

import asyncio
import secrets
import string
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from local.clock_file import ClockFile
from local.stripe.delivery import Deliveries
from local.stripe.engine import Engine
from local.stripe.engine.errors import ApiError
from local.stripe.engine.notices import webhook_endpoints
from local.stripe.faults import Faults
from local.stripe.web import api, control, embedding, other_pages, pages, portal_pages, portal_visit
from local.stripe.web.shell import Shell

VERBS = ["GET", "POST", "DELETE", "PUT", "PATCH"]
ALPHABET = string.ascii_letters + string.digits


def random_token(length: int) -> str:
    """Make the random part of an id."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _checkout(base: str) -> list[Route]:
    """The buyer's pages of one session, hosted or in a frame."""
    return [
        Route(base, pages.show, methods=["GET"]),
        Route(base, pages.pay, methods=["POST"]),
        Route(base + "/address", pages.relocate, methods=["POST"]),
        Route(base + "/promotion", pages.promotion, methods=["POST"]),
        Route(base + "/offer", pages.take_offer, methods=["POST"]),
        Route(base + "/authenticate", pages.ask, methods=["GET"]),
        Route(base + "/authenticate", pages.authenticate, methods=["POST"]),
    ]


def build(
    public_url: str,
    webhook_url: str | None,
    webhook_secret: str | None,
    *,
    events: Sequence[str] = ("*",),
    pauses: tuple[float, ...] = (1, 2, 4, 8, 15, 30, 60),
    timeout: float = 10.0,
    clock_file: ClockFile | None = None,
) -> Starlette:
    """Wire engine, deliveries and routes; the endpoint of `--webhook-url` gets the given types of events."""
    engine = Engine(time.time, random_token, public_url)
    if webhook_url is not None:
        webhook_endpoints.make(engine.world, webhook_url, list(events), webhook_secret, description="--webhook-url")
    faults = Faults()
    client = httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=50))
    shell = Shell(engine, Deliveries(engine, faults, client, pauses=pauses, timeout=timeout), faults, clock_file)

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(shell.keep_time())
        yield
        ticking.cancel()
        await shell.deliveries.stop()
        await client.aclose()

    app = Starlette(
        routes=[
            Route("/", other_pages.front),
            *(route for base in ("/c/pay/{session}", "/c/embedded/{client_secret}") for route in _checkout(base)),
            *portal_pages.ROUTES,
            Route("/static/frame.js", embedding.frame_script),
            Route("/v3/", embedding.stripe_js),
            Route("/endive/stripe.js", embedding.stripe_js),
            Route("/receipts/{id}", other_pages.receipt),
            Route("/i/{id}", other_pages.receipt),
            Route("/i/{id}/pdf", other_pages.receipt),
            Route("/_control/clock", control.clock),
            Route("/_control/state", control.state),
            Route("/_control/deliveries", control.deliveries),
            Route("/_control/deliveries/{event}/resend", control.resend, methods=["POST"]),
            Route("/_control/{deed}", control.act, methods=["POST"]),
            Route("/v1/{path:path}", api.answer, methods=VERBS),
            Route("/v2/{path:path}", api.answer, methods=VERBS),
        ],
        exception_handlers={portal_visit.Gone: portal_pages.gone, ApiError: portal_pages.refused},
        lifespan=life,
    )
    app.state.shell = shell
    return app
