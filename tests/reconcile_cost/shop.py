"""What a shop of so many accounts has: how long each of Stripe's lists is, how its objects are told, what is stored.

Assumed, so that figures can be compared: each account has one plan that renews monthly, and buys a pack every third
month; of payments 1 % are refunded and 0.1 % disputed; a renewal makes 8 events that are handled, a pack 6. Of each
list one object in a thousand is not as it is stored, and one event in a thousand was never delivered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from billing.adapters.dynamodb.items import Attributes, attributes, to_item
from billing.domain.events import HANDLED
from billing.domain.ids import EventId
from billing.domain.records import EventRecord, Outcome
from billing.services.looks import DISPUTES_BACK, INVOICES_BACK, REFUNDS_BACK, SESSIONS_BACK
from tests.fakes.snapshots import NOW
from tests.fakes.stripe_told import told_dispute, told_invoice, told_refund, told_subscription
from tests.fakes.subscriber import subscribed_core
from tests.fakes.webhook_edge import PAYLOAD

MONTH = timedelta(days=30)
PACKS, REFUNDED, DISPUTED = 1 / 3, 0.01, 0.001
"""Packs of an account in a month; shares of payments."""
OF_A_RENEWAL, OF_A_PACK = 8, 6
DOUBTFUL = 1000


@dataclass(frozen=True, slots=True)
class Length:
    """A list: how many objects of it are in its stretch of time, and how the one of a number is told."""

    count: int
    told: Callable[[int], Mapping[str, Any]]


class Shop:
    """A shop of so many accounts, in which everything is made when it is asked for. Its ids end in numbers."""

    def __init__(self, accounts: int) -> None:
        self.accounts = accounts
        core = subscribed_core()
        self._account = to_item(core.account())
        (self._plan,) = self._account["subscriptions"]["L"]
        self._purchase = to_item(next(iter(core.tables.purchases.values())))
        applied = EventRecord(EventId("evt_1"), "invoice.paid", NOW, Outcome.APPLIED, None, NOW)
        self._record = to_item(applied, expires_at=int(NOW.timestamp()))

    def lists(self) -> Mapping[str, Length]:
        """The lists of objects, by the names of their looks."""
        payments = self.accounts * (1 + PACKS)
        return {
            "sessions": Length(_within(self.accounts * PACKS, SESSIONS_BACK), self._session),
            "subscriptions": Length(
                self.accounts, lambda each: told_subscription(id=f"sub_{each}", customer=f"cus_{each}")
            ),
            "invoices": Length(_within(self.accounts, INVOICES_BACK), self._invoice),
            "refunds": Length(
                _within(payments * REFUNDED, REFUNDS_BACK),
                lambda each: told_refund(f"re_{each}", payment_intent=f"pi_{each}"),
            ),
            "disputes": Length(
                _within(payments * DISPUTED, DISPUTES_BACK),
                lambda each: told_dispute(f"dp_{each}", payment_intent=f"pi_{each}"),
            ),
        }

    def events(self, types: tuple[str, ...], stretch: timedelta) -> Length:
        """Of all events as large a share as of all types."""
        made = self.accounts * (OF_A_RENEWAL + PACKS * OF_A_PACK) * len(types) / len(HANDLED)
        return Length(_within(made, stretch), lambda each: PAYLOAD | {"id": f"evt_{each}", "type": types[0]})

    def item(self, key: str) -> Attributes | None:
        """What is stored under a key; the keys of events are their ids."""
        kind, _, name = key.partition("#")
        number = int(name.rpartition("_")[2] or 0) if name else 0
        match kind:
            case "CUSTOMER":
                return attributes({"pk": key, "schema": 1, "customer": name, "user": f"user_{number}"})
            case "ACCOUNT":
                return self._account | {"pk": {"S": key}, "user": {"S": name}, "subscriptions": self._plans(number)}
            case "PURCHASE":
                return self._bought(key, name, number)
            case "PAYMENT":
                registers = {} if _doubtful(number) else _registers(number)
                item = {"intent": name, "user": f"user_{number}", "source": f"in_{number}", "registers": registers}
                return attributes({"pk": key, "schema": 1, **item})
        return self._recorded(key)

    def _plans(self, number: int) -> dict[str, Any]:
        status = "past_due" if _doubtful(number) else "active"
        own = {"id": {"S": f"sub_{number}"}, "customer": {"S": f"cus_{number}"}, "status": {"S": status}}
        return {"L": [{"M": self._plan["M"] | own}]}

    def _bought(self, key: str, name: str, number: int) -> Attributes | None:
        if name.startswith("in_") and _doubtful(number):
            return None
        state = "OPEN" if _doubtful(number) else "PAID"
        return self._purchase | {"pk": {"S": key}, "key": {"S": name}, "state": {"S": state}}

    def _recorded(self, event: str) -> Attributes | None:
        if event.startswith("look_") or _doubtful(int(event.rpartition("_")[2])):
            return None
        return self._record | {"id": {"S": event}}

    def _session(self, number: int) -> Mapping[str, Any]:
        named = {"id": f"cs_{number}", "object": "checkout.session", "livemode": False, "customer": f"cus_{number}"}
        paid = {"status": "complete", "payment_status": "paid"}
        return {**named, **paid, "created": int(NOW.timestamp()), "client_reference_id": f"ord_{number}"}

    def _invoice(self, number: int) -> Mapping[str, Any]:
        """The newest ones are of this month; behind them are those of the days before it, one for an account."""
        owner, earlier = number % self.accounts, number >= self.accounts
        invoice = told_invoice(id=f"in_{number}", customer=f"cus_{owner}", line=f"il_{number}")
        period = invoice["lines"]["data"][0]["period"]
        back = int(MONTH.total_seconds()) if earlier else 0
        period |= {"start": period["start"] - back, "end": period["end"] - back}
        invoice["parent"] = {"subscription_details": {"subscription": f"sub_{owner}"}}
        return invoice


def _within(in_a_month: float, stretch: timedelta) -> int:
    return round(in_a_month * (stretch / MONTH))


def _doubtful(number: int) -> bool:
    return number % DOUBTFUL == DOUBTFUL - 1


def _registers(number: int) -> dict[str, str]:
    return {f"re_{number}": "succeeded", f"dp_{number}": "needs_response"}
