"""The two ways to buy 500 credits: a buyer who comes back, and one who never does."""

import time
from typing import Any

from local.demo.browser import Browser, Form
from local.demo.report import Report
from local.demo.traces import Traces
from local.stack import Stack

LOOKUP_KEY = "credits_500"
CREDITS = 500
PRICE = 500
"""In cents."""
TEST_CARD = {"cc-number": "4242424242424242", "cc-exp": "12 / 34", "cc-csc": "123", "name": "A. Buyer"}


class Buyer:
    def __init__(self, user: str, stack: Stack, browser: Browser, traces: Traces, report: Report) -> None:
        self.user = user
        self._stack = stack
        self._browser = browser
        self._traces = traces
        self._report = report
        self.session_id = ""
        self._headers: dict[str, str] = {}

    def sign_in(self) -> None:
        url = f"{self._stack.app_url}/auth/sign-in"
        answer = self._browser.request("POST", url, 200, json={"user": self.user})
        self._headers = {"authorization": f"Bearer {answer.json()['token']}"}

    def open_checkout(self) -> Form:
        api = self._stack.api_url
        prices = self._browser.request("GET", f"{api}/catalog", 200).json()["prices"]
        price = next((price for price in prices if price["lookupKey"] == LOOKUP_KEY), None)
        self._report.check("the catalog sells 500 credits", price and price["gives"]["credits"], CREDITS)
        body = {"lookupKey": LOOKUP_KEY}
        made = self._browser.request("POST", f"{api}/checkout/sessions", 201, json=body, headers=self._headers).json()
        self.session_id = made["sessionId"]
        form = self._browser.payment_form(made["url"])
        form.purposes.setdefault("email", "email")
        return form

    def pay(self, form: Form) -> str:
        """Pay with the test card; return where the hosted page sends the buyer."""
        return self._browser.submit(form, {**TEST_CARD, "email": f"{self.user}@example.com"})

    def come_back(self, url: str) -> None:
        page = self._browser.follow(url)
        self._report.check("the way back ends on the thank-you page", page.status_code, 200)
        self._report.check("at", page.url.path, "/checkout/return")

    def ask_success(self) -> None:
        """What the thank-you page asks for, and shows."""
        body = {"sessionId": self.session_id}
        url = f"{self._stack.api_url}/checkout/success"
        answer = self._browser.request("POST", url, 200, json=body, headers=self._headers).json()
        self._report.check("the purchase is paid", answer["status"], "paid")
        self._report.check("amount paid", answer["purchase"]["amountTotal"], PRICE)
        self._report.check("credits shown", answer["credits"]["balance"], CREDITS)

    def wait_for_event(self) -> tuple[str, dict[str, Any]]:
        """Wait until the consumer has recorded the event of this purchase, and marked it done in Redis."""
        event_id = self._report.wait(
            "Stripe made checkout.session.completed", lambda: self._traces.completed_event(self.session_id)
        )
        record = self._report.wait(f"webhook, queue, consumer: {event_id}", lambda: self._traces.event(event_id))
        self._report.wait("marked done in Redis", lambda: self._traces.cached(f"webhook:done:{event_id}"))
        return event_id, record

    def wait_for_credits(self) -> None:
        """Wait until the webhook alone has granted them."""

        def granted() -> bool | None:
            account = self._traces.account(self.user)
            return True if account and account.get("balance") else None

        self._report.wait("granted by the webhook alone", granted)

    def check_final_state(self, granted_by: str) -> None:
        """One grant, and the same number wherever it is kept."""
        check = self._report.check
        account = self._traces.account(self.user) or {}
        check("DynamoDB: balance", account.get("balance"), CREDITS)
        ledger = self._traces.ledger(self.user)
        check("ledger: amounts", [int(entry["amount"]) for entry in ledger], [CREDITS])
        check("ledger: kind", ledger[0]["kind"], "PURCHASE")
        check("ledger: granted by", "event" if ledger[0].get("event") else "success page", granted_by)
        cached = self._traces.cached(f"credits:{self.user}")
        check("Redis: balance in the cache", cached and cached.split()[0], str(CREDITS))
        shown = self._get("/account")
        check("API: balance", shown["credits"]["balance"], CREDITS)
        listed = self._get("/credits/transactions")["transactions"]
        check("API: transactions", [(entry["kind"], entry["amount"]) for entry in listed], [("PURCHASE", CREDITS)])

    def check_replay(self, event_id: str) -> None:
        """Send the same webhook again: it is recognised, and nothing changes.

        By the webhook itself, which finds the mark in Redis; or, when Redis takes too long on a busy machine, by the
        consumer, which meets its own record.
        """
        before = self._standing()
        attempts = len(self._traces.deliveries(event_id))
        self._traces.resend(event_id)
        answered = self._report.wait(
            "the same event sent again", lambda: _later(self._traces.deliveries(event_id), attempts)
        )
        self._report.check("answer", answered["status"], 200)
        says_so = '"idempotent":true' in answered["answer"].replace(" ", "")
        function = "WebhookFunction" if says_so else "EventConsumerFunction"
        line = self._report.wait(
            f"logged by {function}", lambda: self._traces.log_line(function, "skipped replay", event_id)
        )
        self._report.note(line)
        self._report.check("account and ledger are unchanged", self._standing() == before, True)

    def _standing(self) -> object:
        """Account and ledger, without the counter of converges: other events of the purchase may still be coming in."""
        account = self._traces.account(self.user) or {}
        kept = {name: value for name, value in account.items() if name != "stripe_version"}
        return kept, self._traces.ledger(self.user)

    def _get(self, path: str) -> dict[str, Any]:
        answer = self._browser.request("GET", self._stack.api_url + path, 200, headers=self._headers)
        body: dict[str, Any] = answer.json()
        return body


def buyer_comes_back(buyer: Buyer, stack: Stack, report: Report) -> None:
    """The thank-you page grants, before any webhook was worked on; the webhook then changes nothing."""
    report.title(f"{buyer.user} buys, comes back, and sees the credits at once")
    buyer.sign_in()
    form = buyer.open_checkout()
    report.note("(the queue is held back, so that only the success page can grant)")
    stack.freeze("poller")
    try:
        back = buyer.pay(form)
        buyer.come_back(back)
        buyer.ask_success()
    finally:
        stack.thaw("poller")
    report.title("A moment later the webhook has passed through the queue, and changed nothing")
    event_id, record = buyer.wait_for_event()
    report.check("what the event did", record["outcome"], "NOOP")
    buyer.check_final_state(granted_by="success page")
    report.title("Stripe sends the same event again")
    buyer.check_replay(event_id)


def buyer_never_returns(buyer: Buyer, report: Report) -> None:
    """No success page is ever fetched: the webhook is the authority."""
    report.title(f"{buyer.user} buys, and closes the browser before the thank-you page")
    buyer.sign_in()
    buyer.pay(buyer.open_checkout())
    started = time.monotonic()
    buyer.wait_for_credits()
    event_id, record = buyer.wait_for_event()
    report.hop("from payment to recorded event", time.monotonic() - started)
    if record["outcome"] != "APPLIED":  # another event of the same payment may have been first
        report.check("what the event did", record["outcome"], "NOOP")
    buyer.check_final_state(granted_by="event")
    buyer.check_replay(event_id)


def _later(attempts: list[dict[str, Any]], known: int) -> dict[str, Any] | None:
    fresh = [attempt for attempt in attempts[known:] if attempt["status"] is not None]
    return fresh[0] if fresh else None
