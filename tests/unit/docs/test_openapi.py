"""The API's document: valid, current, and complete against the template, the handlers and the errors."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from billing.domain.ledger import Kind
from docs.openapi.__main__ import rendered
from docs.openapi.document import document
from docs.openapi.operation import Caller, Operation
from docs.openapi.operations import OPERATIONS
from local.template import Addresses, Model, Route, load_model
from tests.api_document import faults

ROOT = Path(__file__).resolve().parents[3]
GIVEN = {"AppUrl": "http://127.0.0.1:1", "JwtIssuer": "http://127.0.0.1:1/auth", "StripeApiBase": "http://127.0.0.1:2"}
BY_ROUTE = {each.route: each for each in OPERATIONS}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    cache = tmp_path_factory.mktemp("template")
    return load_model(ROOT / "template.yaml", GIVEN, Addresses(sqs_url="http://sqs", api_url="http://api"), cache)


@pytest.fixture(scope="module")
def routes(model: Model) -> tuple[Route, ...]:
    assert model.api is not None
    return model.api.routes


def test_it_is_a_valid_document_of_openapi_3_1() -> None:
    made = document()
    assert made["openapi"].startswith("3.1.")
    validate(made)


@pytest.mark.parametrize("path", rendered(), ids=lambda path: path.name)
def test_what_is_checked_in_is_what_the_models_say(path: Path) -> None:
    assert path.read_text() == rendered()[path], "run `make openapi`"


def test_every_route_of_the_template_is_documented_and_no_other(routes: tuple[Route, ...]) -> None:
    assert set(BY_ROUTE) == {route.key for route in routes}, "a route needs its line in docs/openapi/operations"


def test_who_may_call_is_what_the_gateway_asks_for(routes: tuple[Route, ...]) -> None:
    for route in routes:
        caller = BY_ROUTE[route.key].caller
        assert (route.authorizer is None) == (caller in (Caller.ANYBODY, Caller.STRIPE)), route.key
        spending = ("billing:spend", "billing/spend")
        assert route.scopes == (spending if caller is Caller.SPENDER else ()), route.key


def test_every_handler_with_a_table_of_routes_has_just_those(model: Model, routes: tuple[Route, ...]) -> None:
    tables = 0
    for function in model.functions.values():
        handler: Any = importlib.import_module(f"functions.{function.label}.app")
        table = getattr(handler, "_ROUTES", None)
        if table is None:
            continue
        tables += 1
        served = {route.key for route in routes if route.function == function.logical_id}
        assert set(table) == served
    assert tables > 0


def test_ids_are_not_given_twice() -> None:
    ids = [each.id for each in OPERATIONS]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
def test_each_says_what_goes_wrong(operation: Operation) -> None:
    responses = document()["paths"][operation.route.split()[1]][operation.route.split()[0].lower()]["responses"]
    assert "500" in responses
    if operation.caller not in (Caller.ANYBODY, Caller.STRIPE):
        assert {"401", "403"} <= responses.keys()


# ------------------------------------------------------------------------------------------------ the referee itself


def answered(method: str, path: str, status: int, body: object, **headers: str) -> httpx.Response:
    request = httpx.Request(method, f"http://127.0.0.1:1{path}")
    return httpx.Response(status, json=body, headers=headers, request=request)


ENTITLEMENT = {"level": "PRO", "expiresAt": None}
STORE = {"x-plumbline-source": "store"}


def test_a_right_answer_has_no_faults() -> None:
    assert faults(answered("GET", "/entitlements", 200, ENTITLEMENT, **STORE)) == []
    refused = {"error": {"code": "forbidden", "message": "no"}}
    assert faults(answered("GET", "/entitlements", 403, refused)) == []
    assert faults(answered("GET", "/entitlements", 401, {"message": "Unauthorized"})) == []


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, {"level": "PRO"}, STORE),
        (200, {**ENTITLEMENT, "secret": 1}, STORE),
        (200, {"level": 7, "expiresAt": None}, STORE),
        (200, ENTITLEMENT, {}),
        (201, ENTITLEMENT, STORE),
        (403, {"error": {"code": "not_a_code", "message": "no"}}, {}),
        (400, {"message": "Bad Request"}, {}),
    ],
    ids=["member missing", "member unknown", "wrong type", "header missing", "status", "code", "form"],
)
def test_a_wrong_answer_is_found(status: int, body: object, headers: dict[str, str]) -> None:
    assert faults(answered("GET", "/entitlements", status, body, **headers))


def test_the_guide_names_every_kind_of_the_ledger() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    assert [kind for kind in Kind if f"`{kind}`" not in text] == []
