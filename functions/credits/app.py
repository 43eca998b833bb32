"""POST /credits/spend, /credits/reversals and /credits/reservations: using credits. Only the team's services may."""

from collections.abc import Callable

from pydantic import BaseModel

from billing.api_models.spending import CaptureBody, ReleaseBody, ReserveBody, ReversalBody, SpendBody
from billing.bootstrap.credits import credits_dependencies
from billing.domain.ids import UserId
from billing.http.caller import spender
from billing.http.handler import http_handler
from billing.http.reply import HttpResponse, reply
from billing.http.request import HttpEvent, body_as, in_path, required_key
from billing.observability import LambdaContext
from billing.present.credits import reserve_answer, spend_answer
from billing.services.perform_once import CreditDeps, Performed
from billing.services.reserve_credits import capture_reservation, release_reservation, reserve_credits
from billing.services.spend_credits import reverse_spend, spend_credits


def _spend(event: HttpEvent, deps: CreditDeps) -> HttpResponse:
    actor, key, body = spender(event).user_id, required_key(event), body_as(event, SpendBody)
    done = spend_credits(UserId(body.user_id), body.amount, body.reason, body.reference, key, actor, deps)
    return _replied(200, done, spend_answer(done.receipt))


def _reverse(event: HttpEvent, deps: CreditDeps) -> HttpResponse:
    actor, key, body = spender(event).user_id, required_key(event), body_as(event, ReversalBody)
    done = reverse_spend(UserId(body.user_id), body.transaction_id, body.reason, key, actor, deps)
    return _replied(200, done, spend_answer(done.receipt))


def _reserve(event: HttpEvent, deps: CreditDeps) -> HttpResponse:
    actor, key, body = spender(event).user_id, required_key(event), body_as(event, ReserveBody)
    seconds = body.expires_in_seconds
    done = reserve_credits(UserId(body.user_id), body.amount, seconds, body.reference, key, actor, deps)
    return _replied(201, done, reserve_answer(done.receipt))


def _capture(event: HttpEvent, deps: CreditDeps) -> HttpResponse:
    actor, key, body = spender(event).user_id, required_key(event), body_as(event, CaptureBody)
    reservation = in_path(event, "id")
    done = capture_reservation(UserId(body.user_id), reservation, body.amount, body.reason, key, actor, deps)
    return _replied(200, done, spend_answer(done.receipt))


def _release(event: HttpEvent, deps: CreditDeps) -> HttpResponse:
    actor, key, body = spender(event).user_id, required_key(event), body_as(event, ReleaseBody)
    done = release_reservation(UserId(body.user_id), in_path(event, "id"), key, actor, deps)
    return _replied(200, done, reserve_answer(done.receipt))


_ROUTES: dict[str, Callable[[HttpEvent, CreditDeps], HttpResponse]] = {
    "POST /credits/spend": _spend,
    "POST /credits/reversals": _reverse,
    "POST /credits/reservations": _reserve,
    "POST /credits/reservations/{id}/capture": _capture,
    "POST /credits/reservations/{id}/release": _release,
}


@http_handler
def lambda_handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:  # noqa: ARG001  Lambda's signature
    """Answer one of the routes; the gateway lets no other through."""
    return _ROUTES[event["routeKey"]](event, credits_dependencies())


def _replied(status: int, done: Performed, answer: BaseModel) -> HttpResponse:
    """The header is Stripe's: https://docs.stripe.com/error-low-level."""
    return reply(status, answer, {"idempotent-replayed": "true"} if done.replayed else None)
