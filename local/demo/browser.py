"""A browser without JavaScript: fetches pages, fills in the form it finds, follows redirects one by one."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import httpx

from local.demo.report import Differs, Report
from local.http_of_threads import OneEach

CARD = "cc-number"
_MAX_REDIRECTS = 5
_ID_SHOWN = 16


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    """What a browser would send untouched."""
    purposes: dict[str, str] = field(default_factory=dict)
    """Field names by what the page says they are for (`autocomplete`)."""


class _Forms(HTMLParser):
    def __init__(self, page_url: str) -> None:
        super().__init__()
        self._page_url = page_url
        self.found: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self._page_url, values.get("action", ""))
            self._open = Form(action, values.get("method", "get").lower())
            self.found.append(self._open)
        elif self._open is not None and tag == "input" and values.get("name"):
            self._field(self._open, values, checked="checked" in values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    @staticmethod
    def _field(form: Form, values: Mapping[str, str], checked: bool) -> None:
        if values.get("type") in ("radio", "checkbox") and not checked:
            return
        form.fields[values["name"]] = values.get("value", "")
        if values.get("autocomplete"):
            form.purposes[values["autocomplete"]] = values["name"]


class Browser:
    def __init__(self, report: Report) -> None:
        self._report = report
        self._client = httpx.Client(transport=OneEach(), timeout=35)

    def close(self) -> None:
        self._client.close()

    def request(self, method: str, url: str, wanted: int, **arguments: Any) -> httpx.Response:
        """One hop, printed with its time; raise Differs when the status is another one."""
        started = time.monotonic()
        answer = self._client.request(method, url, **arguments)
        self._report.hop(f"{method} {_short(url)} -> {answer.status_code}", time.monotonic() - started)
        if answer.status_code != wanted:
            raise Differs(f"{method} {_short(url)}: wanted {wanted}, found {answer.status_code}: {answer.text[:300]}")
        return answer

    def payment_form(self, url: str) -> Form:
        """Fetch the hosted page and find the form that asks for a card."""
        page = self.request("GET", url, 200)
        parser = _Forms(url)
        parser.feed(page.text)
        for form in parser.found:
            if CARD in form.purposes:
                return form
        raise Differs(f"{_short(url)} has no form with a card number")

    def submit(self, form: Form, answers: Mapping[str, str]) -> str:
        """Fill in the fields by what they are for, send the form, and return where it leads."""
        filled = dict(form.fields)
        for purpose, answer in answers.items():
            name = form.purposes.get(purpose)
            if name is not None and (purpose == CARD or not filled[name]):
                filled[name] = answer
        sent = self.request(form.method.upper(), form.action, 303, data=filled)
        return urljoin(form.action, sent.headers["location"])

    def follow(self, url: str) -> httpx.Response:
        """Follow redirects to the page at their end, each a hop of its own."""
        for _ in range(_MAX_REDIRECTS):
            started = time.monotonic()
            answer = self._client.get(url)
            self._report.hop(f"GET {_short(url)} -> {answer.status_code}", time.monotonic() - started)
            if not answer.is_redirect:
                return answer
            url = urljoin(url, answer.headers["location"])
        raise Differs(f"more than {_MAX_REDIRECTS} redirects, the last to {_short(url)}")


def _short(url: str) -> str:
    """Without host and query, and of a long id only the beginning."""
    path = url.split("?", maxsplit=1)[0].removeprefix("http://127.0.0.1")
    return "/".join(part if len(part) <= _ID_SHOWN else f"{part[:_ID_SHOWN]}…" for part in path.split("/"))
