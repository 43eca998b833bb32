"""POST /portal/sessions, /subscriptions/change/preview and /subscriptions/change: what a subscriber changes."""

from collections.abc import Callable

from billing.api_models.subscriptions import ChangeBody, PortalAnswer, PortalBody, PreviewBody
from billing.bootstrap.subscriptions import SubscriptionsWorld, subscriptions_dependencies
from billing.domain.ids import SUBSCRIPTION_ID, SubscriptionId, UserId, fits
from billing.errors import SubscriptionNotFound
from billing.http.caller import Caller, caller
from billing.http.handler import http_handler
from billing.http.reply import HttpResponse, reply
from billing.http.request import HttpEvent, body_as, idempotency_key
from billing.observability import LambdaContext
from billing.present.subscriptions import change_answer, preview_answer
from billing.services.change_subscription import (
    ChangeRequest,
    ChangeStatus,
    change_subscription,
    preview_change,
)
from billing.services.find_price import PriceRef
from billing.services.open_portal import PortalRequest, open_portal


def _portal(event: HttpEvent, user: Caller, world: SubscriptionsWorld) -> HttpResponse:
    """201 with the portal's address."""
    body = body_as(event, PortalBody)
    request = PortalRequest(user.user_id, user.usable_email, body.flow, _named(body.subscription_id), body.locale)
    return reply(201, PortalAnswer(url=open_portal(request, world.portal)))


def _preview(event: HttpEvent, user: Caller, world: SubscriptionsWorld) -> HttpResponse:
    """200 with what the change would cost."""
    seen = preview_change(_wanted(body_as(event, PreviewBody), user.user_id), world.change)
    return reply(200, preview_answer(seen.change, seen.now, seen.recurring, seen.prorated_at, seen.expires_at))


def _change(event: HttpEvent, user: Caller, world: SubscriptionsWorld) -> HttpResponse:
    """200 with the subscription as it is now, or 202 while its payment is required."""
    request = _wanted(body_as(event, ChangeBody), user.user_id, idempotency_key(event))
    made = change_subscription(request, world.change)
    core = world.change.converge
    answer = change_answer(
        made.status,
        made.account,
        made.subscription,
        invoice_page=made.invoice_page,
        waits_until=made.expires_at,
        policy=core.policy,
        now=core.clock.now(),
    )
    return reply(202 if made.status is ChangeStatus.PAYMENT_REQUIRED else 200, answer)


_ROUTES: dict[str, Callable[[HttpEvent, Caller, SubscriptionsWorld], HttpResponse]] = {
    "POST /portal/sessions": _portal,
    "POST /subscriptions/change/preview": _preview,
    "POST /subscriptions/change": _change,
}


@http_handler
def lambda_handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:  # noqa: ARG001  Lambda's signature
    """Answer one of the routes; the gateway lets no other through. Only a user may ask (failure-modes S07)."""
    return _ROUTES[event["routeKey"]](event, caller(event).as_user(), subscriptions_dependencies())


def _named(subscription: str | None) -> SubscriptionId | None:
    if subscription is None:
        return None
    if fits(subscription, SUBSCRIPTION_ID) is None:
        raise SubscriptionNotFound("there is no such subscription")
    return SubscriptionId(subscription)


def _wanted(body: PreviewBody | ChangeBody, user: UserId, key: str | None = None) -> ChangeRequest:
    return ChangeRequest(
        user=user,
        price=PriceRef(body.price_id, body.lookup_key, body.plan, body.entitlement_level, body.interval),
        quantity=body.quantity,
        subscription=_named(body.subscription_id),
        prorated_at=body.proration_date if isinstance(body, ChangeBody) else None,
        idempotency_key=key,
    )
