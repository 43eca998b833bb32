"""Stripe without a wire: an object of the shape of the SDK's client, over the stand-in's engine.

It raises the SDK's own errors, tries again where the SDK does (stripe/_http_client.py of stripe-python 16.1.0,
`_should_retry`: a lost connection, 409, and every 5xx, `max_network_retries` times), and gives a POST without an
idempotency key one of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from hashlib import md5
from typing import Any

import stripe

from local.stripe.engine import Engine, Response
from local.stripe.engine.idempotency import IdempotencyKeys
from local.stripe.engine.routes import Route
from local.stripe.engine.world import Obj, World, snapshot
from tests.simulation.world.gate import Gate, raising

_RETRIES = 1
_ERRORS: Mapping[int, type[stripe.StripeError]] = {
    400: stripe.InvalidRequestError,
    404: stripe.InvalidRequestError,
    401: stripe.AuthenticationError,
    402: stripe.CardError,
    403: stripe.PermissionError,
    429: stripe.RateLimitError,
}

_ROUTED: dict[tuple[str, str], tuple[Route, dict[str, str]]] = {}
_TOKENS: list[str] = []


class SimulatedEngine(Engine):
    """The engine, with the answer of its table of routes kept: a run asks for the same paths again and again."""

    def _route(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        found = _ROUTED.get((method, path))
        if found is None:
            found = _ROUTED[method, path] = super()._route(method, path)
        return found


class Tokens:
    """Ids: the same in every run, and in no order, as Stripe's are."""

    def __init__(self, made: int = 0) -> None:
        self._made = made

    @property
    def made(self) -> int:
        """How many there are."""
        return self._made

    def __call__(self, length: int) -> str:
        if self._made == len(_TOKENS):
            text = b"%d" % self._made
            _TOKENS.append(md5(text).hexdigest() + md5(text + b"+").hexdigest())
        token = _TOKENS[self._made][:length]
        self._made += 1
        return token


class Answer:
    """What the SDK makes of an object; the adapters take it apart at once."""

    __slots__ = ("body",)

    def __init__(self, body: Obj) -> None:
        self.body = body

    def __getattr__(self, name: str) -> Any:
        try:
            return self.body[name]
        except KeyError:
            raise AttributeError(name) from None

    def to_dict(self) -> Obj:
        """The object as plain JSON."""
        return self.body


class Listed(Answer):
    """A page of a list."""

    __slots__ = ("more",)

    def __init__(self, body: Obj, more: Any) -> None:
        super().__init__(body)
        self.more = more

    @property
    def data(self) -> list[Answer]:
        """Its objects."""
        return [Answer(item) for item in self.body["data"]]

    def auto_paging_iter(self) -> Iterator[Answer]:
        """All objects, page by page."""
        page = self
        while True:
            yield from page.data
            if not page.body["has_more"] or not page.body["data"]:
                return
            page = self.more(page.body["data"][-1]["id"])


