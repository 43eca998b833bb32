"""POST /checkout/sessions: freeze an order and open a Stripe Checkout session for it."""

from billing.api_models.checkout import CheckoutAnswer, CheckoutBody
from billing.bootstrap.create_checkout import checkout_dependencies
from billing.http.caller import caller
from billing.http.handler import http_handler
from billing.http.reply import HttpResponse, reply
from billing.http.request import HttpEvent, body_as
from billing.observability import LambdaContext
from billing.services.start_checkout import CheckoutRequest, start_checkout


@http_handler
def lambda_handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:  # noqa: ARG001  Lambda's signature
    """Answer 201 with the session's address."""
    user = caller(event).as_user()
    body = body_as(event, CheckoutBody)
    session = start_checkout(
        CheckoutRequest(user.user_id, user.usable_email, body.price_id, body.lookup_key, body.quantity),
        checkout_dependencies(),
    )
    answer = CheckoutAnswer(session_id=session.id, url=session.url, expires_at=session.expires_at)
    return reply(201, answer)
