"""AWS's Invoke API over the pools: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.lambda_service.service import LambdaService
from local.serve import ALIVE

_MAX_SYNC = 6 * 1024 * 1024
"""Bytes of what a function is invoked with: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


def build_app(service: LambdaService) -> Starlette:
    async def invoke(request: Request) -> Response:
        return await _invoke(service, request)

    async def alive(request: Request) -> Response:
        return JSONResponse({"ready": service.ready}, 200 if service.ready else 503)

    async def workers(request: Request) -> Response:
        return JSONResponse(service.pids())

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with service.running():
            yield

    return Starlette(
        routes=[
            Route("/2015-03-31/functions/{name:path}/invocations", invoke, methods=["POST"]),
            Route(ALIVE, alive),
            Route("/_workers", workers),
        ],
        lifespan=lifespan,
    )


async def _invoke(service: LambdaService, request: Request) -> Response:
    name = request.path_params["name"]
    pool = service.pool(name)
    request_id = str(uuid.uuid4())
    if pool is None:
        return _refused(404, "ResourceNotFoundException", f"Function not found: {name}")
    body = await request.body()
    if len(body) > _MAX_SYNC:
        return _refused(413, "RequestTooLargeException", f"{len(body)} byte payload is too large")
    try:
        event = json.loads(body) if body else {}
    except ValueError as exc:
        return _refused(400, "InvalidRequestContentException", f"Could not parse request body into json: {exc}")
    headers = {"x-amzn-RequestId": request_id, "X-Amz-Executed-Version": "$LATEST"}
    match request.headers.get("x-amz-invocation-type", "RequestResponse"):
        case "DryRun":
            return Response(status_code=204, headers=headers)
        case "Event":
            service.spawn(pool.invoke(event, request_id))
            return Response(status_code=202, headers=headers)
        case "RequestResponse":
            pass
        case other:
            return _refused(400, "InvalidParameterValueException", f"Unknown invocation type {other}")
    # Shielded: on Lambda an invocation runs on when its caller hangs up.
    outcome = await asyncio.shield(service.spawn(pool.invoke(event, request_id)))
    if outcome.error is not None:
        headers["X-Amz-Function-Error"] = outcome.error
    return Response(outcome.payload, media_type="application/json", headers=headers)


def _refused(status: int, code: str, message: str) -> Response:
    return JSONResponse({"Type": "User", "Message": message}, status, headers={"x-amzn-ErrorType": code})
