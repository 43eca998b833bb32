"""The running system behind the fuzzer: who asks, and what there is to be named."""

import time
import uuid
from typing import Any

import requests
from schemathesis import Case
from schemathesis.core.transport import Response

from local.stack import Stack
from tests.fakes.stripe_signature import sign
from tests.integration.fuzz.fuzzer import BUYER, KEY, PRICE, RESERVATION, SESSION, SUBSCRIPTION, TRANSACTION
from tests.integration.purchase.shop import Shop

_SCOPES = {"reader": "billing:read", "spender": "billing:spend"}
CALLERS = (None, "user", *_SCOPES)


class World:
    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._shop = Shop(stack)
        self._session = requests.Session()
        self._session.trust_env = False
        machines = {name: stack.token(scope=scope) for name, scope in _SCOPES.items()}
        self._tokens = {"user": stack.token(BUYER), **machines}
        self._known = self._buy_everything()

    def close(self) -> None:
        self._session.close()
        self._shop.close()

    def call(self, case: Case, caller: str | None) -> Response:
        """Send the request as the caller, with what it names put in place of the words that stand for it."""
        self._name(case)
        token = {"authorization": f"Bearer {self._tokens[caller]}"} if caller else {}
        answer = self._send(case, headers=token)
        # A store that was too slow on a busy machine is a true 503, and promises that trying again is worth it.
        return answer if answer.status_code != 503 else self._send(case, headers=token)

    def deliver(self, case: Case) -> Response:
        """Send the request with Stripe's signature of its very bytes."""
        return self._send(case, auth=self._sign)

    def _send(self, case: Case, **given: Any) -> Response:
        return case.call(
            base_url=self._stack.api_url, session=self._session, timeout=40, allow_redirects=False, **given
        )

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        sent = request.body or b""
        if isinstance(sent, str):
            sent = sent.encode()
        assert isinstance(sent, bytes), "a generated body is sent at once"
        request.headers["Stripe-Signature"] = sign(sent, self._stack.webhook_secret, int(time.time()))
        return request

    def _name(self, case: Case) -> None:
        if case.headers and case.headers.get("Idempotency-Key") == KEY:
            case.headers["Idempotency-Key"] = uuid.uuid4().hex
        for holder in (case.path_parameters, case.query, case.body):
            if isinstance(holder, dict):
                for member, value in holder.items():
                    holder[member] = self._real(value)

    def _real(self, value: Any) -> Any:
        if value == RESERVATION:
            made = self._spending("/credits/reservations", {"amount": 1, "expiresInSeconds": 60})
            return made["reservation"]["reservationId"]
        if value == TRANSACTION:
            return self._spending("/credits/spend", {"amount": 1})["transaction"]["id"]
        return self._known.get(value, value) if isinstance(value, str) else value

    def _spending(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._spent(path, body)
        if answer.status_code == 402:  # thousands of requests have used up what was bought
            self._buy("credits_2000_90d")
        elif answer.status_code == 409:  # or have reserved as often as one may
            for each in self._shop.get("/credits", BUYER).json()["reservations"]:
                self._spent(f"/credits/reservations/{each['reservationId']}/release", {})
        if answer.status_code in {402, 409, 503}:  # a store that was too slow, as above
            answer = self._spent(path, body)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _spent(self, path: str, body: dict[str, Any]) -> requests.Response:
        return self._session.post(
            self._stack.api_url + path,
            json={"userId": BUYER, **body},
            headers={"authorization": f"Bearer {self._tokens['spender']}", "idempotency-key": uuid.uuid4().hex},
            timeout=40,
        )

    def _buy(self, key: str) -> str:
        checkout = self._shop.buy(BUYER, key)
        assert self._shop.success(checkout).json()["status"] == "paid"
        return checkout.session_id

    def _buy_everything(self) -> dict[str, str]:
        bought = [self._buy(key) for key in ("credits_2000_90d", "pro_30_days", "pro_monthly")]
        account = self._shop.get("/account", BUYER).json()
        prices = self._shop.get("/catalog").json()["prices"]
        return {
            SESSION: bought[0],
            SUBSCRIPTION: account["subscriptions"][0]["subscriptionId"],
            PRICE: next(each["priceId"] for each in prices if each["lookupKey"] == "pro_yearly"),
        }
