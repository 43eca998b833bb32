"""The buyer's pages: plain forms that work without JavaScript.

One page serves two addresses: `/c/pay/{session}`, which the buyer is sent to, and `/c/embedded/{client_secret}`, which
our Stripe.js puts into a frame.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from local.stripe.engine.buyers.instruments import InvalidDetails
from local.stripe.engine.catalog import promotion_codes
from local.stripe.engine.checkout import hosted_checkout, page_offers, session_order
from local.stripe.engine.checkout.checkout_buyer import Buyer
from local.stripe.engine.checkout.session_order import Order
from local.stripe.engine.errors import ApiError
from local.stripe.engine.world import Obj
from local.stripe.web import pay_form, texts
from local.stripe.web.rendering import render
from local.stripe.web.shell import Shell, shell_of
from local.stripe.web.typed import typed_into

CHANGED = "The total has changed. Please check it and pay again."
UNKNOWN_CODE = "This code is invalid."
"""Whatever is wrong with it: Stripe's page does not tell a buyer which codes exist."""


class Visit:
    """One request of a buyer's browser for one session."""

    def __init__(self, request: Request) -> None:
        self.shell: Shell = shell_of(request)
        self.shell.flush()
        world = self.shell.engine.world
        secret = request.path_params.get("client_secret")
        found = world.get(
            "checkout.session", request.path_params.get("session") or str(secret).partition("_secret_")[0]
        )
        hosted = found is not None and found["ui_mode"] == "hosted_page"
        if found is not None and (hosted if secret is None else found["client_secret"] == secret):
            self.session: Obj | None = found
        else:
            self.session = None
        self.embedded = secret is not None
        self.base = f"/c/embedded/{secret}" if self.embedded else f"/c/pay/{request.path_params.get('session')}"
        locale = self.session["locale"] if self.session else None
        self.language = texts.choose(locale, request.headers.get("accept-language", ""))

    @property
    def open(self) -> bool:
        """Whether it can still be paid."""
        return self.session is not None and self.session["status"] == "open"

    def shown(self) -> Obj:
        """The session, which is there."""
        assert self.session is not None
        return self.session

    def order(self) -> Order:
        """What it is for."""
        order: Order = self.shell.engine.world.hidden[self.shown()["id"]]
        return order

    def render(self, name: str, status: int = 200, **values: Any) -> Response:
        """Fill a template in the buyer's language."""
        return render(name, self.language, status, base=self.base, embedded=self.embedded, **values)

    def closed(self) -> Response:
        """The page of a session that can no longer be paid, or never existed."""
        session = self.session
        if session is None:
            return self.render("closed.html", 404, kind="unknown", back=None)
        if session["status"] == "complete":
            return self.done() if self.embedded else self.render("closed.html", kind="complete", back=after(session))
        return self.render("closed.html", kind="expired", back=session["cancel_url"])

    def done(self) -> Response:
        """Send the buyer on: a hosted page by a redirect, a frame by a word to the page around it."""
        session = self.shown()
        if not self.embedded:
            return RedirectResponse(str(after(session)), status_code=303)
        onward = after(session) if session["redirect_on_completion"] == "always" else None
        return self.render("embedded_done.html", onward=onward)

    def form(self, typed: dict[str, str], wrong: tuple[str, str] | None = None, status: int = 200) -> Response:
        """The page with the form; `wrong` is the field that is wrong and what to say about it."""
        session, order, world = self.shown(), self.order(), self.shell.engine.world
        customer = world.find(session["customer"]) if session["customer"] else None
        recurring = [line["price"]["recurring"] for line in order.lines if line["price"]["recurring"]]
        return self.render(
            "pay.html",
            status,
            session=session,
            lines=order.lines,
            email=(customer or {}).get("email") or session["customer_email"],
            recurring=recurring[0] if recurring else None,
            trial=order.trial,
            after_trial=sum(line["amount_subtotal"] for line in order.lines if line["price"]["recurring"]),
            asks=pay_form.asks(session, order),
            countries=pay_form.COUNTRIES,
            offers=page_offers.page_offers(world, session),
            code=order.source if order.source and order.source["object"] == "promotion_code" else None,
            typed=pay_form.saved_address(world, session) | typed,
            field=wrong[0] if wrong else None,
            error=wrong[1] if wrong else "",
        )


def after(session: Obj) -> str | None:
    """Where a paid buyer goes. https://docs.stripe.com/payments/checkout/custom-success-page"""
    target = session["success_url"] or session.get("return_url")
    return str(target).replace("{CHECKOUT_SESSION_ID}", session["id"]) if target else None


