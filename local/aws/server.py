"""moto's WSGI application as a server."""

import io
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from local.serve import ALIVE

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    """Connections stay open between requests: clients spare a handshake for each."""
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a log line per request of a database helps nobody."""


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


def start_server(application: Application, port: int) -> BaseWSGIServer:
    """Serve in a background thread."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=_Handler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True, name="server").start()
    return server
