"""A shop in front of the running system: buyers over HTTP, Stripe's side, and signed webhooks of the test's own."""

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

from local.demo.browser import Browser
from local.demo.report import Report
from local.http_of_threads import OneEach
from local.stack import Stack
from tests.api_document import referee
from tests.fakes.stripe_signature import sign
from tests.integration.purchase.books import Books
from tests.integration.purchase.wait import until

PAYS = "4242424242424242"
DECLINED = "4000000000000002"
THREE_D_SECURE = "4000000000003220"
IBAN_PENDING = "AT321904300235473204"
CREDITS = "credits_500"


@dataclass(frozen=True)
class Checkout:
    """An open session and whose it is."""

    user: str
    session_id: str
    url: str


class Shop:
    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.http = httpx.Client(
            transport=OneEach(),
            timeout=40,
            event_hooks={"response": [referee]},  # whatever a test asks, the answer keeps the API's document
        )
        self._browser = Browser(Report())
        self._tokens: dict[str, str] = {}

    def close(self) -> None:
        self.http.close()
        self._browser.close()

    # The buyer

    def as_user(self, user: str) -> dict[str, str]:
        if user not in self._tokens:
            self._tokens[user] = self.stack.token(user)
        return {"authorization": f"Bearer {self._tokens[user]}"}

    def get(self, path: str, user: str | None = None) -> httpx.Response:
        return self.http.get(self.stack.api_url + path, headers=self.as_user(user) if user else {})

    def post(self, path: str, user: str, body: dict[str, Any]) -> httpx.Response:
        return self.http.post(self.stack.api_url + path, json=body, headers=self.as_user(user))

    def order(self, user: str, key: str = CREDITS) -> httpx.Response:
        return self.post("/checkout/sessions", user, {"lookupKey": key})

    def checkout(self, user: str, key: str = CREDITS) -> Checkout:
        return opened(user, self.order(user, key))

    def pay(self, checkout: Checkout, number: str = PAYS, wanted: int = 303) -> httpx.Response:
        """Fill in the hosted page's form and send it; `number` is a card's, or an IBAN."""
        form = self._browser.payment_form(checkout.url)
        card = number.isdigit()
        typed = {
            "email": form.fields.get("email") or f"{checkout.user}@example.com",
            "name": "Ada Canaryname",
            "payment_method": "card" if card else "sepa_debit",
            **({"card_number": number, "expiry": "12 / 34", "cvc": "123"} if card else {"iban": number}),
        }
        return self._browser.request("POST", form.action, wanted, data=form.fields | typed)

    def buy(self, user: str, key: str = CREDITS, number: str = PAYS) -> Checkout:
        """Order and pay, and never return."""
        checkout = self.checkout(user, key)
        self.pay(checkout, number)
        return checkout

    def success(self, checkout: Checkout, user: str | None = None) -> httpx.Response:
        """What the thank-you page asks."""
        return self.post("/checkout/success", user or checkout.user, {"sessionId": checkout.session_id})

    def come_back(self, checkout: Checkout) -> httpx.Response:
        """Where Stripe sends the buyer; the redirect is not followed."""
        return self.get(f"/checkout/success?session_id={checkout.session_id}")

    # Stripe's side

    def control(self, deed: str, **given: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.stack.stripe_url}/_control/{deed}", json=given)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def stripe(self, method: str, path: str, **form: Any) -> dict[str, Any]:
        """Ask the stand-in's API as a merchant does."""
        key = {"authorization": f"Bearer {self.stack.stripe_key}"}
        params, data = (form, None) if method == "GET" else (None, form)
        url = f"{self.stack.stripe_url}/v1/{path}"
        answer = self.http.request(method, url, headers=key, params=params, data=data)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def events_of(self, session_id: str, kind: str = "checkout.session.completed") -> list[dict[str, Any]]:
        listed = self.stripe("GET", "events", type=kind, limit=100)["data"]
        return [event for event in listed if event["data"]["object"].get("id") == session_id]

    def thin_events(self, session_id: str) -> list[dict[str, Any]]:
        """The thin events about a session."""
        key = {"authorization": f"Bearer {self.stack.stripe_key}", "stripe-version": "2026-10-28.endive"}
        answer = self.http.get(f"{self.stack.stripe_url}/v2/core/events", headers=key, params={"object_id": session_id})
        found: list[dict[str, Any]] = answer.raise_for_status().json()["data"]
        return found

    def completed_event(self, checkout: Checkout) -> dict[str, Any]:
        return until("Stripe made the event", lambda: next(iter(self.events_of(checkout.session_id)), None))

    def settle(self, books: Books) -> None:
        """Wait until Stripe has delivered all that happened, and the consumer is through with it."""
        until("every webhook is delivered", lambda: not self._pending())
        books.wait_until_drained()

    def _pending(self) -> bool:
        answer = self.http.get(f"{self.stack.stripe_url}/_control/deliveries", params={"state": "pending"})
        return bool(answer.raise_for_status().json()["deliveries"])

    def now(self) -> float:
        """The time in which Stripe and the functions live: ours, moved by the test clock."""
        clock = self.http.get(f"{self.stack.stripe_url}/_control/clock").raise_for_status().json()
        return time.time() + float(clock["offsetSeconds"])

    # Webhooks of the test's own

    def deliver(self, event: object, offset: float = 0.0) -> httpx.Response:
        """Sign an event with the real secret, at this very moment, and send it."""
        return self.deliver_bytes(json.dumps(event).encode(), offset)

    def deliver_bytes(self, body: bytes, offset: float = 0.0) -> httpx.Response:
        signature = sign(body, self.stack.webhook_secret, int(time.time() + offset))
        return self.webhook(body, {"stripe-signature": signature})

    def webhook(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        given = {"content-type": "application/json; charset=utf-8", **headers}
        return self.http.post(f"{self.stack.api_url}/webhooks/stripe", content=body, headers=given)


def opened(user: str, answer: httpx.Response) -> Checkout:
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return Checkout(user, made["sessionId"], made["url"])
