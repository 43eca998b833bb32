"""Serve a Starlette application on 127.0.0.1, as every HTTP part does."""

import uvicorn
from starlette.applications import Starlette

ALIVE = "/_health"


def serve(app: Starlette, port: int) -> None:
    """Run until the supervisor stops the process."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_keep_alive=30,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
    )
