"""One ASGI application that plays the HTTP API."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable

import httpx
from starlette.applications import Starlette
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from local.gateway.authorizer import Authorizer, Forbidden, Unauthorized
from local.gateway.cors import preflight, with_cors
from local.gateway.event import HttpRequest, build_event
from local.gateway.reply import INTERNAL_ERROR, HttpReply, message, reply_from
from local.gateway.routing import find_route
from local.gateway.throttle import Buckets
from local.run_config import RunConfig
from local.say import say
from local.serve import ALIVE
from local.template import HttpApi, Route

MAX_BODY = 10 * 1024 * 1024
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_LONGEST_SECONDS = 60.0
"""Above every route's own limit, which is the one that counts."""
UNAUTHORIZED = message(401, "Unauthorized")
FORBIDDEN = message(403, "Forbidden")
NOT_FOUND = message(404, "Not Found")
TOO_MANY = message(429, "Too Many Requests")
TOO_LARGE = message(413, "Request Entity Too Large")
UNAVAILABLE = message(503, "Service Unavailable")


class Gateway:
    def __init__(self, config: RunConfig, clock: Callable[[], float]) -> None:
        self._config = config
        self._live = config.live_model()
        self._client = httpx.AsyncClient(trust_env=False, timeout=_LONGEST_SECONDS)
        self._buckets = Buckets(clock) if config.throttled else None
        self._authorizers: dict[str, tuple[object, Authorizer]] = {}

    async def handle(self, incoming: Request) -> Response:
        started = time.monotonic()
        request = await _read(incoming)
        reply = TOO_LARGE if request is None else await self._answer(request)
        say(f"{incoming.method} {incoming.url.path} {reply.status} {(time.monotonic() - started) * 1000:.0f} ms")
        response = Response(reply.body, reply.status)
        if reply.status == 204:
            del response.headers["content-length"]
        response.raw_headers += [(key.encode("latin-1"), value.encode("latin-1")) for key, value in reply.headers]
        return response

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with self._client:
            yield

    async def _answer(self, request: HttpRequest) -> HttpReply:
        api = self._live.current().api
        if api is None:
            return NOT_FOUND
        origin = request.header("origin")
        if api.cors is not None and request.method == "OPTIONS":
            return preflight(api.cors, origin)
        reply = await self._route(api, request)
        return reply if api.cors is None else with_cors(api.cors, origin, reply)

    async def _route(self, api: HttpApi, request: HttpRequest) -> HttpReply:
        match = find_route(api.routes, request.method, request.raw_path)
        if match is None:
            return NOT_FOUND
        throttle = match.route.throttle
        if self._buckets and throttle and not self._buckets.take(match.route.key, throttle):
            return TOO_MANY
        claims = None
        if match.route.authorizer is not None:
            authorizer = self._authorizer(api, match.route.authorizer)
            token = request.header(api.authorizers[match.route.authorizer].header)
            try:
                claims = await authorizer.claims(token, match.route.scopes)
            except Unauthorized:
                return UNAUTHORIZED
            except Forbidden:
                return FORBIDDEN
        return await self._invoke(match.route, build_event(request, match, api.api_id, claims))

    async def _invoke(self, route: Route, event: dict[str, object]) -> HttpReply:
        try:
            async with asyncio.timeout(route.timeout):
                answer = await self._client.post(self._config.invoke_url(route.function), content=json.dumps(event))
        except TimeoutError:
            return UNAVAILABLE
        except httpx.TransportError as exc:
            say(f"the Lambda service does not answer: {type(exc).__name__}")
            return UNAVAILABLE
        if answer.status_code != 200 or "x-amz-function-error" in answer.headers:
            return INTERNAL_ERROR
        return reply_from(answer.text)

    def _authorizer(self, api: HttpApi, name: str) -> Authorizer:
        settings = api.authorizers[name]
        known = self._authorizers.get(name)
        if known is None or known[0] != settings:
            known = (settings, Authorizer(settings, self._client))
            self._authorizers[name] = known
        return known[1]


async def _read(incoming: Request) -> HttpRequest | None:
    """None when the body is over the limit; the rest of it is not read."""
    body = bytearray()
    async for chunk in incoming.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    scope = incoming.scope
    return HttpRequest(
        method=incoming.method,
        raw_path=scope["raw_path"].decode("ascii", "replace"),
        raw_query=scope["query_string"].decode("ascii", "replace"),
        headers=tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in scope["headers"]),
        body=bytes(body),
        source_ip=incoming.client.host if incoming.client else "127.0.0.1",
        protocol=f"HTTP/{scope['http_version']}",
    )


class _Anything(PathConvertor):
    """A path with line breaks in it (`%0A`), too, which Starlette's own `path` does not match."""

    regex = r"[\s\S]*"


register_url_convertor("anything", _Anything())


async def _alive(request: Request) -> Response:
    return Response("ok")


def build_app(config: RunConfig, clock: Callable[[], float] = time.monotonic) -> Starlette:
    gateway = Gateway(config, clock)
    return Starlette(
        routes=[
            StarletteRoute(ALIVE, _alive),
            StarletteRoute("/{path:anything}", gateway.handle, methods=_METHODS),
        ],
        lifespan=gateway.lifespan,
    )
