"""The stand-in, the adapters over it, and the buyer: what the tests of the Stripe adapter have in common."""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from billing.adapters.stripe_api.catalog import StripeCatalog
from billing.adapters.stripe_api.checkout import StripeSessions
from billing.adapters.stripe_api.client import stripe_client
from billing.adapters.stripe_api.reader import StripeReads
from billing.config import StripeAccess
from billing.domain.catalog import Gives, Price
from billing.domain.ids import CustomerId, OrderId, PriceId, SessionId, UserId
from billing.domain.order import Order, OrderLine
from billing.ports.stripe import OpenSession
from tests.stand_in import StripeProcess

LEVELS = ("FREE", "PRO", "TEAM")
APP, API = "https://app.example.com", "https://api.example.com"
DECLINED = "4000000000000002"
NUMBERS = itertools.count(1)


class Requests(logging.Handler):
    """What the SDK says it has asked, as `GET /v1/prices`; its own log is the one place that sees every try."""

    def __init__(self, before_second: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.made: list[str] = []
        self._before_second = before_second

    def emit(self, record: logging.LogRecord) -> None:
        found = re.search(
            r"Request to Stripe api.* method=(\w+) .*?(?:path|url)=\S*?(/v1/[^\s?']+)", record.getMessage()
        )
        if found:
            self.made.append(f"{found[1].upper()} {found[2]}")
            if len(self.made) == 2 and self._before_second is not None:
                self._before_second()


class StripeSide(StripeProcess):
    """The process, the adapters that talk to it, and an SDK client of the test's own."""

    def __init__(self) -> None:
        super().__init__()
        self.sdk = stripe_client(StripeAccess(self.url, "key", livemode=False, account=None), "sk_test_plumbline")
        self.v1 = stripe.StripeClient("sk_test_plumbline", base_addresses={"api": self.url}).v1
        self.catalog = StripeCatalog(self.sdk, LEVELS)
        self.sessions = StripeSessions(self.sdk, APP, API)
        self.reads = StripeReads(self.sdk, LEVELS, livemode=False)
        self.requests: list[str] = []

    @contextmanager
    def counted(self, before_second: Callable[[], None] | None = None) -> Iterator[None]:
        """Keep what the SDK asks meanwhile in `requests`; `before_second` happens between the first two requests."""
        handler, logger = Requests(before_second), logging.getLogger("stripe")
        self.requests = handler.made
        level, propagates = logger.level, logger.propagate
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagates

    # ------------------------------------------------------------------------------------------- what is for sale

    def price(self, *, amount: int = 500, interval: str | None = None, **given: Any) -> PriceId:
        """Create a price; `product` and `metadata` are the metadata of either."""
        of_product: dict[str, str] = given.pop("product", {"credits_amount": "500"})
        product = self.v1.products.create({"name": given.pop("name", "500 credits"), "metadata": of_product})
        wanted: Any = {"currency": "usd", "unit_amount": amount, "product": product.id, **given}
        if interval is not None:
            wanted["recurring"] = {"interval": interval}
        return PriceId(self.v1.prices.create(wanted).id)

    def sold(self, price: PriceId) -> Price:
        found = self.catalog.price(price)
        assert found is not None
        return found

    def customer(self) -> CustomerId:
        number = next(NUMBERS)
        return self.sessions.create_customer(UserId(f"user{number}"), "buyer@example.com", f"customer:{number}")

    def order(self, price: PriceId, *, mode: str = "payment", quantity: int = 1, **given: Any) -> Order:
        number, now = next(NUMBERS), self.now()
        line = OrderLine(price, "500 credits", quantity, 500, Gives(credits=500))
        made = Order(OrderId(f"ord_{number}"), UserId("alice"), mode, "usd", (line,), now, now + timedelta(hours=23))
        return replace(made, **given)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.http.get("/_control/clock").json()["now"], tz=UTC)

    # -------------------------------------------------------------------------------------------------- the buyer

    def open(self, order: Order, customer: CustomerId) -> OpenSession:
        return self.sessions.create_session(order, customer, f"checkout:{order.id}")

    def pay(self, session: OpenSession, number: str = "4242424242424242", **typed: str) -> None:
        card = {"payment_method": "card", "card_number": number, "expiry": "12/34", "cvc": "123", "name": "Ada Buyer"}
        answer = self.http.post(f"/c/pay/{session.id}", data={"email": "buyer@example.com", **card, **typed})
        declined = number == DECLINED
        assert (answer.status_code >= 400) is declined, answer.text

    def bought(self, price: PriceId, **given: Any) -> tuple[CustomerId, SessionId]:
        """A customer who has paid for an order of this price."""
        customer = self.customer()
        session = self.open(self.order(price, **given), customer)
        self.pay(session)
        return customer, session.id
