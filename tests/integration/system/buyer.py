"""A buyer who does not give up: presses again when a request fails, as people do."""

import time
from typing import Any
from urllib.parse import urljoin

import httpx

from local.demo.browser import _Forms
from local.demo.purchase import CREDITS, LOOKUP_KEY
from local.demo.traces import Traces
from local.stack import Stack
from tests.integration.system.conftest import eventually


class Buyer:
    def __init__(self, stack: Stack, user: str) -> None:
        self.user = user
        self.session_id = ""
        self._stack = stack
        self._http = httpx.Client(trust_env=False, timeout=35)
        self._traces = Traces(stack)
        self._headers = {"authorization": f"Bearer {stack.token(user)}"}

    def close(self) -> None:
        self._http.close()
        self._traces.close()

    def persist(self, method: str, url: str, wanted: int, **arguments: Any) -> httpx.Response:
        """Send until the wanted status comes; only what tells a client to try again may come before it."""
        deadline = time.monotonic() + 40
        while True:
            try:
                answer = self._http.request(method, url, **arguments)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == wanted:
                return answer
            assert answer is None or answer.status_code in {409, 429, 500, 503}, answer.text
            assert time.monotonic() < deadline, f"{method} {url}: {answer and answer.text}"
            time.sleep(0.1)

    def open_checkout(self) -> str:
        url = f"{self._stack.api_url}/checkout/sessions"
        made = self.persist("POST", url, 201, json={"lookupKey": LOOKUP_KEY}, headers=self._headers).json()
        self.session_id = made["sessionId"]
        page_url: str = made["url"]
        return page_url

    def pay(self, page_url: str) -> str:
        page = self._http.get(page_url)
        forms = _Forms(page_url)
        forms.feed(page.text)
        (form,) = (form for form in forms.found if "cc-number" in form.purposes)
        card = {"cc-number": "4242424242424242", "cc-exp": "12/34", "cc-csc": "123", "name": "A. Buyer"}
        answers = {form.purposes[purpose]: text for purpose, text in card.items() if purpose in form.purposes}
        paid = self._http.post(form.action, data={**form.fields, "email": "a@example.com", **answers})
        assert paid.status_code == 303, paid.text
        return urljoin(form.action, paid.headers["location"])

    def come_back(self, url: str) -> None:
        self.persist("GET", url, 303)
        success = f"{self._stack.api_url}/checkout/success"
        shown = self.persist("POST", success, 200, json={"sessionId": self.session_id}, headers=self._headers).json()
        assert (shown["status"], shown["credits"]["balance"]) == ("paid", CREDITS)

    def get(self, path: str) -> httpx.Response:
        return self._http.get(self._stack.api_url + path, headers=self._headers)

    def event(self) -> str:
        """The id of this purchase's event."""
        return eventually("event", lambda: self._traces.completed_event(self.session_id))

    def wait_until_recorded(self) -> None:
        event_id = self.event()
        eventually("event recorded", lambda: self._traces.event(event_id))

    def wait_until_granted(self) -> None:
        eventually("granted", lambda: (self._traces.account(self.user) or {}).get("balance"))

    def assert_granted_once(self) -> None:
        """One grant, read from DynamoDB: balance = lots = ledger."""
        account = self._traces.account(self.user)
        assert account is not None
        ledger = [(entry["kind"], int(entry["amount"])) for entry in self._traces.ledger(self.user)]
        assert ledger == [("PURCHASE", CREDITS)]
        assert int(account["balance"]) == CREDITS
        assert [int(lot["granted"]) for lot in account["lots"]] == [CREDITS]
