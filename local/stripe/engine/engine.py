"""The entry: one request in, one answer out, events left in the outbox."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.stripe.engine import scheduler, shown_rows, test_clocks
from local.stripe.engine.buyers import customer_search, customers, entitlements, payment_method_saving, payment_methods
from local.stripe.engine.catalog import (
    coupons,
    features,
    plans,
    price_currencies,
    prices,
    products,
    promotion_codes,
    tax_ids,
    tax_rates,
)
from local.stripe.engine.checkout import checkout_sessions, session_order
from local.stripe.engine.errors import SUPPORT, ApiError
from local.stripe.engine.expand import Include, check_levels, expand
from local.stripe.engine.idempotency import IdempotencyKeys, in_use
from local.stripe.engine.invoices import (
    invoice_actions,
    invoice_items,
    invoice_objects,
    invoice_preview,
    invoices,
)
from local.stripe.engine.notices import event_destinations, events, old_shapes, thin_events, webhook_endpoints
from local.stripe.engine.payments import balance, charges, disputes, payment_intents, refunds
from local.stripe.engine.routes import Call, Route
from local.stripe.engine.schema import check, params_type
from local.stripe.engine.subscriptions import (
    portal_configurations,
    portal_sessions,
    shown_prices,
    subscription_create,
    subscription_items,
    subscription_pause,
    subscriptions,
)
from local.stripe.engine.world import API_VERSION, NOBODY, Cause, Obj, World, snapshot

_RESOURCES = (
    balance,
    charges,
    checkout_sessions,
    coupons,
    customer_search,
    customers,
    disputes,
    entitlements,
    event_destinations,
    events,
    features,
    invoice_actions,
    invoice_items,
    invoice_preview,  # before invoices: its path looks like an invoice's
    invoices,
    payment_intents,
    payment_method_saving,
    payment_methods,
    plans,
    portal_configurations,
    portal_sessions,
    prices,
    products,
    promotion_codes,
    refunds,
    subscription_create,
    subscription_items,
    subscription_pause,
    subscriptions,
    tax_ids,
    tax_rates,
    test_clocks,
    webhook_endpoints,
)
ROUTES: list[Route] = [route for resource in _RESOURCES for route in resource.ROUTES]
INCLUDED: dict[tuple[str, str], Include] = {
    ("billing_portal.configuration", "features.subscription_update.products"): portal_configurations.products_shown,
    ("charge", "refunds"): charges.refunds_of,
    ("checkout.session", "line_items"): checkout_sessions.lines_of,
    ("checkout.session", "total_details.breakdown"): session_order.breakdown_of,
    ("coupon", "applies_to"): coupons.applies_to_of,
    ("coupon", "currency_options"): coupons.options_of,
    ("customer", "subscriptions"): customers.subscriptions_of,
    ("customer", "tax_ids"): tax_ids.included,
    ("invoice", "payments"): invoice_objects.payments_of,
    ("item", "discounts"): session_order.discounts_of,
    ("item", "taxes"): session_order.taxes_of,
    ("price", "currency_options"): price_currencies.options_of,
    ("promotion_code", "restrictions.currency_options"): promotion_codes.minimums_of,
}
"""Members that Stripe leaves out unless `expand` asks for them."""

_TEST_KEY = re.compile(r"(sk|rk)_test_\w+", re.ASCII)


@dataclass(frozen=True)
class Response:
    """An answer as it goes over the wire."""

    status: int
    body: Obj
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body's bytes, indented as Stripe's are."""
        return json.dumps(self.body, indent=2).encode()


