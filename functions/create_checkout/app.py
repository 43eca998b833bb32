"""POST /checkout/sessions: freeze an order and open a Stripe Checkout session for it."""

from billing.api_models.checkout import CheckoutAnswer, CheckoutBody, CheckoutItem
from billing.bootstrap.create_checkout import checkout_dependencies
from billing.http.caller import caller
from billing.http.handler import http_handler
from billing.http.reply import HttpResponse, reply
from billing.http.request import HttpEvent, body_as
from billing.observability import LambdaContext
from billing.services.find_price import PriceRef
from billing.services.start_checkout import CheckoutRequest, LineRequest, start_checkout


@http_handler
def lambda_handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:  # noqa: ARG001  Lambda's signature
    """Answer 201 with the session's address, or with what an embedded page needs."""
    user = caller(event).as_user()
    body = body_as(event, CheckoutBody)
    request = CheckoutRequest(
        user=user.user_id,
        email=user.usable_email,
        lines=tuple(_line(item) for item in body.lines),
        currency=body.currency,
        locale=body.locale,
        ui_mode=body.ui_mode,
    )
    session = start_checkout(request, checkout_dependencies())
    answer = CheckoutAnswer(
        session_id=session.id, url=session.url, client_secret=session.client_secret, expires_at=session.expires_at
    )
    return reply(201, answer)


def _line(item: CheckoutItem) -> LineRequest:
    ref = PriceRef(item.price_id, item.lookup_key, item.plan, item.entitlement_level, item.interval)
    return LineRequest(ref, item.quantity)
