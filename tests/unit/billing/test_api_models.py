"""The bodies of the API: what is refused, and the JSON names and times of what is answered."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from billing import api_models
from billing.api_models.base import Answer, Request
from billing.api_models.catalog import CatalogAnswer
from billing.api_models.checkout import CheckoutBody, SuccessBody
from billing.errors import InvalidRequest
from billing.http.request import body_as
from tests.fakes.lambda_events import http_event

MODELS = [
    model
    for module in pkgutil.iter_modules(api_models.__path__, f"{api_models.__name__}.")
    for _, model in inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
    if issubclass(model, (Answer, Request)) and model.__module__ == module.name and model not in (Answer, Request)
]


def test_every_module_of_bodies_is_held_against_these_rules() -> None:
    assert {model.__module__.rpartition(".")[2] for model in MODELS} >= {"account", "catalog", "checkout", "credits"}


def read[M: BaseModel](model: type[M], body: object) -> M:
    """Read a body as a handler does."""
    return body_as(http_event(json.dumps(body), {"content-type": "application/json"}), model)


def test_a_price_is_named_by_id_or_by_lookup_key() -> None:
    by_id = read(CheckoutBody, {"priceId": "price_1", "quantity": 3})
    assert (by_id.price_id, by_id.lookup_key, by_id.quantity) == ("price_1", None, 3)
    by_key = read(CheckoutBody, {"lookupKey": "credits_500"})
    assert (by_key.price_id, by_key.lookup_key, by_key.quantity) == (None, "credits_500", 1)


def test_one_price_is_one_line() -> None:
    body = read(CheckoutBody, {"plan": "pro", "interval": "year", "quantity": 2, "currency": "eur", "locale": "pt-BR"})
    (line,) = body.lines
    assert (line.plan, line.interval, line.quantity, line.price_id) == ("pro", "year", 2, None)
    assert (body.currency, body.locale, body.ui_mode) == ("eur", "pt-BR", "hosted")


def test_a_checkout_may_have_several_lines() -> None:
    pro = {"entitlementLevel": "PRO", "interval": "one_time"}
    items: list[dict[str, Any]] = [{"lookupKey": "a", "quantity": 2}, pro]
    body = read(CheckoutBody, {"items": items, "uiMode": "embedded"})
    assert [(line.lookup_key, line.entitlement_level, line.quantity) for line in body.lines] == [
        ("a", None, 2),
        (None, "PRO", 1),
    ]
    assert body.ui_mode == "embedded"
    assert len(read(CheckoutBody, {"items": items * 10}).lines) == 20


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"quantity": 1},
        {"priceId": "price_1", "lookupKey": "credits_500"},
        {"priceId": ""},
        {"priceId": "p" * 256},
        {"priceId": 1},
        {"priceId": ["price_1"]},
        {"priceId": "price_1", "quantity": "1"},
        {"priceId": "price_1", "quantity": 1.0},
        {"priceId": "price_1", "quantity": True},
        {"priceId": "price_1", "quantity": None},
        {"priceId": "price_1", "unitAmount": 1},
        {"priceId": "price_1", "userId": "bob"},
        {"priceId": "price_1", "successUrl": "https://evil.example.com"},
        {"priceId": "price_1", "metadata": {"user_id": "bob"}},
        {"priceId": "price_1", "plan": "pro"},
        {"plan": "pro", "entitlementLevel": "PRO"},
        {"plan": ""},
        {"priceId": "price_1", "interval": "month"},
        {"plan": "pro", "interval": "fortnight"},
        {"plan": "pro", "currency": "EUR"},
        {"plan": "pro", "currency": "euro"},
        {"plan": "pro", "currency": "eur\n"},
        {"plan": "pro", "locale": "xx"},
        {"plan": "pro", "uiMode": "custom"},
        {"plan": "pro", "uiMode": None},
        {"plan": "pro", "returnUrl": "https://evil.example.com"},
        {"plan": "pro", "trialDays": 30},
        {"items": []},
        {"items": [{"plan": "pro"}] * 21},
        {"items": [{"plan": "pro"}], "quantity": 1},
        {"items": [{"plan": "pro"}], "plan": "pro"},
        {"items": [{"plan": "pro"}], "interval": "month"},
        {"items": [{}]},
        {"items": [{"plan": "pro", "quantity": "2"}]},
        {"items": [{"plan": "pro", "currency": "eur"}]},
        {"items": {"plan": "pro"}},
        {"items": None, "quantity": 2},
        {"price_id": "price_1"},
    ],
    ids=json.dumps,
)
def test_a_checkout_that_does_not_fit_is_refused(body: dict[str, Any]) -> None:
    """S13: nothing is converted, and nothing is accepted that could change the price, the owner or the way back."""
    with pytest.raises(InvalidRequest):
        read(CheckoutBody, body)


@pytest.mark.parametrize("body", [{}, {"sessionId": ""}, {"sessionId": 5}, {"sessionId": "cs_1", "userId": "bob"}])
def test_a_success_body_that_does_not_fit_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        read(SuccessBody, body)


def test_the_refusal_names_the_field_and_not_its_value() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(CheckoutBody, {"priceId": "price_1", "quantity": "canary-7f3a9c"})
    assert refused.value.message.startswith("quantity: ")
    assert "7f3a9c" not in refused.value.message


def test_neither_of_two_prices_is_a_sentence_for_people() -> None:
    with pytest.raises(InvalidRequest, match="give one of priceId, lookupKey, plan and entitlementLevel"):
        read(CheckoutBody, {})


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_json_name_is_camel_case(model: type[BaseModel]) -> None:
    properties = model.model_json_schema(by_alias=True)["properties"]
    assert not [name for name in properties if "_" in name or name[0].isupper()]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_bodies_do_not_change(model: type[BaseModel]) -> None:
    assert model.model_config.get("frozen") is True
    assert issubclass(model, (Answer, Request))


def test_a_cached_catalog_of_another_shape_is_not_usable() -> None:
    with pytest.raises(ValidationError):
        CatalogAnswer.model_validate_json('{"prices": [{"priceId": "price_1"}]}')
