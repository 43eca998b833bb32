"""What happens in the functions: each makes the real code count, into the metrics that a function prints.

The worlds are those of other tests, with fakes that have state, and the real `metrics()`. What would be the adapters'
part to count is counted by the adapters themselves, over a small HTTP server each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from billing.adapters.stripe_api.client import stripe_client
from billing.adapters.stripe_api.reader import StripeReads
from billing.adapters.upstash_cache import UpstashCache
from billing.adapters.upstash_client import open_redis
from billing.config import StripeAccess
from billing.domain.catalog import Gives
from billing.domain.events import Origin
from billing.domain.ids import PaymentIntentId, SubscriptionId
from billing.errors import InvalidRequest, MalformedMessage, StripeBusy, StripeUnavailable
from billing.http.handler import http_handler
from billing.http.reply import HttpResponse
from billing.http.request import HttpEvent
from billing.observability import LambdaContext, metrics
from billing.services.accept_event import MAX_BODY
from billing.services.adjust_credits import adjust_credits
from billing.services.catch_up import CatchUpDeps, catch_up
from billing.services.change_subscription import change_subscription
from billing.services.converge import converge, touched_session
from billing.services.look_at_objects import look_at_objects
from billing.services.looks import LookDeps, looks
from billing.services.open_portal import PortalRequest, open_portal
from billing.services.read_account import read_entitlement
from billing.services.read_catalog import read_catalog
from billing.services.settle_due import settle_due
from billing.services.spend_credits import reverse_spend, spend_credits
from billing.services.start_checkout import start_checkout
from billing.services.walk_on import WalkDeps
from functions.catch_up import app as catch_up_app
from functions.event_consumer import app as consumer
from functions.ledger_watch import app as ledger_watch
from functions.reconcile import app as reconcile
from functions.webhook import app as webhook
from tests.fakes import subscriber
from tests.fakes.core import Core, a_notice
from tests.fakes.event_lists import FakeEventList, FakeWalks
from tests.fakes.lambda_events import FakeContext, http_event
from tests.fakes.object_lists import FakeKnown, FakeLists, FakeParked, FakeRenewals
from tests.fakes.requests import a_request
from tests.fakes.snapshots import ALICE, BOB, DAY, NOW, PRO_MONTHLY, SESSION, a_refund, a_subscription, an_order
from tests.fakes.stripe_signature import sign
from tests.fakes.webhook_edge import BODY, PAYLOAD, SECRET, T, new_edge
from tests.fakes.world import FakeClock, FakeLog, FakeMetrics
from tests.unit.billing.adapters.http_servers import TOKEN, answer, bad_server, upstash

ROOT = Path(__file__).parents[2]


def counting() -> Core:
    """A core that counts into what is printed."""
    return Core(metrics=cast("FakeMetrics", metrics()))


@contextmanager
def in_the_world(module: Any, name: str, world: object) -> Iterator[None]:
    """The handler of this module finds this world."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, name, lambda: world)
        yield


def at_the_webhook() -> None:
    """Good deliveries, and each kind of bad one; the queue is down; the secret is not there."""
    edge = new_edge()
    edge.deps = replace(edge.deps, metrics=metrics())
    signed = http_event(BODY, {"Stripe-Signature": sign(BODY, SECRET, T)})
    with in_the_world(webhook, "webhook_dependencies", edge.deps):
        webhook.lambda_handler(signed, FakeContext())
    edge.cache.done.add(PAYLOAD["id"])
    edge.deliver()
    edge.cache.done.clear()
    edge.deliver(json.dumps(PAYLOAD | {"type": "tax.settings.updated"}).encode())
    edge.deliver(secret="whsec_of_somebody_else_0123")
    edge.post(http_event(BODY, {"Stripe-Signature": sign(BODY, SECRET, T - 3600)}))
    edge.post(http_event(BODY, {"Stripe-Signature": "nothing"}))
    edge.post(http_event(BODY, {}))
    edge.deliver(b" " * (MAX_BODY + 1))
    edge.deliver(b"signed, and no event")
    edge.queue.down = True
    edge.deliver()
    edge.deps = replace(edge.deps, secret_name="gone")
    edge.secrets.values["gone"] = {"secrets": []}
    edge.deliver()


def behind_a_route() -> None:
    """What nobody foresaw, and what was asked wrongly."""

    @http_handler
    def handler(event: HttpEvent, context: LambdaContext) -> HttpResponse:
        raise ZeroDivisionError if event["body"] == "bug" else InvalidRequest("no")

    for body in ("bug", "wrong"):
        handler(http_event(body, {}), FakeContext())


def in_the_queue() -> None:
    """A batch; a message of nobody's, an event of the other mode, one of EventBridge that we don't handle; and a user
    who has come to have two subscriptions, at a price that was mistyped.
    """
    core = counting()
    core.has_customer()
    core.deliver("no message")
    core.deliver(replace(a_notice(), livemode=True))
    core.deliver(json.dumps({"detail-type": "x", "source": "aws.partner/stripe.com/ed_1", "detail": {"type": "x.y"}}))
    core.calls.broken["snapshot"] = StripeUnavailable("down")
    core.deliver(a_notice(id="evt_3"), receive_count=8)
    core.calls.broken.clear()
    for id in (SubscriptionId("sub_1"), SubscriptionId("sub_2")):
        core.stripe.subscriptions[id] = a_subscription(PRO_MONTHLY, id=id)
    core.stripe.prices[PRO_MONTHLY.id] = replace(PRO_MONTHLY, gives=Gives(), problem="mistyped")
    for _ in range(2):
        core.deliver(a_notice("customer.subscription.created", id="evt_2", related={"subscription": "sub_2"}))
    with in_the_world(consumer, "consumer_dependencies", core.consume):
        consumer.lambda_handler({"Records": []}, FakeContext())