class Engine:
    """One Stripe account in test mode. Not thread safe: its owner calls it one request at a time."""

    def __init__(
        self,
        clock: Callable[[], float],
        token: Callable[[int], str],
        public_url: str = "http://127.0.0.1:8789",
    ) -> None:
        self.world = World(clock=clock, token=token, public_url=public_url)
        self.world.followers = [customer_search.follow, entitlements.follow, shown_prices.follow]
        self.world.readers = [shown_rows.follow, old_shapes.follow, thin_events.follow]
        self._keys = IdempotencyKeys()
        self._routes = [(route, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path))) for route in ROUTES]
        self.fail_next: list[int] = []
        """Statuses that the next requests get instead of an answer: 500 inside the execution, 429 before it."""
        self.fail_late = False
        """Whether such a 500 comes when the request has had its effect."""
        self.executing: set[str] = set()
        """Keys of requests that are not answered yet: whoever owns this engine puts them in, and takes them out."""

    def tick(self) -> None:
        """Let everything happen that is due by now."""
        scheduler.run_due(self.world)

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        api_key: str | None = "sk_test_plumbline",
        idempotency_key: str | None = None,
        version: str | None = None,
    ) -> Response:
        """Answer one API request."""
        self.tick()
        request_id = self.world.id("req", 14)
        headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
        key = idempotency_key if method == "POST" else None
        if key is not None:
            headers |= {"Idempotency-Key": key, "Original-Request": request_id}
        given = dict(params or {})
        try:
            self._admit(api_key, version)
            if key in self.executing:
                raise in_use(key)
            route, ids = self._route(method, path)
            saved = self._keys.find(key, path, given, self.world.now()) if key is not None else None
            if saved is not None:
                replay = {"Idempotent-Replayed": "true", "Original-Request": saved.request_id}
                return Response(saved.status, snapshot(saved.body), headers | replay)
            status, body, keep = self._execute(route, ids, path, given, Cause(request_id, key))
        except ApiError as refusal:
            return self._refused(refusal, request_id, headers)
        if key is not None and keep:
            self._keys.save(key, path, given, status, body, request_id, self.world.now())
        return Response(status, body, headers)

    def _execute(
        self, route: Route, ids: dict[str, str], path: str, given: dict[str, Any], cause: Cause
    ) -> tuple[int, Obj, bool]:
        """Run the handler; an error it raises is an answer too, saved unless nothing was begun."""
        self.world.cause = cause
        try:
            further = {name: str(given.pop(name)) for name in route.beyond & given.keys()}
            checked = check(given, params_type(route.schema)) | further
            route.refuse_ignored(checked)
            check_levels(checked.get("expand", []))
            fails = bool(self.fail_next) and self.fail_next[0] >= 500
            if fails and not self.fail_late:
                raise self._failure()
            answer = snapshot(route.answer(Call(self.world, ids, checked, path)))
            if fails:
                raise self._failure()
            answer = expand(self.world, answer, checked.get("expand", []), INCLUDED)
            if self.world.long_lists:
                shown_rows.cut(answer)
            return 200, answer, True
        except ApiError as refusal:
            if refusal.parameters_refused:
                raise
            return refusal.status, refusal.body(cause.id or "", self.world.now()), True
        finally:
            self.world.cause = NOBODY

    def _failure(self) -> ApiError:
        return ApiError("An unknown error occurred", status=self.fail_next.pop(0), type="api_error")

    def _refused(self, refusal: ApiError, request_id: str, headers: dict[str, str]) -> Response:
        more = {"WWW-Authenticate": 'Basic realm="Stripe"'} if refusal.status == 401 else {}
        if refusal.status == 429:
            more = {"Stripe-Rate-Limited-Reason": "global-rate", "Retry-After": "1"}
        return Response(refusal.status, refusal.body(request_id, self.world.now()), headers | more)

    def _admit(self, api_key: str | None, version: str | None) -> None:
        if self.fail_next and self.fail_next[0] == 429:
            self.fail_next.pop(0)
            raise ApiError(
                "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
                status=429,
                code="rate_limit",
            )
        if not api_key:
            raise ApiError(
                "You did not provide an API key. You need to provide your API key in the Authorization header, using "
                "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
                f"https://stripe.com/docs/api#authentication for details, or we can help at {SUPPORT}.",
                status=401,
            )
        if not _TEST_KEY.fullmatch(api_key):
            shown = api_key[:8] + "*" * max(0, len(api_key) - 12) + api_key[-4:] if len(api_key) > 12 else "****"
            raise ApiError(f"Invalid API Key provided: {shown}", status=401)
        if version not in (None, API_VERSION):
            raise ApiError(
                f"Invalid Stripe API version: {version}. This stand-in speaks {API_VERSION} only.",
            )

    def _route(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        for route, pattern in self._routes:
            found = pattern.fullmatch(path) if route.method == method else None
            if found:
                return route, found.groupdict()
        raise ApiError(
            f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at "
            f"{SUPPORT}.",
            status=404,
        )
