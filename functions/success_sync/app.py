"""GET and POST /checkout/success: make the account match Stripe before any webhook arrives."""

from billing.api_models.checkout import SuccessBody
from billing.bootstrap.success_sync import SuccessWorld, success_dependencies
from billing.domain.ids import SESSION_ID
from billing.http.caller import caller
from billing.http.handler import http_handler
from billing.http.reply import HttpResponse, redirect, reply
from billing.http.request import HttpEvent, body_as, query
from billing.observability import LambdaContext
from billing.present.checkout import success_answer
from billing.services.sync_after_checkout import redirect_after_checkout, sync_after_checkout


@http_handler
def lambda_handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:  # noqa: ARG001  Lambda's signature
    """Redirect the buyer whom Stripe sends back, or answer the app that asks with the buyer's token."""
    world = success_dependencies()
    return _redirect(event, world) if event.get("routeKey", "").startswith("GET ") else _sync(event, world)


def _redirect(event: HttpEvent, world: SuccessWorld) -> HttpResponse:
    """303 to the app's return page, whatever happens here: the page asks again with the buyer's token."""
    session = query(event, "session_id") or ""
    if not SESSION_ID.fullmatch(session):
        return redirect(world.return_page)
    redirect_after_checkout(session, world.sync)
    return redirect(f"{world.return_page}?session_id={session}")


def _sync(event: HttpEvent, world: SuccessWorld) -> HttpResponse:
    """200 with what the purchase gave, or 202 while an asynchronous payment is pending."""
    user = caller(event).as_user()
    body = body_as(event, SuccessBody)
    purchase, account = sync_after_checkout(user.user_id, body.session_id, world.sync)
    core = world.sync.converge
    answer = success_answer(purchase, account, core.policy, core.clock.now())
    return reply(202 if answer.status == "processing" else 200, answer)
