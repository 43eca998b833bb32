"""The REST API of an Upstash database: https://upstash.com/docs/redis/features/restapi"""

import base64
import json
import secrets
from collections.abc import Callable
from typing import Any

import redis
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.serve import ALIVE
from local.upstash.redis import RawRedis

Encode = Callable[[Any], Any]


class BadRequest(Exception):
    """What the client sent is no command; 400 with the message."""


class RestApi:
    def __init__(self, token: str, backend: RawRedis) -> None:
        self._token = token
        self._backend = backend

    def app(self) -> Starlette:
        answers = {"/": self._command, "/pipeline": self._pipeline, "/multi-exec": self._multi_exec}
        routes = [Route(path, self._guarded(answer), methods=["POST"]) for path, answer in answers.items()]
        return Starlette(routes=[Route(ALIVE, _alive), *routes])

    def _guarded(self, answer: Callable[[Any, Encode], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if not _authorized(request, self._token):
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

    def _command(self, body: Any, encode: Encode) -> Any:
        return _answer(self._backend.run(_checked(body)), encode)

    def _pipeline(self, body: Any, encode: Encode) -> Any:
        return [_answer(reply, encode) for reply in self._backend.run_all(_all_checked(body))]

    def _multi_exec(self, body: Any, encode: Encode) -> Any:
        """All or nothing: a command that Redis refuses to queue discards the transaction, answered as one error."""
        last = self._backend.run_all([["MULTI"], *_all_checked(body), ["EXEC"]])[-1]
        if isinstance(last, redis.ResponseError):
            return _answer(last, encode)
        return [_answer(reply, encode) for reply in last]


async def _alive(request: Request) -> Response:
    return Response("ok")


def _authorized(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "")
    return secrets.compare_digest(given.encode(), f"Bearer {token}".encode())


def _all_checked(body: Any) -> list[list[str]]:
    if not isinstance(body, list) or not body:
        raise BadRequest("expected an array of commands")
    return [_checked(item) for item in body]


def _checked(body: Any) -> list[str]:
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
