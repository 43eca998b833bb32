"""What the bootstraps build, where nobody else would see it missing: tests of services bring worlds of their own."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import fields, is_dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from billing.bootstrap.account import account_dependencies
from billing.bootstrap.catch_up import catch_up_dependencies, look_dependencies, walk_dependencies
from billing.bootstrap.create_checkout import checkout_dependencies
from billing.bootstrap.credits import credits_dependencies
from billing.bootstrap.event_consumer import consumer_dependencies, put_off_dependencies
from billing.bootstrap.reconcile import reconcile_dependencies
from billing.bootstrap.subscriptions import subscriptions_dependencies
from billing.bootstrap.success_sync import success_dependencies
from billing.bootstrap.webhook import webhook_dependencies
from billing.domain.entitlement import AccessPolicy
from billing.domain.events import Origin
from billing.domain.ids import CustomerId, EventId, UserId
from billing.errors import StripeRefused, StripeUnavailable
from billing.observability import metrics
from billing.ports.cache import Cache
from billing.ports.stripe import StripeReader, Touched
from functions.account import app as account
from functions.create_checkout import app as create_checkout
from functions.credits import app as credits
from functions.event_consumer import app as event_consumer
from functions.reconcile import app as reconcile
from functions.subscriptions import app as subscriptions
from functions.success_sync import app as success_sync
from functions.webhook import app as webhook
from tests.fakes.lambda_events import FakeContext, http_event
from tests.unit.billing.adapters.http_servers import answer, hang
from tests.unit.billing.adapters.test_upstash_endless import callers, ended
from tests.unit.functions.process import STRIPE, Environment

CACHES: dict[str, Callable[[], Cache]] = {
    "account": lambda: account_dependencies().read.cache,
    "create_checkout": lambda: checkout_dependencies().cache,
    "credits": lambda: credits_dependencies().cache,
    "event_consumer": lambda: consumer_dependencies().cache,
    "reconcile": lambda: reconcile_dependencies().credits.cache,
    "subscriptions": lambda: subscriptions_dependencies().change.cache,
    "success_sync": lambda: success_dependencies().cache,
    "webhook": lambda: webhook_dependencies().cache,
}
POLICIES: dict[str, Callable[[], AccessPolicy]] = {
    "account": lambda: account_dependencies().read.policy,
    "create_checkout": lambda: checkout_dependencies().converge.policy,
    "credits": lambda: credits_dependencies().policy,
    "event_consumer": lambda: consumer_dependencies().converge.policy,
    "reconcile": lambda: reconcile_dependencies().credits.policy,
    "subscriptions": lambda: subscriptions_dependencies().change.converge.policy,
    "success_sync": lambda: success_dependencies().converge.policy,
}
ORIGINS: dict[str, Callable[[], Origin]] = {
    "catch_up": lambda: walk_dependencies().origin,
    "event_consumer": lambda: consumer_dependencies().origin,
    "webhook": lambda: webhook_dependencies().origin,
}
READERS: dict[str, Callable[[], StripeReader]] = {
    "create_checkout": lambda: checkout_dependencies().converge.stripe,
    "event_consumer": lambda: consumer_dependencies().converge.stripe,
    "subscriptions": lambda: subscriptions_dependencies().change.converge.stripe,
    "success_sync": lambda: success_dependencies().converge.stripe,
}
MISSING = json.dumps({"error": {"type": "invalid_request_error", "code": "resource_missing", "param": "id"}})
BY_ALICE: dict[str, Any] = {**http_event('{"priceId": "price_1"}', claims={"sub": "alice"})}
INVOCATIONS: list[tuple[ModuleType, str, dict[str, Any]]] = [
    (account, "account_dependencies", BY_ALICE | {"routeKey": "GET /account"}),
    (create_checkout, "checkout_dependencies", BY_ALICE),
    (credits, "credits_dependencies", BY_ALICE | {"routeKey": "POST /credits/spend"}),
    (event_consumer, "consumer_dependencies", {"Records": []}),
    (reconcile, "reconcile_dependencies", {"job": "settle_due"}),
    (subscriptions, "subscriptions_dependencies", BY_ALICE | {"routeKey": "POST /portal/sessions"}),
    (success_sync, "success_dependencies", BY_ALICE | {"routeKey": "POST /checkout/success"}),
    (webhook, "webhook_dependencies", BY_ALICE),
]
"""A function, its bootstrap, and what the function is invoked with."""


BOOTSTRAPS: tuple[Callable[[], object], ...] = (
    account_dependencies,
    catch_up_dependencies,
    checkout_dependencies,
    consumer_dependencies,
    credits_dependencies,
    look_dependencies,
    put_off_dependencies,
    reconcile_dependencies,
    subscriptions_dependencies,
    success_dependencies,
    walk_dependencies,
    webhook_dependencies,
)
UNSET = {
    "Breaker._paused_at",
    "Origin.account",
    "SecretsManager._client",
    "SecretsManager._silent_until",
    "SqsQueue._client",
    "StripeAccess.account",
    "StripePortalSessions._configuration",
}
"""What stands empty in a world of the template's settings that nobody has used yet."""


