"""A subscription that began on the first of April, thirty days before it renews, and short ways to change it."""

from datetime import UTC, datetime
from typing import Any

from local.stripe.engine.world import Obj
from tests.unit.local.stripe.conftest import Account


def day(month: int, number: int, hour: int = 0) -> int:
    """A moment of 2026, in Unix seconds."""
    return int(datetime(2026, month, number, hour, tzinfo=UTC).timestamp())


class Subscribed:
    """A subscription to a price of 10.00 a month, paid with a card."""

    def __init__(self, account: Account, amount: int = 1000, quantity: int = 1, **more: Any) -> None:
        self.account = account
        self.world = account.world
        account.time = float(day(4, 1))
        self.basic = account.price(amount, recurring={"interval": "month"})
        items = [{"price": self.basic["id"], "quantity": quantity}]
        account.pay(account.session(self.basic, line_items=items, **more))
        self.id = account.get("/v1/subscriptions")["data"][0]["id"]
        self.item = self.now()["items"]["data"][0]["id"]

    def price(self, amount: int, interval: str = "month") -> str:
        product = self.account.post("/v1/products", name="Pro")
        made = self.account.post(
            "/v1/prices", product=product["id"], unit_amount=amount, currency="usd", recurring={"interval": interval}
        )
        return str(made["id"])

    def now(self) -> Obj:
        return self.account.get(f"/v1/subscriptions/{self.id}")

    def at(self, moment: int) -> None:
        self.account.time = float(moment)
        self.account.engine.tick()

    def update(self, **given: Any) -> Obj:
        return self.account.post(f"/v1/subscriptions/{self.id}", **given)

    def switch(self, price: str, quantity: int = 1, **given: Any) -> Obj:
        return self.update(items=[{"id": self.item, "price": price, "quantity": quantity}], **given)

    def preview(self, **details: Any) -> Obj:
        return self.account.post("/v1/invoices/create_preview", subscription=self.id, subscription_details=details)

    def latest(self) -> Obj:
        return self.account.get(f"/v1/invoices/{self.now()['latest_invoice']}")

    def pending(self) -> list[int]:
        entries = self.account.get("/v1/invoiceitems", pending=True)["data"]
        return [entry["amount"] for entry in reversed(entries)]

    def break_card(self, number: str = "4000000000000341") -> None:
        from local.stripe.engine.buyers.instruments import CARDS

        self.world.hidden[self.now()["default_payment_method"]] = CARDS[number]

    def mend_card(self) -> None:
        self.break_card("4242424242424242")


def lines(invoice: Obj) -> list[tuple[str, int]]:
    """What an invoice's lines say and ask for."""
    return [(line["description"], line["amount"]) for line in invoice["lines"]["data"]]