def at_a_purchase() -> None:
    """Somebody's purchase is converged, and then its refund."""
    core = counting()
    core.has_customer()
    core.has_session(an_order())
    core.stripe.pay(SESSION)
    converge(ALICE, touched_session(SESSION), [], "anybody", core.converge)
    paid = core.stripe.sessions[SESSION]
    assert paid.payment is not None
    core.stripe.sessions[SESSION] = replace(paid, payment=replace(paid.payment, refunds=(a_refund(500),)))
    converge(ALICE, touched_session(SESSION), [], "anybody", core.converge)


def at_a_checkout() -> None:
    """One of each mode."""
    core = counting()
    core.stripe.prices[PRO_MONTHLY.id] = PRO_MONTHLY
    start_checkout(a_request(), core.checkout)
    start_checkout(a_request(None, price_id=PRO_MONTHLY.id, user=BOB), core.checkout)


def at_a_change() -> None:
    """A subscriber changes plans, and looks at the portal."""
    core = subscriber.subscribed_core()
    world = replace(core.converge, metrics=metrics())
    change_subscription(subscriber.wanted(), replace(core.change, converge=world))
    open_portal(PortalRequest(ALICE, None), replace(core.portal, converge=world))


def at_a_spend() -> None:
    """Credits are spent, once more under the same key, and given back."""
    core = counting()
    adjust_credits(ALICE, 500, "welcome", "ada", "grant-1", None, core.use)
    first, _ = (spend_credits(ALICE, 100, "spent", "job-1", "key-1", "service", core.use) for _ in range(2))
    assert first.receipt.entry is not None
    reverse_spend(ALICE, first.receipt.entry.key, "undone", "key-2", "service", core.use)


def on_the_schedule() -> None:
    """A lot has run out; and a schedule names no job."""
    core = counting()
    adjust_credits(ALICE, 500, "welcome", "ada", "grant-1", NOW + DAY, core.use)
    core.clock.time += 2 * DAY
    settle_due(core.clock.time + timedelta(minutes=1), core.due, core.use)
    with in_the_world(reconcile, "reconcile_dependencies", None), suppress(MalformedMessage):
        reconcile.lambda_handler({"job": "none"}, FakeContext())


def in_the_list() -> None:
    """The list is read, then Stripe asks to be asked less; objects are looked at; a schedule names no job."""
    core = counting()
    walks = FakeWalks(core.calls)
    walking = WalkDeps(walks, core.events, core.queue, Origin(livemode=False), core.clock, core.log, metrics())
    unusable = PAYLOAD | {"created": int((NOW - timedelta(hours=1)).timestamp()), "object": "nothing"}
    listed = FakeEventList(core.calls, [unusable])
    for _ in range(2):
        catch_up(NOW + timedelta(minutes=1), "run-1", CatchUpDeps(listed, walking))
        core.calls.broken["page"] = StripeBusy("slow down")
    lists = FakeLists(core.calls)
    deps = LookDeps(
        lists.every,
        FakeParked(core.tables),
        FakeRenewals(core.tables),
        FakeKnown(core.tables),
        core.stripe,
        trial_credits=False,
    )
    look_at_objects(looks(deps), NOW + timedelta(minutes=1), "run-2", walking)
    with suppress(MalformedMessage):
        catch_up_app.lambda_handler({"job": "none"}, FakeContext())


def in_the_ledger() -> None:
    """Somebody rewrites an entry."""
    ledger_watch.lambda_handler(json.loads((ROOT / "events/ledger_watch/rewritten.json").read_text()), FakeContext())


def at_redis(use: Callable[[UpstashCache], object]) -> None:
    """Redis answers, then it is gone: a call fails, and another; the next one goes without."""
    with upstash() as url, open_redis(url, TOKEN, 10) as redis:
        use(UpstashCache(lambda: redis, "dev:test:1:", FakeClock(NOW), FakeLog(), metrics(), 10))
    with open_redis("http://127.0.0.1:9", TOKEN, 10) as redis:
        gone = UpstashCache(lambda: redis, "dev:test:1:", FakeClock(NOW), FakeLog(), metrics(), 10)
        for _ in range(3):
            gone.lock_success(SESSION)


def reading(cache: UpstashCache) -> None:
    """A level and the catalog, each twice: it is not there, then it is."""
    core = Core()
    for _ in range(2):
        read_entitlement(ALICE, replace(core.read, cache=cache))
        read_catalog(lambda: core.stripe, cache, lambda prices: '{"prices":[]}', lambda text: True)


def locking(cache: UpstashCache) -> None:
    """Something is asked of it."""
    cache.lock_success(SESSION)


def asking_stripe() -> None:
    """Stripe is asked, whatever it answers."""
    with bad_server(answer("{}", "404 Not Found")) as server, suppress(Exception):
        client = stripe_client(StripeAccess(server.url, "key", livemode=False, account=None), "sk_test_1", metrics())
        StripeReads(client, ("FREE", "PRO"), livemode=False).session_of_payment(PaymentIntentId("pi_1"))