def parts(thing: object) -> Iterator[tuple[str, object]]:
    """All members of a world and of what it is built of, by class and name."""
    if type(thing).__module__.startswith("billing."):
        names = [field.name for field in fields(thing)] if is_dataclass(thing) else getattr(thing, "__dict__", ())
        for name in names:
            value = getattr(thing, name)
            yield f"{type(thing).__name__}.{name}", value
            yield from parts(value)


@pytest.mark.parametrize("bootstrap", BOOTSTRAPS, ids=lambda bootstrap: bootstrap.__name__)
def test_nothing_is_missing_in_what_is_built(bootstrap: Callable[[], object], environment: Environment) -> None:
    """Nor does any part of it lack a client or its tables, which its first use would find, on Lambda."""
    found = list(parts(bootstrap()))
    assert len(found) >= 10
    assert {name for name, value in found if value is None} <= UNSET


@pytest.mark.parametrize(("app", "bootstrap", "event"), INVOCATIONS, ids=[each[1] for each in INVOCATIONS])
def test_each_invocation_asks_its_bootstrap(
    app: ModuleType, bootstrap: str, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F20: a handler that kept its world would have no budget for Redis left, and no key that was rolled."""
    asked: list[str] = []
    monkeypatch.setattr(app, bootstrap, lambda: asked.append(bootstrap))
    for _ in range(2):
        with suppress(AttributeError):  # it is given no world
            app.lambda_handler(event, FakeContext())
    assert len(asked) == 2


@pytest.mark.parametrize("cache", CACHES.values(), ids=CACHES.keys())
def test_each_invocation_has_a_whole_budget_for_redis(
    cache: Callable[[], Cache], environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F20: one that met a dead Redis goes without it to its end, and so would the process, for good."""

    def asked() -> bool:
        environment.server.received.clear()
        cache().entitlement(UserId("alice"))
        return bool(environment.server.received)

    environment.server.play = answer("down", "500 Internal Server Error")
    assert asked()
    asked()  # on a busy machine the first took the whole budget, which pauses Redis at once
    assert not asked(), "Redis is left alone for a while"
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    assert asked()


def test_each_account_of_a_schedule_has_a_whole_budget_for_redis(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F20: else what one account met would keep all the others of that run out of the cache."""
    world = reconcile_dependencies()

    def asked() -> bool:
        environment.server.received.clear()
        world.begin()
        world.credits.cache.entitlement(UserId("alice"))
        return bool(environment.server.received)

    environment.server.play = answer("down", "500 Internal Server Error")
    while asked():
        pass  # until Redis is left alone for a while
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    assert asked()


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize(("mode", "stage"), [("test", "dev"), ("live", "prod")])
def test_a_customer_who_is_not_there_is_gone_only_in_test_mode(
    reader: Callable[[], StripeReader],
    mode: str,
    stage: str,
    environment: Environment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F44. In live mode the key is another account's, and nobody may lose by that what he has."""
    monkeypatch.setenv("STAGE", stage)
    monkeypatch.setenv("STRIPE_MODE", mode)
    environment.store(STRIPE, key=f"sk_{mode}_key")
    environment.server.play = answer(MISSING, "404 Not Found")
    customer = CustomerId("cus_1")
    with pytest.raises(StripeRefused) if mode == "live" else nullcontext():
        assert reader().snapshot([], Touched(customers=frozenset({customer}))).deleted_customers == {customer}


def test_what_stripe_is_asked_is_counted(environment: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    """Whichever function asks: the client is built in one place."""
    metrics().flush()
    with suppress(StripeUnavailable):
        account_dependencies().catalog().active_prices()
    metrics().flush()
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["StripeCalls"] for line in printed if "StripeCalls" in line] == [[1.0] * len(environment.shown)]


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_each_function_keeps_to_the_policy_of_the_settings(
    policy: Callable[[], AccessPolicy], environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Levels, days of grace, and whether a trial has credits: money rules 12 and 21 by the owner's choice."""
    for name, value in {"LEVELS": "NONE,GOLD", "PAST_DUE_GRACE_DAYS": "3", "TRIAL_CREDITS": "true"}.items():
        monkeypatch.setenv(name, value)
    assert policy() == AccessPolicy(("NONE", "GOLD"), timedelta(days=3), trial_credits=True)


@pytest.mark.parametrize(("told", "given"), [("true", True), ("false", False)])
def test_the_looks_know_whether_trials_have_credits(
    told: str, given: bool, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAL_CREDITS", told)
    assert look_dependencies().trial_credits is given


@pytest.mark.parametrize("account", ["", "acct_1Connected"])
@pytest.mark.parametrize(("stage", "mode"), [("staging", "test"), ("prod", "live")])
@pytest.mark.parametrize("origin", ORIGINS.values(), ids=ORIGINS.keys())
def test_each_door_takes_events_of_its_mode_and_of_the_connected_account(
    origin: Callable[[], Origin],
    stage: str,
    mode: str,
    account: str,
    environment: Environment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F30: the consumer asks anew, so one door that does not know them would quarantine all that there is."""
    for name, value in {"STAGE": stage, "STRIPE_MODE": mode, "STRIPE_ACCOUNT": account}.items():
        monkeypatch.setenv(name, value)
    environment.store(STRIPE, key=f"rk_{mode}_key")
    assert origin() == Origin(livemode=mode == "live", account=account or None)


EVENT = EventId("evt_1")


def after(seconds: float) -> Callable[[socket.socket], None]:
    """Answer late that EVENT is done: who hears it has waited for it."""

    def play(connection: socket.socket) -> None:
        time.sleep(seconds)
        answer(f'{{"result": "{EVENT}"}}')(connection)

    return play


@pytest.mark.parametrize("name", sorted(CACHES.keys() - {"event_consumer"}))
def test_a_slow_redis_is_not_waited_for(name: str, environment: Environment) -> None:
    """F20: a request is at most 200 ms slower."""
    environment.server.play = after(0.5)
    assert not CACHES[name]().is_done(EVENT)


def test_a_slow_redis_is_waited_for_a_second_where_nobody_waits(environment: Environment) -> None:
    """F20: what the consumer publishes is what everybody else reads. Its batch has more to do than wait, though."""
    environment.server.play = answer('{"result": null}')
    consumer_dependencies().cache.is_done(EVENT)  # secrets and the client take their time outside of it
    environment.server.play = after(2)
    cache, begun = consumer_dependencies().cache, time.perf_counter()
    assert not cache.is_done(EVENT)
    assert time.perf_counter() - begun > 0.9


def test_a_call_that_redis_does_not_answer_ends_with_its_budget(environment: Environment) -> None:
    """F20: else each call would leave a thread and a connection to the invocations after it."""
    environment.server.play = hang
    before = callers()
    assert not webhook_dependencies().cache.is_done(EVENT)
    assert ended(before)


@pytest.mark.parametrize(("said", "parks"), [("park", True), ("ignore", False)])
def test_the_consumer_parks_what_is_of_nobody_as_the_settings_say(
    said: str, parks: bool, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNKNOWN_CUSTOMERS", said)
    assert consumer_dependencies().park_foreign is parks
