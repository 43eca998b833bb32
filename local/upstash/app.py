"""The REST API of an Upstash database: https://upstash.com/docs/redis/features/restapi"""

import base64
import json
import secrets
from collections.abc import Callable
from typing import Any

import redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from local.serve import ALIVE
from local.upstash.redis import RawRedis

Encode = Callable[[Any], Any]


class BadRequest(Exception):
    """What the client sent is no command; 400 with the message."""


def build_app(token: str, backend: RawRedis) -> Starlette:
    def guarded(answer: Callable[[Any, Encode], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if not _authorized(request, token):
                return _error(401, "WRONGPASS invalid or missing auth token")
            encode = _base64 if request.headers.get("upstash-encoding") == "base64" else _plain
            try:
                body = json.loads(await request.body())
                result = await run_in_threadpool(answer, body, encode)
            except (ValueError, BadRequest) as exc:
                return _error(400, f"ERR failed to parse command: {exc}")
            except redis.ConnectionError as exc:
                return _error(500, f"ERR the Redis server behind this front does not answer: {exc}")
            failed = isinstance(result, dict) and "error" in result
            return JSONResponse(result, 400 if failed else 200)

        return endpoint

    def command(body: Any, encode: Encode) -> Any:
        return _answer(backend.run(_command(body)), encode)

    def pipeline(body: Any, encode: Encode) -> Any:
        return [_answer(reply, encode) for reply in backend.run_all(_commands(body))]

    def multi_exec(body: Any, encode: Encode) -> Any:
        """All or nothing: a command that Redis refuses to queue discards the transaction, answered as one error."""
        replies = backend.run_all([["MULTI"], *_commands(body), ["EXEC"]])
        if isinstance(replies[-1], redis.ResponseError):
            return _answer(replies[-1], encode)
        return [_answer(reply, encode) for reply in replies[-1]]

    async def alive(request: Request) -> Response:
        return Response("ok")

    return Starlette(
        routes=[
            Route(ALIVE, alive),
            Route("/", guarded(command), methods=["POST"]),
            Route("/pipeline", guarded(pipeline), methods=["POST"]),
            Route("/multi-exec", guarded(multi_exec), methods=["POST"]),
        ]
    )


def _authorized(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "")
    return secrets.compare_digest(given.encode(), f"Bearer {token}".encode())


def _commands(body: Any) -> list[list[str]]:
    if not isinstance(body, list) or not body:
        raise BadRequest("expected an array of commands")
    return [_command(item) for item in body]


def _command(body: Any) -> list[str]:
    if not isinstance(body, list) or not body or not all(isinstance(part, (str, int, float)) for part in body):
        raise BadRequest("expected an array of strings and numbers")
    return [json.dumps(part) if isinstance(part, (bool, float)) else str(part) for part in body]


def _answer(reply: Any, encode: Encode) -> dict[str, Any]:
    if isinstance(reply, redis.ResponseError):
        return {"error": _message(reply)}
    return {"result": encode(reply)}


def _message(error: redis.ResponseError) -> str:
    """redis-py cuts the leading code off most errors; Upstash sends the line as Redis wrote it."""
    text = str(error)
    code = {redis.exceptions.NoScriptError: "NOSCRIPT", redis.exceptions.ExecAbortError: "EXECABORT"}.get(type(error))
    if code is not None:
        return text if text.startswith(code) else f"{code} {text}"
    return text if text.split(" ", 1)[0].isupper() else f"ERR {text}"


def _plain(reply: Any) -> Any:
    return _walk(reply, lambda data: data.decode("utf-8", "replace"))


def _base64(reply: Any) -> Any:
    """Strings in base64, except the status OK, which stays as it is."""
    return _walk(reply, lambda data: "OK" if data == b"OK" else base64.b64encode(data).decode("ascii"))


def _walk(reply: Any, text: Callable[[bytes], str]) -> Any:
    if isinstance(reply, list):
        return [_walk(item, text) for item in reply]
    if isinstance(reply, str):
        return text(reply.encode())
    return text(reply) if isinstance(reply, bytes) else reply


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status)
