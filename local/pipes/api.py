"""EventBridge Pipes' own API, as far as somebody asks whether a pipe is at work: DescribePipe.

It answers for the runners themselves, in the process that they run in: a pipe that is at work nowhere is not there.
https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_DescribePipe.html
"""

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from local.pipes.pipe import PipeRunner

_PATH = "/v1/pipes/"


def start_api(port: int, runners: Callable[[], Mapping[str, PipeRunner]]) -> ThreadingHTTPServer:
    """Serve in a background thread; `runners` are the pipes by their names, as they are when somebody asks."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            prefix, _, name = self.path.rpartition("/")
            if f"{prefix}/" != _PATH:
                self._answer(404, {"message": f"{self.path} is not played here"}, "UnknownOperationException")
            elif (runner := runners().get(unquote(name))) is None:
                self._answer(404, {"message": f"Pipe {unquote(name)} does not exist."}, "NotFoundException")
            else:
                self._answer(200, runner.described())

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

        def _answer(self, status: int, content: Mapping[str, str], error: str | None = None) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if error is not None:
                self.send_header("x-amzn-ErrorType", error)
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True, name="pipes").start()
    return server
