"""Pages beside the checkout: receipts, invoices, and what the open port says about itself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from local.stripe.web import texts
from local.stripe.web.rendering import render
from local.stripe.web.shell import shell_of


async def receipt(request: Request) -> Response:
    """GET /receipts/{id} and /i/{id}: what `receipt_url` and `hosted_invoice_url` lead to."""
    language = texts.choose(None, request.headers.get("accept-language", ""))
    shown = shell_of(request).engine.world.find(request.path_params["id"])
    if shown is None or shown["object"] not in ("charge", "invoice"):
        return render("closed.html", language, 404, kind="unknown", back=None, embedded=False)
    amount = shown["amount"] if shown["object"] == "charge" else shown["total"]
    return render("receipt.html", language, shown=shown, amount=amount, embedded=False)


async def front(request: Request) -> Response:
    """GET /: say what this is, to whoever opens the port."""
    world = shell_of(request).engine.world
    kinds = ("product", "price", "customer", "checkout.session", "subscription", "event")
    return render("front.html", "en", counts={kind: len(world.all(kind)) for kind in kinds}, embedded=False)
