"""The team's own backend: who may ask it, what it asks of the billing API, and what it says of each answer."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from starlette.applications import Starlette

from local.issuer.keys import load_key
from local.issuer.tokens import Issuer
from local.storefront_server.backend import Backend
from tests.unit.storefront.asgi import Asgi
from tests.unit.storefront.run_configs import run_config

KEY = "0b0d6a1e-0001"


@dataclass
class Billing:
    """The billing API with one user's credits: it keeps its promise on Idempotency-Keys, and can be out of order."""

    available: int = 100
    level: str = "FREE"
    broken: int = 0
    """So many of the next answers get lost after the work was done."""
    refusing: int | None = None
    scopes: list[str] = field(default_factory=list)
    spent: list[tuple[str, int]] = field(default_factory=list)
    _answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, request: httpx.Request) -> httpx.Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.scopes.append(jwt.decode(token, options={"verify_signature": False})["scope"])
        if self.refusing is not None:
            return httpx.Response(self.refusing, json={"error": {"code": "invalid_request", "message": "no"}})
        if request.url.path == "/entitlements":
            return httpx.Response(200, json={"level": self.level, "expiresAt": None})
        return self._once(request, request.headers["idempotency-key"])

    def _once(self, request: httpx.Request, key: str) -> httpx.Response:
        replayed = key in self._answers
        body = json.loads(request.content)
        if not replayed and not request.url.path.endswith("/capture") and body["amount"] > self.available:
            few = {"code": "insufficient_credits", "message": "no", "balance": 0, "available": self.available}
            return httpx.Response(402, json={"error": few})
        if not replayed:
            self._answers[key] = self._done(request.url.path, body)
        if self.broken:
            self.broken -= 1
            raise httpx.ReadTimeout("lost", request=request)
        headers = {"idempotent-replayed": "true"} if replayed else {}
        return httpx.Response(200, json=self._answers[key], headers=headers)

    def _done(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        reservation = {"reservationId": "rsv_1"} if path == "/credits/reservations" else None
        if reservation is None:
            self.spent.append((path, body["amount"]))
            self.available -= body["amount"]
        return {
            "balance": self.available,
            "reserved": 0,
            "available": self.available,
            **({"reservation": reservation} if reservation else {}),
        }


@pytest.fixture
def billing() -> Billing:
    return Billing()


@pytest.fixture
def asked(billing: Billing, tmp_path: Path) -> Asgi:
    """The backend as alice's page asks it."""
    config = run_config(tmp_path)
    backend = Backend(config, httpx.AsyncClient(transport=httpx.MockTransport(billing.answer)))
    issuer = Issuer(load_key(tmp_path), config.issuer, config.audience)
    token = f"Bearer {issuer.user_token('alice')}"
    return Asgi(Starlette(routes=backend.routes()), authorization=token, idempotency_key=KEY)


def test_a_fixed_price_is_spent_and_told(asked: Asgi, billing: Billing) -> None:
    done = asked.post("/name").json()
    assert (done["spent"], done["reserved"], done["replayed"]) == (10, None, False)
    assert done["credits"] == {"balance": 90, "reserved": 0, "available": 90}
    assert billing.spent == [("/credits/spend", 10)]
    assert billing.scopes == ["billing:spend"]


def test_what_is_captured_is_what_the_work_came_to(asked: Asgi, billing: Billing) -> None:
    done = asked.post("/paragraph").json()
    words = len(done["result"].split())
    assert 0 < words < 50
    assert (done["spent"], done["reserved"]) == (words, 50)
    assert billing.spent == [("/credits/reservations/rsv_1/capture", words)]


@pytest.mark.parametrize("job", ["name", "paragraph"])
def test_an_answer_that_was_lost_is_asked_for_again_and_charged_once(asked: Asgi, billing: Billing, job: str) -> None:
    billing.broken = 2
    first = asked.post(f"/{job}")
    assert first.status_code == 200
    assert len(billing.spent) == 1
    again = asked.post(f"/{job}").json()
    assert (again["result"], again["replayed"]) == (first.json()["result"], True)
    assert len(billing.spent) == 1


def test_another_press_is_another_job(asked: Asgi, billing: Billing) -> None:
    asked.post("/name")
    asked.post("/name", idempotency_key=f"{KEY}-other")
    assert len(billing.spent) == 2


def test_no_answer_at_all_is_said_so(asked: Asgi, billing: Billing) -> None:
    billing.broken = 3
    answer = asked.post("/name")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


def test_too_few_credits_are_told_as_the_billing_api_tells_it(asked: Asgi, billing: Billing) -> None:
    billing.available = 9
    answer = asked.post("/name")
    assert answer.status_code == 402
    assert answer.json()["error"] == {
        "code": "insufficient_credits",
        "message": "no",
        "balance": 0,
        "available": 9,
    }


def test_a_level_is_asked_for_and_costs_nothing(asked: Asgi, billing: Billing) -> None:
    refused = asked.post("/motto")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "level_required")
    billing.level = "TEAM"
    assert asked.post("/motto").json()["result"].endswith(".")
    assert billing.scopes == ["billing:read"] * 2
    assert billing.spent == []


def test_a_refusal_that_is_not_the_users_doing_is_an_error_of_this_backend(asked: Asgi, billing: Billing) -> None:
    billing.refusing = 422
    with pytest.raises(Exception, match="422"):
        asked.post("/name")


def test_only_a_users_own_token_opens_it(asked: Asgi, billing: Billing, tmp_path: Path) -> None:
    config = run_config(tmp_path)
    issuer = Issuer(load_key(tmp_path), config.issuer, config.audience)
    stranger = Issuer(load_key(tmp_path / "other"), config.issuer, config.audience)
    elsewhere = Issuer(load_key(tmp_path), config.issuer, "another app")
    tokens = (
        f"Bearer {issuer.machine_token('billing:spend')}",
        f"Bearer {stranger.user_token('alice')}",
        f"Bearer {elsewhere.user_token('alice')}",
        f"Basic {issuer.user_token('alice')}",
        "Bearer nonsense",
        "",
    )
    for token in tokens:
        answer = asked.post("/name", authorization=token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), token
    assert billing.spent == []


@pytest.mark.parametrize("key", ["", "short", "with spaces in it", "x" * 65])
def test_a_request_without_a_good_key_is_refused(asked: Asgi, billing: Billing, key: str) -> None:
    answer = asked.post("/name", idempotency_key=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")
    assert billing.spent == []
