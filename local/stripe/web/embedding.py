"""The scripts that put the pay page into a frame of a shop's own page.

Stripe serves its script under /v3/, and by release under /<release>/stripe.js:
https://docs.stripe.com/sdks/stripejs-versioning
"""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

_STATIC = Path(__file__).parent / "static"
_HEADERS = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}


async def stripe_js(_: Request) -> Response:
    """GET /v3/ and /endive/stripe.js: for a shop's page."""
    return FileResponse(_STATIC / "stripe.js", media_type="text/javascript", headers=_HEADERS)


async def frame_script(_: Request) -> Response:
    """GET /static/frame.js: for the page within the frame."""
    return FileResponse(_STATIC / "frame.js", media_type="text/javascript", headers=_HEADERS)
