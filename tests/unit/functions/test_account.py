"""The handler of account over fakes: each route's answer, whose account it is, and which page of a ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from billing.domain.ids import UserId
from billing.ports.stripe import Catalog
from billing.services.adjust_credits import adjust_credits
from billing.services.read_account import ReadDeps
from functions.account import app
from tests.fakes.core import Core
from tests.fakes.lambda_events import FakeContext, http_event
from tests.fakes.snapshots import ALICE, BOB, DAY, NOW

USER = {"sub": "alice"}
READER = {"sub": "service", "scope": "billing:read"}
SPENDER = {"sub": "service", "scope": "billing:spend"}
OF_ONE_USER = ["/account", "/entitlements", "/credits", "/credits/transactions"]


@dataclass(frozen=True)
class World:
    """As `AccountWorld`, over fakes."""

    core: Core

    @property
    def read(self) -> ReadDeps:
        return self.core.read

    def catalog(self) -> Catalog:
        return self.core.stripe


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    """Alice was given 30 times a credit, an hour after the other; bob once two."""
    core = Core()
    monkeypatch.setattr(app, "account_dependencies", lambda: World(core))
    for number in range(30):
        given(core, ALICE, 1, f"grant-{number}")
        core.clock.time += timedelta(hours=1)
    given(core, BOB, 2, "grant-bob")
    return core


def given(core: Core, user: UserId, amount: int, key: str) -> None:
    adjust_credits(user, amount, "welcome", "ada", key, NOW + 30 * DAY, core.use)


def asked(path: str, claims: dict[str, str], **query: str) -> tuple[int, Any, dict[str, str]]:
    event = http_event(claims=claims, query=query)
    event["routeKey"] = f"GET {path}"
    answer = app.lambda_handler(event, FakeContext())
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]


def test_a_user_and_a_machine_that_may_read_are_told_the_same(core: Core) -> None:
    for path in OF_ONE_USER:
        own, named = asked(path, USER), asked(path, READER, userId="alice")
        assert (own[0], own[1]) == (200, named[1]), path
        assert asked(path, READER, userId="bob")[1] != own[1] or path == "/entitlements"
    assert [asked("/credits", READER, userId=user)[1]["balance"] for user in ("alice", "bob")] == [30, 2]


@pytest.mark.parametrize("path", OF_ONE_USER)
@pytest.mark.parametrize(
    ("claims", "query", "status"),
    [
        (USER, {"userId": "bob"}, 403),
        (USER, {"userId": "alice"}, 403),
        (SPENDER, {"userId": "alice"}, 403),
        (READER, {}, 400),
        ({}, {}, 401),
    ],
)
def test_nobody_else_is_told_anything(
    core: Core, path: str, claims: dict[str, str], query: dict[str, str], status: int
) -> None:
    """S07."""
    told, answer, _ = asked(path, claims, **query)
    assert (told, list(answer)) == (status, ["error"])


def test_a_level_says_where_it_was_found(core: Core) -> None:
    core.cache.accounts.clear()
    assert [asked("/entitlements", USER)[2]["x-plumbline-source"] for _ in range(2)] == ["store", "cache"]


def test_a_page_of_the_ledger_has_25_entries_unless_another_number_is_asked_for(core: Core) -> None:
    page = asked("/credits/transactions", USER)[1]
    rest = asked("/credits/transactions", USER, cursor=page["nextCursor"])[1]
    assert (len(page["transactions"]), len(rest["transactions"]), rest["nextCursor"]) == (25, 5, None)
    assert len(asked("/credits/transactions", USER, limit="100")[1]["transactions"]) == 30
    for limit in ("0", "101", "-1", "x", "٣", "9" * 5000):
        assert asked("/credits/transactions", USER, limit=limit)[0] == 400, limit


def test_a_filter_of_the_ledger_is_kept_to(core: Core) -> None:
    def entries(**query: str) -> int:
        return len(asked("/credits/transactions", USER, limit="100", **query)[1]["transactions"])

    third = (NOW + timedelta(hours=2)).isoformat()
    assert [entries(**{"from": third}), entries(to=third), entries(kind="SPEND")] == [28, 2, 0]
    assert asked("/credits/transactions", USER, kinds="SPEND")[0] == 400


@pytest.mark.parametrize("kept", ['{"prices":[{"id":"price_1"}]}', '{"prices":1}', "<html>"])
def test_a_catalog_that_another_release_has_kept_is_not_shown(core: Core, kept: str) -> None:
    whole = asked("/catalog", {})
    core.cache.catalog_document = kept
    assert asked("/catalog", {}) == whole
    assert (whole[0], len(whole[1]["prices"])) == (200, 5)
    assert {price["priceId"] for price in whole[1]["prices"]} == core.stripe.prices.keys()
    assert asked("/catalog", {}) == whole
    assert core.calls.count("active_prices") == 2, "the third is the one that was kept"
