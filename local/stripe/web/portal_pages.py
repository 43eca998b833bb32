"""The customer portal's pages: plain forms that work without JavaScript, in English only.

https://docs.stripe.com/customer-management
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from local.stripe.engine.buyers import instruments
from local.stripe.engine.buyers.instruments import InvalidDetails
from local.stripe.engine.errors import ApiError
from local.stripe.engine.subscriptions import portal, portal_sessions
from local.stripe.engine.world import Obj, World
from local.stripe.web.portal_visit import Visit
from local.stripe.web.rendering import render
from local.stripe.web.typed import typed_into

PLAIN_REASONS = {
    "customer_service": "The customer service was not good enough",
    "low_quality": "The quality was not good enough",
    "missing_features": "Features are missing",
    "other": "Another reason",
    "switched_service": "I found an alternative",
    "too_complex": "It is too complex",
    "too_expensive": "It is too expensive",
    "unused": "I no longer need it",
}


async def gone(_: Request, __: Exception) -> Response:
    """The page of a session that has expired. Stripe then asks the customer to log in; there is no login here."""
    return render("portal_gone.html", "en", 404, embedded=False)


async def refused(_: Request, refusal: Exception) -> Response:
    """The page of what the session does not allow."""
    status = refusal.status if isinstance(refusal, ApiError) else 400
    return render("portal_gone.html", "en", status, embedded=False, message=str(refusal))


async def home(request: Request) -> Response:
    """GET: everything the customer has, or the flow that the session is for."""
    visit = Visit(request)
    flow = visit.session["flow"]
    if flow is not None and not visit.finished:
        return RedirectResponse(visit.base + _step(flow), status_code=303)
    return _home(visit)


def _home(visit: Visit, error: str = "", status: int = 200) -> Response:
    world, session = visit.world, visit.session
    customer = world.need("customer", session["customer"])
    features = portal_sessions.configuration_of(world, session)["features"]
    shown = [
        {
            "subscription": each,
            "lines": [(item, world.need("product", item["price"]["product"])) for item in each["items"]["data"]],
            "card": _card(world, each["default_payment_method"]),
            "plans": portal.plans(world, session, each),
        }
        for each in portal.subscriptions_of(world, session)
    ]
    saved = _card(world, customer["invoice_settings"]["default_payment_method"])
    return visit.render(
        "portal.html",
        status,
        shown=shown,
        features=features,
        card=saved or next((each["card"] for each in shown if each["card"]), None),
        customer=customer,
        invoices=portal.invoices_of(world, session) if features["invoice_history"]["enabled"] else [],
        error=error,
    )


def _card(world: World, method: str | None) -> str | None:
    found = world.find(method) if method else None
    if found is None:
        return None
    kind = found["card"]["display_brand"].title() if found["type"] == "card" else "SEPA Direct Debit"
    return f"{kind} •••• {found[found['type']]['last4']}"


def _step(flow: Obj) -> str:
    """The page that a flow begins with."""
    if flow["type"] == "payment_method_update":
        return "/payment-method"
    wanted = flow[flow["type"]]
    page = f"/subscriptions/{wanted['subscription']}"
    if flow["type"] == "subscription_update_confirm":
        item = wanted["items"][0]
        return f"{page}/confirm?price={item['price']}&quantity={item['quantity']}"
    return page + ("/cancel" if flow["type"] == "subscription_cancel" else "/update")


async def ask_cancel(request: Request) -> Response:
    """GET …/cancel: say what it means."""
    visit = Visit(request)
    how = portal.need(visit.world, visit.session, "subscription_cancel")
    return visit.render("portal_cancel.html", subscription=visit.subscription(request), how=how, reasons=PLAIN_REASONS)


async def cancel(request: Request) -> Response:
    """POST …/cancel."""
    visit, typed = Visit(request), await typed_into(request)
    feedback = typed.get("feedback", "")
    if feedback not in PLAIN_REASONS:
        feedback = ""
    portal.cancel(visit.world, visit.session, visit.subscription(request), feedback, typed.get("comment", ""))
    return visit.on()


async def renew(request: Request) -> Response:
    """POST …/renew: undo a cancellation."""
    visit = Visit(request)
    portal.renew(visit.world, visit.session, visit.subscription(request))
    return visit.on()


async def choose(request: Request) -> Response:
    """GET …/update: choose a plan and a quantity."""
    visit = Visit(request)
    portal.need(visit.world, visit.session, "subscription_update")
    subscription = visit.subscription(request)
    plans = portal.plans(visit.world, visit.session, subscription)
    item = subscription["items"]["data"][0]
    return visit.render("portal_update.html", subscription=subscription, plans=plans, item=item)


async def ask_confirm(request: Request) -> Response:
    """GET …/confirm: what the switch costs, to the cent."""
    visit = Visit(request)
    return _confirm(visit, visit.subscription(request), dict(request.query_params))


def _confirm(visit: Visit, subscription: Obj, wanted: dict[str, str], error: str = "", status: int = 200) -> Response:
    price, quantity = _wanted(visit.world, wanted)
    try:
        invoice, now = portal.preview(visit.world, visit.session, subscription, price["id"], quantity)
    except ApiError as refusal:
        if visit.session["flow"] is not None and not visit.finished:
            raise
        return _home(visit, refusal.message, 422)
    product = visit.world.need("product", price["product"])
    return visit.render(
        "portal_confirm.html",
        status,
        subscription=subscription,
        price=price,
        product=product,
        quantity=quantity,
        invoice=invoice,
        now=now,
        error=error,
    )


def _wanted(world: World, wanted: dict[str, str]) -> tuple[Obj, int]:
    price, quantity = world.get("price", wanted.get("price", "")), wanted.get("quantity", "1")
    if price is None or not (quantity.isascii() and quantity.isdigit() and len(quantity) < 7):
        raise ApiError("Choose a plan and a quantity.", status=422)
    return price, int(quantity)


async def confirm(request: Request) -> Response:
    """POST …/confirm: switch; what the card says against it is shown, and nothing has changed then."""
    visit, typed = Visit(request), await typed_into(request)
    subscription = visit.subscription(request)
    price, quantity = _wanted(visit.world, typed)
    try:
        portal.switch(visit.world, visit.session, subscription, price["id"], quantity)
    except ApiError as refusal:
        return _confirm(visit, subscription, typed, refusal.message, 402)
    return visit.on()


async def ask_card(request: Request) -> Response:
    """GET …/payment-method: a form for another card."""
    visit = Visit(request)
    portal.need(visit.world, visit.session, "payment_method_update")
    return visit.render("portal_card.html", field=None)


async def replace_card(request: Request) -> Response:
    """POST …/payment-method."""
    visit, typed = Visit(request), await typed_into(request)
    try:
        card = instruments.card(
            typed.get("card_number", ""), typed.get("expiry", ""), typed.get("cvc", ""), visit.world.now()
        )
        portal.replace_card(visit.world, visit.session, card)
    except InvalidDetails as wrong:
        return visit.render("portal_card.html", 422, error=wrong.message, field=wrong.field)
    except ApiError as refusal:
        return visit.render("portal_card.html", 402, error=refusal.message, field="number")
    return visit.on()


async def pay(request: Request) -> Response:
    """POST …/invoices/{id}/pay: pay an open invoice with the saved card."""
    visit = Visit(request)
    said = portal.pay(visit.world, visit.session, request.path_params["id"])
    visit.shell.deliveries.send_pending()
    return _home(visit, said, 402) if said else RedirectResponse(visit.base, status_code=303)


async def done(request: Request) -> Response:
    """GET …/done: the confirmation of a flow."""
    visit = Visit(request)
    hosted = (visit.session["flow"] or {"after_completion": {}})["after_completion"].get("hosted_confirmation")
    return visit.render("portal_done.html", message=(hosted or {}).get("custom_message"))


_BASE, _ONE = "/p/session/{secret}", "/p/session/{secret}/subscriptions/{id}"
ROUTES = [
    Route(_BASE, home, methods=["GET"]),
    Route(_BASE + "/done", done, methods=["GET"]),
    Route(_BASE + "/payment-method", ask_card, methods=["GET"]),
    Route(_BASE + "/payment-method", replace_card, methods=["POST"]),
    Route(_BASE + "/invoices/{id}/pay", pay, methods=["POST"]),
    Route(_ONE + "/cancel", ask_cancel, methods=["GET"]),
    Route(_ONE + "/cancel", cancel, methods=["POST"]),
    Route(_ONE + "/renew", renew, methods=["POST"]),
    Route(_ONE + "/update", choose, methods=["GET"]),
    Route(_ONE + "/confirm", ask_confirm, methods=["GET"]),
    Route(_ONE + "/confirm", confirm, methods=["POST"]),
]
