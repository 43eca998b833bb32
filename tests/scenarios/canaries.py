"""What nobody may read in a log or in an answer of the API, and where it was read nevertheless (S16, S17).

Every story is told with it: the buyers' addresses and names, the cards and accounts that they pay with, our secrets.
"""

from __future__ import annotations

import re
import threading

import httpx

from local.stack import Stack
from tests.integration.purchase.logs import Logs

_ADDRESS = re.compile(r"[\w.+-]+@(?:example\.com|example\.org)\b")
_NAME = re.compile(r"Ada Canaryname")
_CARD = re.compile(
    r"(?<![\d.])(?:4242|4000)[ -]?(?:\d{4}[ -]?){2}\d{4}(?!\d)"  # Stripe's test cards; not the decimals of a number
    r"|\b(?:[A-Z]{2}\d{2}3704004405320\d+|AT\d{18})\b"
)
_SECRET = re.compile(r"\b(?:[sr]k_(?:test|live)_|whsec_)\w{8,}")
_PAGE = re.compile(r"\bcs_(?:test|live)_\w+_secret_\w+")
"""What opens an embedded page: for the buyer's browser, and so for no log."""
_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")
_KINDS = {"an address": _ADDRESS, "a name": _NAME, "a card": _CARD, "a secret": _SECRET, "a token": _TOKEN}


def canaries_in(text: str) -> list[str]:
    """Each kind that stands in the text, with its beginning."""
    found = ((kind, pattern.search(text)) for kind, pattern in _KINDS.items())
    return [f"{kind}: {match[0][:16]}…" for kind, match in found if match]


def _without_own_address(response: httpx.Response) -> str:
    """The answer's text; `GET /account` may tell a buyer's address to that buyer, and to nobody else."""
    if response.request.url.path == "/account" and response.is_success:
        told = response.json()
        if told["email"] == f"{told['userId']}@example.com":
            return response.text.replace(told["email"], "")
    return response.text


class Canaries:
    """Looks at every answer of the API that a story gets; at the end, at every log."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._logs = Logs(stack)
        self._lock = threading.Lock()
        self._told: set[str] = set()
        self.answers = 0
        """How many were looked at."""

    def look(self, response: httpx.Response) -> None:
        """Be an httpx response hook; what Stripe's stand-in says is not ours."""
        if not str(response.request.url).startswith(self._stack.api_url):
            return
        found = canaries_in(_without_own_address(response))
        with self._lock:
            self.answers += 1
            self._told |= {f"{response.request.method} {response.request.url.path} answers {kind}" for kind in found}

    def found(self) -> list[str]:
        """Where one was seen, in an answer or in what the functions and the local system have logged."""
        everything = self._logs.everything()
        secrets = (self._stack.webhook_secret, self._stack.stripe_key, self._stack.upstash_token)
        logged = canaries_in(everything) + ["a page's secret"] * bool(_PAGE.search(everything))
        logged += [f"a secret: {each[:6]}…" for each in secrets if each in everything]
        return sorted(self._told) + [f"a log has {kind}" for kind in logged]
