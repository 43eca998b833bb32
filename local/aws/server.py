"""moto's WSGI application as a server."""

import io
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

from cheroot.wsgi import Server
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local.serve import ALIVE

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_THREADS = 40
"""At least so many long polls may wait at once, and others be answered beside them."""
_CONNECTIONS = 1000
_IDLE_SECONDS = 75
"""Clients of AWS keep a connection without end, and look whether it was closed before they use it again."""


class _Dispatcher(DomainDispatcherApplication):
    """Remembers what a host stands for: moto lists its own folder, 187 entries, for each request."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._known: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._known:
            self._known[host] = super().get_backend_for_host(host)
        return self._known[host]


def moto_application() -> Application:
    application: Application = _Dispatcher()
    return application


def one_at_a_time(application: Application) -> Application:
    """Run one request after the other.

    moto's tables are not isolated: under threads it loses writes and lets two transactions pass the same condition.
    """
    lock = threading.Lock()

    def locked(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))  # not while holding the lock
        environ["wsgi.input"] = io.BytesIO(body)
        with lock:
            return [b"".join(application(environ, start_response))]

    return locked


def with_health(application: Application, ready: threading.Event) -> Application:
    """Answer the health check with 503 until the template's resources exist."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != ALIVE:
            return application(environ, start_response)
        start_response("200 OK" if ready.is_set() else "503 Service Unavailable", [("Content-Length", "0")])
        return []

    return app


def start_server(application: Application, port: int) -> None:
    """Serve in background threads until the process ends; raise OSError when the port is taken.

    Connections stay open between requests, as AWS keeps them. moto's own server, werkzeug's, closes each, which costs
    both sides processor time.
    """
    server = Server(("127.0.0.1", port), application, numthreads=_THREADS, timeout=_IDLE_SECONDS)
    server.keep_alive_conn_limit = _CONNECTIONS
    prepared: Future[None] = Future()

    def serve() -> None:
        try:
            server.prepare()  # its threads are daemons if this one is: they keep no process from ending
        except OSError as error:
            prepared.set_exception(error)
            return
        prepared.set_result(None)
        server.serve()

    threading.Thread(target=serve, daemon=True, name="server").start()
    prepared.result()
