"""The handler of credits over fakes: from a request to an answer, and what is refused on the way."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from billing.bootstrap.account import AccountWorld
from billing.domain.ids import UserId
from billing.domain.ledger import Kind
from billing.errors import Forbidden, InvalidRequest
from billing.http.caller import spender
from billing.http.request import HttpEvent, in_path, required_key, time_in_query
from billing.services.adjust_credits import adjust_credits
from functions.account.app import _kinds, _transactions
from functions.credits import app
from functions.credits.app import _ROUTES
from tests.fakes.core import Core
from tests.fakes.lambda_events import FakeContext, http_event
from tests.fakes.snapshots import ALICE, DAY, NOW

MACHINE = {"sub": "service", "scope": "billing:spend"}


@pytest.fixture
def core() -> Core:
    core = Core()
    adjust_credits(ALICE, 500, "welcome", "ada", "grant-1", NOW + DAY, core.use)
    return core


def request(body: dict[str, object], key: str | None = "key-1", **given: Any) -> HttpEvent:
    headers = {"idempotency-key": key} if key is not None else {}
    event = http_event(headers=headers, claims=given.pop("claims", MACHINE), body=json.dumps(body))
    event["pathParameters"] = given
    return event


def asked(core: Core, route: str, body: dict[str, object], key: str = "key-1", **path: str) -> tuple[int, Any, Any]:
    answer = _ROUTES[f"POST /credits/{route}"](request({"userId": "alice", **body}, key, **path), core.use)
    core.tables.check()
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"].get("idempotent-replayed")


def test_a_spend_and_its_reversal_are_each_done_once(core: Core) -> None:
    status, told, replayed = asked(core, "spend", {"amount": 100, "reference": "job-1"})
    assert (status, told["balance"], told["transaction"]["reason"], replayed) == (200, 400, "spent", None)
    assert asked(core, "spend", {"amount": 100, "reference": "job-1"}) == (200, told, "true")
    spent = told["transaction"]["id"]
    status, told, replayed = asked(core, "reversals", {"transactionId": spent}, "key-2")
    assert (status, told["balance"], told["transaction"]["reference"], replayed) == (200, 500, spent, None)
    assert [entry.actor for entry in core.tables.entries(ALICE)] == ["ada", "service", "service"]


def test_keys_that_differ_in_case_are_two(core: Core) -> None:
    """The second is no replay: else what it pays for would be had for nothing."""
    assert asked(core, "spend", {"amount": 100}, "job-a")[1]["balance"] == 400
    _, told, replayed = asked(core, "spend", {"amount": 100}, "job-A")
    assert (told["balance"], replayed) == (300, None)


def test_credits_are_spent_of_the_user_that_is_named_to_the_letter(core: Core) -> None:
    """S07: two users of an issuer may differ by case alone."""
    other = UserId("Alice")
    adjust_credits(other, 100, "welcome", "ada", "grant-2", NOW + DAY, core.use)
    _, told, _ = asked(core, "spend", {"userId": "Alice", "amount": 30})
    assert told["balance"] == 70
    assert (core.granted(other)[1:], core.granted()[1:]) == ([("SPEND", -30)], [])


def test_a_reservation_can_be_captured_or_released(core: Core) -> None:
    status, told, _ = asked(core, "reservations", {"amount": 100, "expiresInSeconds": 60})
    assert (status, told["reserved"]) == (201, 100)
    name = told["reservation"]["reservationId"]
    status, told, _ = asked(core, "reservations/{id}/capture", {"amount": 30}, "key-2", id=name)
    assert (status, told["balance"], told["transaction"]["reference"]) == (200, 470, name)
    assert [entry.actor for entry in core.tables.entries(ALICE)] == ["ada", "service"]
    _, told, _ = asked(core, "reservations", {"amount": 470, "expiresInSeconds": 60}, "key-3")
    name = told["reservation"]["reservationId"]
    status, told, _ = asked(core, "reservations/{id}/release", {}, "key-4", id=name)
    assert (status, told["available"], told["reservation"]["reservationId"]) == (200, 470, name)


def test_each_door_answers_a_key_as_it_did_before(core: Core) -> None:
    """F58: of two tries the second is told what the first one did."""
    spent = asked(core, "spend", {"amount": 100, "reference": "job-1"}, "spend")[1]["transaction"]
    assert (spent["reference"], spent["amount"]) == ("job-1", -100)
    held = [
        asked(core, "reservations", {"amount": 10, "expiresInSeconds": 60, "reference": f"job-{key}"}, key)[1]
        for key in ("hold-1", "hold-2")
    ]
    assert [each["reservation"]["reference"] for each in held] == ["job-hold-1", "job-hold-2"]
    first, second = (each["reservation"]["reservationId"] for each in held)
    doors: list[tuple[str, dict[str, object], dict[str, str]]] = [
        ("reversals", {"transactionId": spent["id"]}, {}),
        ("reservations", {"amount": 10, "expiresInSeconds": 60}, {}),
        ("reservations/{id}/capture", {"amount": 5}, {"id": first}),
        ("reservations/{id}/release", {}, {"id": second}),
    ]
    for route, body, path in doors:
        status, told, replayed = asked(core, route, body, f"key {route}".replace(" ", "-"), **path)
        assert replayed is None
        again = asked(core, route, body, f"key {route}".replace(" ", "-"), **path)
        assert again == (status, told, "true"), route


def test_the_handler_finds_the_door_by_its_route(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "credits_dependencies", lambda: core.use)
    event = request({"userId": "alice", "amount": 100})
    event["routeKey"] = "POST /credits/spend"
    answer = app.lambda_handler(event, FakeContext())
    assert (answer["statusCode"], json.loads(answer["body"])["balance"]) == (200, 400)


@pytest.mark.parametrize("route", _ROUTES)
@pytest.mark.parametrize("claims", [{"sub": "alice"}, {"sub": "service", "scope": "billing:read"}])
def test_nobody_else_uses_credits_even_if_the_gateway_let_them(core: Core, route: str, claims: dict[str, str]) -> None:
    """S07, S20: the scope is asked for twice."""
    with pytest.raises(Forbidden):
        _ROUTES[route](request({"userId": "alice", "amount": 1}, claims=claims, id="rsv_1"), core.use)
    assert core.granted() == [("ADJUSTMENT", 500)]


@pytest.mark.parametrize("route", _ROUTES)
@pytest.mark.parametrize("body", [{"userId": "alice", "amount": 1}, {"userId": "alice"}], ids=["an amount", "none"])
def test_nothing_is_done_without_a_key(core: Core, route: str, body: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest, match="Idempotency-Key"):
        _ROUTES[route](request(body, key=None, id="rsv_1"), core.use)


@pytest.mark.parametrize("amount", [0, -1, 1_000_000_001, 1.5, "1", True, None])
def test_an_amount_is_a_whole_number_from_one_on(core: Core, amount: object) -> None:
    """S13: a spend of less than nothing would give credits."""
    for route in ("spend", "reservations"):
        with pytest.raises(InvalidRequest):
            asked(core, route, {"amount": amount} | ({} if route == "spend" else {"expiresInSeconds": 60}))


@pytest.mark.parametrize("seconds", [0, 604_801, 1.5, None])
def test_a_reservation_has_an_end_within_a_week(core: Core, seconds: object) -> None:
    with pytest.raises(InvalidRequest):
        asked(core, "reservations", {"amount": 1, "expiresInSeconds": seconds})


def test_who_spends_is_the_machine_of_the_token() -> None:
    assert spender(request({})).user_id == "service"
    both = {"sub": "other", "scope": "billing:read billing:spend"}
    assert spender(request({}, claims=both)).user_id == "other"


@pytest.mark.parametrize("key", ["x", "x" * 255, "{order} #1", "~", "aB1"])
def test_a_key_is_any_visible_text(key: str) -> None:
    assert required_key(request({}, key)) == key


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb", "a\nb"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(InvalidRequest):
        required_key(request({}, key))


def test_parts_of_the_path_and_times_of_the_query_are_read_strictly() -> None:
    assert in_path(request({}, id="rsv_1"), "id") == "rsv_1"
    assert time_in_query(http_event(), "from") is None
    assert time_in_query(http_event(query={"from": "2026-11-21T11:00:00+01:00"}), "from") == NOW
    for text in ("", "yesterday", "2026-11-21T10:00:00", "1795255200"):
        with pytest.raises(InvalidRequest):
            time_in_query(http_event(query={"from": text}), "from")


def test_kinds_of_the_ledger_are_read_strictly() -> None:
    assert _kinds(None) == frozenset()
    assert _kinds("SPEND,EXPIRY") == {Kind.SPEND, Kind.EXPIRY}
    for text in ("", "spend", "SPEND,", "SPEND, EXPIRY"):
        with pytest.raises(InvalidRequest):
            _kinds(text)


def test_a_misspelt_filter_of_the_ledger_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="kind"):
        _transactions(http_event(claims={"sub": "alice"}, query={"kinds": "SPEND"}), cast("AccountWorld", None))
