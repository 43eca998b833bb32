"""POST /webhooks/stripe: accept a signed Stripe event and queue it.

Stripe gets its 2xx only once the queue holds the event; the consumer does the work.
"""

from billing.bootstrap.webhook import webhook_dependencies
from billing.http.handler import http_handler
from billing.http.reply import HttpResponse, reply
from billing.http.request import HttpEvent, correlation_id, header, raw_body
from billing.observability import LambdaContext, timed
from billing.services.accept_event import AcceptDeps, accept_event


@http_handler
def lambda_handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:
    """Answer one delivery."""
    with timed("WebhookAckTime"):
        return accept(event, context, webhook_dependencies())  # cached: built once per execution environment


def accept(event: HttpEvent, context: LambdaContext, deps: AcceptDeps) -> HttpResponse:
    """Answer one delivery with the given world."""
    accepted = accept_event(
        body=raw_body(event),  # the exact bytes that Stripe signed
        signature=header(event, "stripe-signature"),
        correlation_id=correlation_id(event) or context.aws_request_id,
        deps=deps,
    )
    return reply(200, {"ok": True, "idempotent": True} if accepted.outcome == "skipped_replay" else {"ok": True})
