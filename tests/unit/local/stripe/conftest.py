"""An engine whose time and ids the test owns."""

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from local.stripe.engine import Engine
from local.stripe.engine.buyers.instruments import CARDS, IBANS
from local.stripe.engine.checkout import hosted_checkout
from local.stripe.engine.checkout.checkout_buyer import Buyer
from local.stripe.engine.notices import webhook_endpoints
from local.stripe.engine.world import Obj

START = 1_795_000_000


class Account:
    """An engine, and short ways to use it."""

    def __init__(self) -> None:
        self.time = float(START)
        numbers = itertools.count(1)
        self.engine = Engine(lambda: self.time, lambda length: f"{next(numbers):0{length}d}")
        self.world = self.engine.world
        webhook_endpoints.make(self.world, "http://endpoint.test", ["*"], "whsec_x")

    def ask(self, method: str, path: str, params: Mapping[str, Any] | None = None, **more: Any):
        return self.engine.request(method, path, params, **more)

    def post(self, path: str, **params: Any) -> Obj:
        answer = self.ask("POST", path, params)
        assert answer.status == 200, answer.body
        return answer.body

    def get(self, path: str, **params: Any) -> Obj:
        answer = self.ask("GET", path, params)
        assert answer.status == 200, answer.body
        return answer.body

    def refusal(self, method: str, path: str, **params: Any) -> Obj:
        answer = self.ask(method, path, params)
        assert answer.status >= 400, answer.body
        return {"status": answer.status, **answer.body["error"]}

    def price(self, amount: int = 500, currency: str = "usd", **more: Any) -> Obj:
        product = self.post("/v1/products", name="500 credits")
        return self.post("/v1/prices", product=product["id"], unit_amount=amount, currency=currency, **more)

    def session(self, price: Obj, **more: Any) -> Obj:
        mode = "subscription" if price["recurring"] else "payment"
        items = [{"price": price["id"], "quantity": 1}]
        return self.post(
            "/v1/checkout/sessions", **{"mode": mode, "line_items": items, "success_url": "http://a.test/", **more}
        )

    def pay(self, session: Obj, number: str | None = "4242424242424242", **typed: Any) -> hosted_checkout.Outcome:
        live = self.world.need("checkout.session", session["id"])
        instrument = (CARDS | IBANS)[number] if number else None
        return hosted_checkout.submit(self.world, live, instrument, Buyer("Ada", "ada@example.com", **typed))

    def events(self) -> list[str]:
        return [event["type"] for event in reversed(self.world.all("event"))]


@pytest.fixture
def account() -> Account:
    return Account()