async def show(request: Request) -> Response:
    """GET: the page."""
    visit = Visit(request)
    return visit.form({}) if visit.open else visit.closed()


async def pay(request: Request) -> Response:
    """POST: try to pay with what was typed."""
    visit = Visit(request)
    if not visit.open:
        return visit.closed()
    session, typed, world = visit.shown(), await typed_into(request), visit.shell.engine.world
    wanted = pay_form.asks(session, visit.order())
    try:
        buyer = pay_form.read_buyer(typed, wanted)
        hosted_checkout.locate(world, session, buyer)
        if typed.get("shown_total", str(session["amount_total"])) != str(session["amount_total"]):
            return visit.form(typed, ("total", CHANGED), 409)
        instrument = pay_form.read_instrument(world, session, typed) if wanted.method else None
    except InvalidDetails as wrong:
        return visit.form(typed, (wrong.field, wrong.message), 422)
    return await _go_on(visit, hosted_checkout.submit(world, session, instrument, buyer), typed)


async def relocate(request: Request) -> Response:
    """POST …/address: reckon the tax for the address, pay nothing."""
    visit = Visit(request)
    if not visit.open:
        return visit.closed()
    typed = await typed_into(request)
    try:
        address = pay_form.read_address(typed, pay_form.asks(visit.shown(), visit.order()))
    except InvalidDetails as wrong:
        return visit.form(typed, (wrong.field, wrong.message), 422)
    buyer = Buyer("", "", address)
    hosted_checkout.locate(visit.shell.engine.world, visit.shown(), buyer)
    return visit.form(typed)


async def promotion(request: Request) -> Response:
    """POST …/promotion: redeem the typed code, or with `remove` take it off again."""
    visit = Visit(request)
    if not visit.open or not visit.shown()["allow_promotion_codes"]:
        return visit.form({}) if visit.open else visit.closed()
    session, typed, world = visit.shown(), await typed_into(request), visit.shell.engine.world
    source = None
    if "remove" not in typed:
        source = promotion_codes.typed(world, typed.get("promotion_code", ""), session["customer"])
        if source is None:
            return visit.form(typed, ("promotion_code", UNKNOWN_CODE), 422)
    try:
        with world.at(world.time_of(session["customer"])):
            session_order.redeem(world, session, visit.order(), source)
    except ApiError as refusal:
        return visit.form(typed, ("promotion_code", refusal.message), 422)
    return RedirectResponse(visit.base, status_code=303)


async def take_offer(request: Request) -> Response:
    """POST …/offer: take the `price` that the page offers beside what was ordered, or instead of it."""
    visit = Visit(request)
    if not visit.open:
        return visit.closed()
    session, world = visit.shown(), visit.shell.engine.world
    try:
        with world.at(world.time_of(session["customer"])):
            page_offers.take(world, session, (await typed_into(request)).get("price", ""))
    except ApiError as refusal:
        return visit.form({}, ("offer", refusal.message), 422)
    return RedirectResponse(visit.base, status_code=303)


async def _go_on(visit: Visit, outcome: hosted_checkout.Outcome, typed: dict[str, str]) -> Response:
    begun = visit.shell.deliveries.send_pending()
    if outcome.step == "retry":
        return visit.form(typed, ("number", outcome.message), 402)
    if outcome.step == "authenticate":
        return RedirectResponse(f"{visit.base}/authenticate", status_code=303)
    if outcome.step == "closed":
        return visit.closed()
    await visit.shell.deliveries.wait_for_checkout(visit.shown()["id"], begun)
    return visit.done()


async def ask(request: Request) -> Response:
    """GET …/authenticate: the bank's page of 3-D Secure."""
    visit = Visit(request)
    return visit.render("authenticate.html", session=visit.shown()) if visit.open else visit.closed()


async def authenticate(request: Request) -> Response:
    """POST …/authenticate: complete or fail."""
    visit = Visit(request)
    if not visit.open:
        return visit.closed()
    session = visit.shown()
    passed = (await typed_into(request)).get("outcome") == "complete"
    outcome = hosted_checkout.authenticate(visit.shell.engine.world, session, passed)
    if outcome.step == "closed":
        return RedirectResponse(visit.base, status_code=303)
    typed = {key: session["customer_details"][key] for key in ("email", "name")}  # of the form before the bank's page
    return await _go_on(visit, outcome, typed)
