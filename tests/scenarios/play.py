"""What a story may do: buy, pay, and whatever else happens at Stripe, as one user of one system, through real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate

import httpx
import stripe

from tests.integration.purchase.service import Service
from tests.integration.purchase.shop import CREDITS, PAYS, Checkout, opened
from tests.scenarios.house import House
from tests.scenarios.manner import Manner
from tests.scenarios.table import Row

Obj = dict[str, Any]


def _act[**P, R](deed: Callable[Concatenate[Play, P], R]) -> Callable[Concatenate[Play, P], R]:
    """Something happens; where events come as they come, the account hears of it before the story goes on."""

    @wraps(deed)
    def done(play: Play, /, *given: P.args, **named: P.kwargs) -> R:
        answer = deed(play, *given, **named)
        if not play.manner.at_once:
            play.settle()
        return answer

    return done


class Play:
    """One row, played in one manner."""

    def __init__(self, house: House, row: Row, manner: Manner) -> None:
        self.house = house
        self.shop = house.shop
        self.row = row
        self.manner = manner
        self.user = f"{row.slug[:48]}-{manner}"
        self.seeds = {self.user}
        """What leads to this story's events; a story about what is not the user's adds to it."""
        self.last: Checkout | None = None
        self._heard: set[str] = set()
        self._letters: list[str] = []
        self.service = Service(house.shop)

    # Buying

    def order(self, key: str | list[Obj] = CREDITS, **body: Any) -> httpx.Response:
        """Ask for a checkout page: a lookup key, or the `items` of an order; the rest of the body as it is named."""
        named: Obj = {"lookupKey": key} if isinstance(key, str) else {"items": key}
        if {"priceId", "plan", "entitlementLevel"} & body.keys():
            named = {}
        return self.shop.post("/checkout/sessions", self.user, named | body)

    def checkout(self, key: str | list[Obj] = CREDITS, **body: Any) -> Checkout:
        self.last = opened(self.user, self.order(key, **body))
        self.seeds.add(self.last.session_id)
        return self.last

    @_act
    def pay(self, /, number: str = PAYS, wanted: int = 303, checkout: Checkout | None = None) -> httpx.Response:
        """Pay on the page that was opened last, or on the one given, by card or IBAN."""
        return self.shop.pay(checkout or self._last(), number, wanted)

    @_act
    def pay_page(self, session: str, url: str, number: str = PAYS) -> httpx.Response:
        """Pay on a page that is none of ours."""
        self.seeds.add(session)
        return self.shop.pay(Checkout(self.user, session, url), number)

    @_act
    def expire(self) -> Obj:
        """The page that was opened last is ended."""
        return self.shop.stripe("POST", f"checkout/sessions/{self._last().session_id}/expire")

    def promotion(self, percent_off: int) -> None:
        """The buyer types a promotion code on the page that was opened last."""
        coupon = self.shop.stripe("POST", "coupons", percent_off=percent_off, duration="once")["id"]
        promotion = {"promotion[type]": "coupon", "promotion[coupon]": coupon}
        code = self.shop.stripe("POST", "promotion_codes", **promotion)["code"]
        page = f"{self._last().url}/promotion"
        answer = self.shop.http.post(page, data={"promotion_code": code}, follow_redirects=True)
        assert answer.status_code == 200, answer.text

    def take_offer(self, price: str) -> None:
        """The buyer takes what the page that was opened last offers beside what was ordered, or instead of it."""
        answer = self.shop.http.post(f"{self._last().url}/offer", data={"price": price}, follow_redirects=True)
        assert answer.status_code == 200, answer.text

    def buy(self, key: str | list[Obj] = CREDITS, number: str = PAYS, **body: Any) -> Checkout:
        checkout = self.checkout(key, **body)
        self.pay(number)
        return checkout

    def success(self, checkout: Checkout | None = None) -> Obj:
        """The thank-you page asks."""
        answer: Obj = self.shop.success(checkout or self._last()).json()
        return answer

    # What was bought, at Stripe

    def session(self, checkout: Checkout | None = None) -> Obj:
        return self.api("GET", f"checkout/sessions/{(checkout or self._last()).session_id}")

    @property
    def customer(self) -> str:
        return str(self.session()["customer"])

    @property
    def subscription(self) -> str:
        """The one that was bought last."""
        return str(self.session()["subscription"])

    def invoice(self) -> str:
        """The latest of the subscription that was bought last."""
        return str(self.api("GET", f"subscriptions/{self.subscription}")["latest_invoice"])

    def with_card(self) -> str:
        """The buyer's customer, now with a card that is saved."""
        saved = self.api("POST", "payment_methods/pm_card_visa/attach", customer=self.customer)["id"]
        self.api("POST", f"customers/{self.customer}", **{"invoice_settings[default_payment_method]": saved})
        return self.customer

    def price(self, key: str) -> str:
        return str(self.api("GET", "prices", **{"lookup_keys[]": key})["data"][0]["id"])

    def new_price(self, **metadata: str) -> str:
        """A price of a product of its own, with what it gives; 7 dollars."""
        told = {f"metadata[{name}]": value for name, value in metadata.items()}
        product = self.shop.stripe("POST", "products", name=self.row.name)["id"]
        return str(self.shop.stripe("POST", "prices", product=product, currency="usd", unit_amount=700, **told)["id"])

    # What happens at Stripe

    @_act
    def control(self, /, deed: str, **given: Any) -> Obj:
        """Anything of the stand-in's control API."""
        return self.shop.control(deed, **given)

    def api(self, method: str, path: str, **form: Any) -> Obj:
        """Anything of Stripe's API; a POST or DELETE is something that happens."""
        answer = self.shop.stripe(method, path, **form)
        if method != "GET" and not self.manner.at_once:
            self.settle()
        return answer

    @property
    def stripe(self) -> stripe.StripeClient:
        """The official SDK; `settle` after what should be heard of by itself."""
        return self.house.stripe

    def refund(self, amount: int | None = None, checkout: Checkout | None = None, **given: Any) -> Obj:
        """Refund, in the dashboard, what was bought last or by the given page: all of it, or an amount."""
        return self.control("refund", **self._paid(checkout), **({"amount": amount} if amount else {}), **given)

    def dispute(self, checkout: Checkout | None = None, **given: Any) -> Obj:
        return self.control("dispute", **self._paid(checkout), **given)

    def end_dispute(self, dispute: Obj, status: str) -> Obj:
        return self.control("dispute", dispute=dispute["id"], status=status)

    def cancel(self, *, at_period_end: bool = False) -> Obj:
        return self.control("cancel_subscription", subscription=self.subscription, at_period_end=at_period_end)

    def change(self, key: str, **given: Any) -> Obj:
        """Another plan, as a person may choose it in the dashboard."""
        return self.control("change_plan", subscription=self.subscription, price=self.price(key), **given)

    @_act
    def change_by_api(self, /, key: str, **body: Any) -> httpx.Response:
        return self.shop.post("/subscriptions/change", self.user, {"lookupKey": key, **body})

    def delete_customer(self) -> Obj:
        return self.control("delete_customer", customer=self.customer)

    # Credits

    def spend(self, amount: int, key: str = "spend-1", **given: str) -> httpx.Response:
        return self.service.spend(self.user, amount, key, **given)

    def grant(self, amount: int, *options: str) -> None:
        """An operator gives credits."""
        self.house.plumb("grant", self.user, str(amount), "--reason", "a scenario", *options)

    def plumb_json(self, *arguments: str) -> Obj:
        """What the operator's command answers to a program; other stories may be saying something at the same time."""
        said = self.house.plumb(*arguments, "--json")
        answer: Obj = json.JSONDecoder().raw_decode(said, said.index("{"))[0]
        return answer

    # How it is heard of

    def advance(self, days: float) -> None:
        """Let days pass; the other stories of the same system live in the same time."""
        self.settle_if_it_comes()
        self.house.turn.release()
        try:
            self.house.clock.advance(timedelta(days=days))
        finally:
            self.house.turn.acquire()
        self.settle_if_it_comes()

    def settle_if_it_comes(self) -> None:
        if not self.manner.at_once:
            self.settle()

    def settle(self) -> None:
        """Let the account hear of all that has happened so far, in the play's manner."""
        events = self.house.feed.of(self.seeds)
        fresh = [event for event in events if event["id"] not in self._heard]
        letters = self.house.letters(fresh, self.row.door)
        if self.manner is Manner.DROPPED:
            self.resync()
        else:
            self.house.deliver(letters, self.manner)
            self.house.wait_for(letters)
            self._letters += [letter.id for letter in letters]
        self._heard |= {event["id"] for event in fresh}

    def lose(self) -> None:
        """What has happened so far, and was not heard of, never is: in no manner is an event of it delivered."""
        events = self.house.feed.of(self.seeds)
        self._heard |= {event["id"] for event in events}

    def resync(self) -> None:
        """An operator has the account made to match Stripe, if there is one."""
        if self.house.books.account(self.user):
            self.house.plumb("resync", self.user)

    def outcomes(self) -> set[str]:
        """What became of the events that were delivered."""
        told = self.house.books.outcomes(self._letters)
        assert told.keys() == set(self._letters), "an event was dealt with, and is no longer recorded"
        return set(told.values())

    def _paid(self, checkout: Checkout | None) -> dict[str, str]:
        session = self.session(checkout)
        if session["subscription"]:
            return {"invoice": str(session["invoice"])}
        return {"payment_intent": str(session["payment_intent"])}

    def _last(self) -> Checkout:
        assert self.last is not None, "nothing was ordered yet"
        return self.last
