"""What is compared: each function as it is built, a plain implementation of the same, and a handler that does nothing.

Plain ones are what a tutorial shows, with Stripe's SDK, boto3 and upstash-redis as they are installed, with bytecode.
They guard against nothing: no duplicate, no crash, no disorder. Their secrets are variables, so that they fetch none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from sysconfig import get_path
from typing import Any

from artefacts.build import built
from artefacts.build import layers as layers_of
from tests.bench.counted import PACK, PLAN
from tests.bench.emulator import Emulated, arch
from tests.bench.invocations import delivery, request, sample
from tests.bench.world import World
from tests.integration.purchase.shop import Checkout

OURS, PLAIN, EMPTY = "ours", "plain", "empty"
_PLAIN = Path(__file__).parent / "plain"
_BATCH = 10
_numbers = count(1)


@dataclass(frozen=True)
class Bench:
    """Starts functions, and makes what they are invoked with."""

    world: World
    artefacts: Path

    @staticmethod
    def of(world: World) -> Bench:
        """Build what is deployed, for this machine, unless that is done."""
        return Bench(world, built(arch()))

    def start(self, kind: str, label: str) -> Emulated:
        """Not running yet: the emulator starts it with the first request."""
        environment = self.world.environment(label) | self._for_plain()
        if kind == EMPTY:
            return Emulated(environment, _PLAIN / EMPTY, [])
        if kind == PLAIN:
            return Emulated(environment, _PLAIN / label, [Path(get_path("purelib"))])
        code = self.artefacts / self.world.function(label).logical_id
        return Emulated(environment, code, [layer / "python" for layer in layers_of(self.artefacts)])

    def _for_plain(self) -> dict[str, str]:
        stack = self.world.stack
        return {
            "PLAIN_WEBHOOK_SECRET": stack.webhook_secret,
            "PLAIN_REDIS_URL": stack.upstash_url,
            "PLAIN_REDIS_TOKEN": stack.upstash_token,
            "PLAIN_STRIPE_KEY": stack.stripe_key,
            "STRIPE_API_BASE": stack.stripe_url,
        }

    def events(self, label: str) -> Callable[[], Any]:
        """Prepare what is needed once; return what makes one invocation's event."""
        made: dict[str, Callable[[], Callable[[], Any]]] = {
            "webhook": lambda: partial(delivered, self.world, 4_000),
            "create_checkout": lambda: self._order,
            "success_sync": lambda: self._success,
            "event_consumer": self._batch,
            "account": lambda: partial(request, "account/account", self._customer()),
            "subscriptions": lambda: partial(request, "subscriptions/portal", self._customer()),
            "credits": self._spend,
            "catch_up": lambda: partial(sample, "catch_up/catch_up"),
            "reconcile": lambda: partial(sample, "reconcile/settle_due"),
            "ledger_watch": lambda: partial(sample, "ledger_watch/rewritten"),
        }
        return made[label]()

    def _order(self) -> Any:
        return request("create_checkout/lookup_key", _user(), {"lookupKey": PACK})

    def _spend(self) -> Callable[[], Any]:
        body = {"userId": self._customer(), "amount": 1, "reason": "1 picture"}
        return lambda: request("credits/spend", body=body, idempotency_key=f"spend-{next(_numbers)}")

    def _batch(self) -> Callable[[], Any]:
        records = self._records()
        return lambda: {"Records": [_again(record) for record in records]}

    def _success(self) -> Any:
        user = _user()
        return request("success_sync/sync", user, {"sessionId": self._paid(user, PACK).session_id})

    def _customer(self) -> str:
        """Somebody who has bought."""
        user = _user()
        self.world.sync(user, self._paid(user, PACK).session_id)
        return user

    def _paid(self, user: str, key: str) -> Checkout:
        made, _ = self.world.checkout(user, key)
        checkout = Checkout(user, made["sessionId"], made["url"])
        self.world.shop.pay(checkout)
        return checkout

    def _records(self) -> list[dict[str, Any]]:
        """The events of one new subscription, as the queue holds them, and some of them again."""
        last = self.world.last_event()
        self._paid(_user(), PLAN)
        events = self.world.events_since(last)
        for event in events:
            self.world.deliver(event)
        found = self.world.received(len(events))
        return (found + found)[:_BATCH]


def delivered(world: World, length: int) -> dict[str, Any]:
    """A signed event of about so many bytes: an invoice with many lines, as large events of Stripe's are."""
    period = {"start": 1795255198, "end": 1797847198}
    line = {"id": "il_1Bench", "amount": 1200, "currency": "usd", "period": period, "metadata": {}}
    lines = [line] * (length // len(json.dumps(line)))
    event: dict[str, Any] = {
        "id": f"evt_1Bench{next(_numbers):08}",
        "object": "event",
        "type": "invoice.paid",
        "api_version": "2026-10-28.endive",
        "created": 1795255198,
        "livemode": False,
        "data": {"object": {"id": "in_1Bench", "object": "invoice", "customer": "cus_Bench", "lines": {"data": lines}}},
    }
    return delivery(json.dumps(event).encode(), world.stack.webhook_secret)


def _again(record: dict[str, Any]) -> dict[str, Any]:
    """The same event under another id, so that it is new."""
    told = json.loads(record["body"])
    return {**record, "body": json.dumps(told | {"id": f"evt_1Bench{next(_numbers):08}"})}


def _user() -> str:
    return f"bench-{next(_numbers):05}"
