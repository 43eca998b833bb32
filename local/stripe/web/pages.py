"""The buyer's pages: plain forms that work without JavaScript."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from local.stripe.engine import hosted_checkout, instruments
from local.stripe.engine.session_order import Order
from local.stripe.engine.world import Obj
from local.stripe.web.shell import Shell, shell_of

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)
NO_DECIMALS = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
"""https://docs.stripe.com/currencies#zero-decimal

Without ISK and UGX: their amounts keep two decimals, which are always 00.
https://docs.stripe.com/currencies#special-cases
"""


def money(amount: int, currency: str) -> str:
    """Write an amount for people."""
    if currency in NO_DECIMALS:
        return f"{amount:,} {currency.upper()}"
    figure = f"{amount // 100:,}.{amount % 100:02d}"
    sign = {"usd": "$", "eur": "€", "gbp": "£"}.get(currency)
    return f"{sign}{figure}" if sign else f"{figure} {currency.upper()}"


_TEMPLATES.filters["money"] = money


def render(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Fill a template; never cached, since the page shows the state of a payment."""
    page = _TEMPLATES.get_template(name).render(**values)
    return HTMLResponse(page, status_code=status, headers={"Cache-Control": "no-store"})


def _session(request: Request) -> Obj | None:
    shell = shell_of(request)
    shell.flush()
    return shell.engine.world.get("checkout.session", request.path_params["session"])


def _closed(session: Obj | None) -> Response:
    """The page of a session that can no longer be paid, or never existed."""
    if session is None:
        return render("closed.html", 404, kind="unknown", back=None)
    if session["status"] == "complete":
        return render("closed.html", 200, kind="complete", back=success_url(session))
    return render("closed.html", 200, kind="expired", back=session["cancel_url"])


def success_url(session: Obj) -> str:
    """Fill in the template variable. https://docs.stripe.com/payments/checkout/custom-success-page"""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


async def show(request: Request) -> Response:
    """GET /c/pay/{session}."""
    session = _session(request)
    if session is None or session["status"] != "open":
        return _closed(session)
    return _form(shell_of(request), session, {}, None, "")


def _form(
    shell: Shell, session: Obj, typed: dict[str, str], field: str | None, error: str, status: int = 200
) -> Response:
    order: Order = shell.engine.world.hidden[session["id"]]
    customer = shell.engine.world.find(session["customer"]) if session["customer"] else None
    email = (customer or {}).get("email") or session["customer_email"]
    recurring = [line["price"]["recurring"] for line in order.lines if line["price"]["recurring"]]
    return render(
        "pay.html",
        status,
        session=session,
        lines=order.lines,
        email=email,
        recurring=recurring[0] if recurring else None,
        trial=order.trial,
        collect=session["amount_total"] > 0 or session["payment_method_collection"] == "always",
        typed=typed,
        field=field,
        error=error,
    )


async def pay(request: Request) -> Response:
    """POST /c/pay/{session}: try to pay with what was typed."""
    session = _session(request)
    if session is None or session["status"] != "open":
        return _closed(session)
    shell = shell_of(request)
    typed = await _typed(request)
    collect = session["amount_total"] > 0 or session["payment_method_collection"] == "always"
    try:
        email, name = _buyer(typed)
        instrument = _instrument(shell, session, typed) if collect else None
    except instruments.InvalidDetails as wrong:
        return _form(shell, session, typed, wrong.field, wrong.message, 422)
    outcome = hosted_checkout.submit(shell.engine.world, session, instrument, name, email)
    return await _go_on(shell, session, outcome, typed)


async def _typed(request: Request) -> dict[str, str]:
    body = (await request.body()).decode(errors="replace")
    return {key: value.strip()[:500] for key, value in parse_qsl(body)}


def _buyer(typed: dict[str, str]) -> tuple[str, str]:
    email = typed.get("email", "")
    if email.count("@") != 1 or email.startswith("@") or email.endswith("@"):
        raise instruments.InvalidDetails("email", "email_invalid", "Your email is invalid.")
    if not typed.get("name"):
        raise instruments.InvalidDetails("name", "incomplete_name", "Your name is incomplete.")
    return email, typed["name"]


def _instrument(shell: Shell, session: Obj, typed: dict[str, str]) -> instruments.Instrument:
    kind = typed.get("payment_method", session["payment_method_types"][0])
    if kind not in session["payment_method_types"]:
        raise instruments.InvalidDetails("payment_method", "payment_method_unavailable", "Choose a payment method.")
    if kind == "sepa_debit":
        return instruments.sepa_account(typed.get("iban", ""))
    return instruments.card(
        typed.get("card_number", ""), typed.get("expiry", ""), typed.get("cvc", ""), shell.engine.world.now()
    )


async def _go_on(shell: Shell, session: Obj, outcome: hosted_checkout.Outcome, typed: dict[str, str]) -> Response:
    begun = shell.deliveries.send_pending()
    if outcome.step == "retry":
        return _form(shell, session, typed, "number", outcome.message, 402)
    if outcome.step == "authenticate":
        return RedirectResponse(f"/c/pay/{session['id']}/authenticate", status_code=303)
    if outcome.step == "closed":
        return _closed(session)
    await shell.deliveries.wait_for_checkout(session["id"], begun)
    return RedirectResponse(success_url(session), status_code=303)


async def ask(request: Request) -> Response:
    """GET /c/pay/{session}/authenticate: the bank's page of 3-D Secure."""
    session = _session(request)
    if session is None or session["status"] != "open":
        return _closed(session)
    return render("authenticate.html", session=session)


async def authenticate(request: Request) -> Response:
    """POST /c/pay/{session}/authenticate: complete or fail."""
    session = _session(request)
    if session is None or session["status"] != "open":
        return _closed(session)
    shell = shell_of(request)
    passed = (await _typed(request)).get("outcome") == "complete"
    outcome = hosted_checkout.authenticate(shell.engine.world, session, passed)
    if outcome.step == "closed":
        return RedirectResponse(f"/c/pay/{session['id']}", status_code=303)
    typed = {key: session["customer_details"][key] for key in ("email", "name")}  # of the form before the bank's page
    return await _go_on(shell, session, outcome, typed)


async def receipt(request: Request) -> Response:
    """GET /receipts/{id} and /i/{id}: what `receipt_url` and `hosted_invoice_url` lead to."""
    shown = shell_of(request).engine.world.find(request.path_params["id"])
    if shown is None or shown["object"] not in ("charge", "invoice"):
        return render("closed.html", 404, kind="unknown", back=None)
    amount = shown["amount"] if shown["object"] == "charge" else shown["total"]
    return render("receipt.html", shown=shown, amount=amount)


async def front(request: Request) -> Response:
    """GET /: say what this is, to whoever opens the port."""
    world = shell_of(request).engine.world
    kinds = ("product", "price", "customer", "checkout.session", "subscription", "event")
    return render("front.html", counts={kind: len(world.all(kind)) for kind in kinds})
