"""The operator's time where Stripe's test clocks move it: what is decided by hand is decided as by the functions."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from billing.adapters.system import SystemClock
from billing.errors import StripeUnavailable
from plumb.site import Site
from plumb.stages.local_clock import LocalClock
from plumb.world import World


@contextmanager
def stand_in(answer: bytes) -> Iterator[str]:
    """Something that answers like the stand-in's clock."""

    class Clock(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_request(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Clock) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/_control/clock"
        finally:
            server.shutdown()
            thread.join()


def test_ahead_by_as_much_as_stripe_is() -> None:
    with stand_in(json.dumps({"offsetSeconds": 86_400 * 31}).encode()) as url:
        site = Site("local", {}, "http://127.0.0.1:1", local=True, clock_url=url)
        clock = World(site).clock
        assert clock.now().timestamp() - time.time() == pytest.approx(86_400 * 31, abs=5)
    assert clock.now().timestamp() - time.time() == pytest.approx(86_400 * 31, abs=5)  # asked once


def test_of_a_real_stripe_it_is_this_machines() -> None:
    assert type(World(Site("dev", {}, "https://api.example.com", local=False)).clock) is SystemClock


def test_an_answer_without_a_time_makes_the_clock_unavailable() -> None:
    for answer in (b"", b"[]", b"{}", b'{"offsetSeconds": "soon"}', b'{"offsetSeconds": 1e99}'):
        with stand_in(answer) as url, pytest.raises(StripeUnavailable):
            LocalClock(url).now()


def test_an_answer_that_is_not_http_makes_the_clock_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/_control/clock"

        def answer() -> None:
            caller, _ = listener.accept()
            with caller:
                caller.recv(4096)
                caller.sendall(b"220 mail.example.com ready\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(StripeUnavailable):
            LocalClock(url).now()
        thread.join()


def test_a_clock_that_does_not_answer_is_stripe_being_away() -> None:
    with pytest.raises(StripeUnavailable):
        LocalClock("http://127.0.0.1:1/_control/clock").now()
