"""GET and POST /checkout/success: make the account match Stripe before any webhook arrives."""

from billing.api_models.checkout import SuccessBody
from billing.bootstrap.success_sync import return_page, success_dependencies
from billing.domain.ids import SESSION_ID
from billing.http.caller import caller
from billing.http.handler import failed, http_handler
from billing.http.reply import HttpResponse, redirect, reply
from billing.http.request import HttpEvent, body_as, query
from billing.observability import LambdaContext
from billing.present.checkout import success_answer
from billing.services.sync_after_checkout import redirect_after_checkout, sync_after_checkout


@http_handler
def lambda_handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:  # noqa: ARG001  Lambda's signature
    """Redirect the buyer whom Stripe sends back, or answer the app that asks with the buyer's token."""
    return _redirect(event) if event.get("routeKey", "").startswith("GET ") else _sync(event)


def _redirect(event: HttpEvent) -> HttpResponse:
    """303 to the app's return page, whatever happens here: the buyer has paid, and the page asks with his token."""
    page = return_page()
    session = query(event, "session_id") or ""
    if not SESSION_ID.fullmatch(session):
        return redirect(page)
    try:
        redirect_after_checkout(session, success_dependencies())
    except Exception as exc:  # noqa: BLE001  logged and counted as any failure, and not shown to the buyer
        failed(exc)
    return redirect(f"{page}?session_id={session}")


def _sync(event: HttpEvent) -> HttpResponse:
    """200 with what the purchase gave, or 202 while an asynchronous payment is pending."""
    deps = success_dependencies()
    user = caller(event).as_user()
    body = body_as(event, SuccessBody)
    purchase, account = sync_after_checkout(user.user_id, body.session_id, deps)
    core = deps.converge
    answer = success_answer(purchase, account, core.policy, core.clock.now())
    return reply(202 if answer.status == "processing" else 200, answer)
