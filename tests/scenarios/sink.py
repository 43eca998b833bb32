"""An endpoint that keeps what Stripe sends, in the shape that was asked for: a row delivers it when its turn comes."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.integration.purchase.shop import Shop
from tests.integration.purchase.wait import until
from tests.scenarios.table import OLD_VERSIONS, THIN, TODAY


class Sink:
    """Every event in the old shapes, and the thin ones; nothing of it reaches the system from here."""

    def __init__(self, shop: Shop) -> None:
        self._kept = kept = defaultdict[str, dict[str, bytes]](dict)

        class Keep(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                event = json.loads(body)
                kept[self.path.strip("/")][event.get("snapshot_event", event["id"])] = body
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_request(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Keep)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        url = f"http://127.0.0.1:{self._server.server_port}"
        for version in OLD_VERSIONS:
            endpoint = {"url": f"{url}/{version}", "enabled_events[]": "*", "api_version": version}
            shop.stripe("POST", "webhook_endpoints", **endpoint)
        destination = {
            "name": "thin",
            "type": "webhook_endpoint",
            "event_payload": "thin",
            "enabled_events": ["*"],
            "webhook_endpoint": {"url": f"{url}/{THIN}"},
        }
        headers = {"authorization": f"Bearer {shop.stack.stripe_key}", "stripe-version": TODAY}
        made = shop.http.post(f"{shop.stack.stripe_url}/v2/core/event_destinations", headers=headers, json=destination)
        made.raise_for_status()

    def letter(self, shape: str, event_id: str) -> bytes:
        """What was sent of an event in this shape; of a thin one, what was sent beside this snapshot event."""
        return until(f"{event_id} was sent as {shape}", lambda: self._kept[shape].get(event_id))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