class Requests:
    """Sends the requests of one client, each through the gate where things happen to it."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate
        self._keys = 0
        lost = raising(lambda: stripe.APIConnectionError("no answer"))
        too_many = raising(lambda: stripe.RateLimitError("slow down", http_status=429, headers={"Retry-After": "1"}))
        self._otherwise: dict[str, Callable[[], Response]] = {"refused": lost, "lost": lost, "too many": too_many}

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """A GET of one object."""
        return Answer(self._send("GET", path, params, None))

    def list(self, path: str, params: Mapping[str, Any]) -> Listed:
        """A GET of a list."""
        return Listed(
            self._send("GET", path, params, None), lambda last: self.list(path, {**params, "starting_after": last})
        )

    def post(self, path: str, params: Mapping[str, Any], options: Mapping[str, Any] | None) -> Answer:
        """A POST."""
        key = (options or {}).get("idempotency_key")
        if key is None:
            self._keys += 1
            key = f"sdk-{self._keys}"
        return Answer(self._send("POST", path, params, key))

    def _send(self, method: str, path: str, params: Mapping[str, Any] | None, key: str | None) -> Obj:
        for attempt in range(_RETRIES + 1):
            last = attempt == _RETRIES
            request = _Request(self._engine, self._gate, method, path, params, key)
            otherwise = {**self._otherwise, "saved 500": request.fail}
            try:
                answer = self._gate.call("stripe", f"{method} {path}", request.ask, otherwise)
            except stripe.APIConnectionError:
                if last:
                    raise
                continue
            finally:
                request.over()
            if answer.status == 200:
                return answer.body
            if last or not (answer.status >= 500 or answer.status == 409):
                raise error_of(answer)
        raise AssertionError("unreachable")


class _Request:
    """One request. From when Stripe has it until its caller has the answer, its key is in use: others, which go on
    while this one is left where it is, get 409 for it.
    """

    __slots__ = ("_engine", "_gate", "_given", "_holds", "_key")

    def __init__(
        self, engine: Engine, gate: Gate, method: str, path: str, params: Mapping[str, Any] | None, key: str | None
    ) -> None:
        self._engine = engine
        self._gate = gate
        self._given = (method, path, params)
        self._key = key
        self._holds: str | None = None

    def ask(self) -> Response:
        """Send it."""
        answer = self._engine.request(*self._given, idempotency_key=self._key)
        if self._key is not None and self._key not in self._engine.executing:
            self._engine.executing.add(self._key)
            self._holds = self._key
        return answer

    def fail(self) -> Response:
        """Send it, and have Stripe fail inside of it, before or after it has had its effect."""
        task = self._gate.scheduler.current
        assert task is not None
        late = self._key is not None and self._gate.chance.happens((task.name, task.calls, "had its effect"), 0.5)
        self._engine.fail_next, self._engine.fail_late = [500], late
        try:
            return self.ask()
        finally:
            if late and not self._engine.fail_next:
                self._gate.tell(f"{task.name}: which has had its effect")
            self._engine.fail_next = []  # an answer that is replayed does not use it up

    def over(self) -> None:
        """The caller has the answer, or is gone."""
        if self._holds is not None:
            self._engine.executing.discard(self._holds)


def error_of(answer: Response) -> stripe.StripeError:
    """The error that the SDK raises for an answer (`specific_api_error` in stripe/_api_requestor.py)."""
    error = answer.body["error"]
    given: dict[str, Any] = {
        "message": error["message"],
        "http_body": "",
        "http_status": answer.status,
        "json_body": answer.body,
        "headers": answer.headers,
    }
    if error["type"] == "idempotency_error":
        return stripe.IdempotencyError(**given)
    kind = _ERRORS.get(answer.status, stripe.APIError)
    if kind in (stripe.InvalidRequestError, stripe.CardError):
        return kind(error["message"], error.get("param"), code=error.get("code"), **_without_message(given))
    return kind(**given)


def _without_message(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "message"}


class Resource:
    """One resource of the SDK's client: the methods that the adapters call."""

    def __init__(self, requests: Requests, path: str, lines: str = "line_items") -> None:
        self._requests = requests
        self._path = path
        self.line_items = Lines(requests, f"{path}/{{id}}/{lines}")

    def retrieve(self, id: str, params: Mapping[str, Any] | None = None) -> Answer:
        return self._requests.get(f"{self._path}/{id}", params)

    def list(self, params: Mapping[str, Any] | None = None) -> Listed:
        return self._requests.list(self._path, params or {})

    def create(self, params: Mapping[str, Any], options: Mapping[str, Any] | None = None) -> Answer:
        return self._requests.post(self._path, params, options)

    def update(self, id: str, params: Mapping[str, Any], options: Mapping[str, Any] | None = None) -> Answer:
        return self._requests.post(f"{self._path}/{id}", params, options)

    def expire(self, id: str, params: Mapping[str, Any] | None = None) -> Answer:
        return self._requests.post(f"{self._path}/{id}/expire", params or {}, None)

    def create_preview(self, params: Mapping[str, Any]) -> Answer:
        return self._requests.post(f"{self._path}/create_preview", params, None)


class Sessions(Resource):
    """Checkout sessions; somebody is told of each that was made, and of each that a repeated request was answered."""

    def __init__(self, requests: Requests, path: str, made: Callable[[str], None]) -> None:
        super().__init__(requests, path)
        self._made = made

    def create(self, params: Mapping[str, Any], options: Mapping[str, Any] | None = None) -> Answer:
        answer = super().create(params, options)
        self._made(answer.body["id"])
        return answer


class Lines:
    """The lines of a session or an invoice."""

    def __init__(self, requests: Requests, path: str) -> None:
        self._requests = requests
        self._path = path

    def list(self, id: str, params: Mapping[str, Any]) -> Listed:
        return self._requests.list(self._path.format(id=id), params)


class _Room:
    """A name space of the client, such as `checkout`."""

    def __init__(self, **rooms: Any) -> None:
        self.__dict__.update(rooms)


class SimulatedClient:
    """What the adapters take for `stripe.StripeClient`."""

    def __init__(self, engine: Engine, gate: Gate, made: Callable[[str], None]) -> None:
        requests = Requests(engine, gate)
        plain = "subscriptions customers prices products payment_intents charges refunds disputes events"
        plain += " subscription_items invoice_payments"
        rooms: dict[str, Any] = {name: Resource(requests, f"/v1/{name}") for name in plain.split()}
        self.v1 = _Room(
            **rooms,
            invoices=Resource(requests, "/v1/invoices", "lines"),
            checkout=_Room(sessions=Sessions(requests, "/v1/checkout/sessions", made)),
            billing_portal=_Room(sessions=Resource(requests, "/v1/billing_portal/sessions")),
        )


def renewed(template: SimulatedEngine, clock: Callable[[], float]) -> SimulatedEngine:
    """A fresh account with the template's catalog and endpoint. Its table of routes, which takes long to make, is
    shared.
    """
    known = template.world
    assert isinstance(known.token, Tokens)
    world = World(clock=clock, token=Tokens(known.token.made), public_url=known.public_url)
    for kind in known.kinds():
        for obj in reversed(known.all(kind)):
            world.add(snapshot(obj))
    world.hidden = dict(known.hidden)
    world.settings = dict(known.settings)
    world.followers = list(known.followers)
    world.readers = list(known.readers)
    engine = copy.copy(template)
    engine.world = world
    engine._keys = IdempotencyKeys()
    engine.fail_next = []
    engine.executing = set()
    return engine
