"""Static files, the pages by the paths the API redirects to, the settings a page needs, and the team's own backend."""

from collections.abc import Mapping
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from local.issuer.keys import load_key
from local.issuer.routes import issuer_routes
from local.pipes.bus import events
from local.run_config import RunConfig
from local.seed import PERCENT_OFF, PROMOTION_CODE
from local.serve import ALIVE
from local.storefront_server.backend import Backend
from local.storefront_server.stripe_js import own_policy, stripe_js

FILES = Path(__file__).resolve().parents[2] / "storefront"
PAY = "/checkout/pay"
"""The one page with Stripe.js on it."""
PAGES: Mapping[str, str] = {
    "/": "index.html",
    PAY: "pay.html",
    "/checkout/return": "return.html",
    "/checkout/canceled": "canceled.html",
    "/account": "account.html",
    "/studio": "studio.html",
}
OTHER_NAMES = frozenset(["localhost", "::1"])
"""To a browser another origin: the API's CORS does not know it, and the session is kept for the configured one."""
NOT_KEPT = {"cache-control": "no-store"}


def _query(request: Request) -> str:
    return f"?{request.url.query}" if request.url.query else ""


def build_app(config: RunConfig, files: Path = FILES) -> Starlette:
    async def page(request: Request) -> Response:
        if request.url.hostname in OTHER_NAMES:
            return RedirectResponse(config.storefront_url + request.url.path + _query(request), 307, NOT_KEPT)
        path = files / PAGES[request.url.path.rstrip("/") or "/"]
        if not path.exists():
            return PlainTextResponse(f"storefront/{path.name} is missing", 404)
        policy = embedded.policy if embedded and path.name == PAGES[PAY] else own_policy(config)
        return FileResponse(path, headers={**NOT_KEPT, "content-security-policy": policy})

    async def settings(request: Request) -> Response:
        return JSONResponse(
            {
                "apiUrl": config.api_url,
                "issuer": config.issuer,
                "users": list(config.users),
                "stripeJs": {"script": embedded.script, "publishableKey": embedded.publishable_key}
                if embedded
                else None,
                "promotion": {"code": PROMOTION_CODE, "percentOff": PERCENT_OFF} if config.has_promotion_code else None,
            }
        )

    async def told(request: Request) -> Response:
        """What stands on the event buses (docs/events.md), the newest first."""
        return JSONResponse({"events": events(config.state)[::-1]}, headers=NOT_KEPT)

    async def alive(request: Request) -> Response:
        return Response("ok")

    key = load_key(Path(config.key_dir))
    embedded = stripe_js(config)
    backend = Backend(config, httpx.AsyncClient(trust_env=False, timeout=25))
    return Starlette(
        routes=[
            Route(ALIVE, alive),
            Mount("/auth", routes=issuer_routes(key, config.issuer, config.audience)),
            Mount("/backend", routes=backend.routes()),
            Route("/config.json", settings),
            Route("/_events", told),
            *(Route(path, page) for path in PAGES),
            Mount("/", StaticFiles(directory=files, html=True, check_dir=False)),
        ],
        lifespan=backend.lifespan,
    )
