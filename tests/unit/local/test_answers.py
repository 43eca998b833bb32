"""The quicker requests and answers against moto's own, on the same items (`system.md`, "The laptop")."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import backends
from moto.core import responses
from moto.core.parse import BaseJSONParser, JSONParser
from moto.core.serialize import BaseJSONSerializer, JSONSerializer, XFormedAttributePicker
from moto.core.utils import get_service_model
from moto.dynamodb.responses import DynamoHandler

from local.aws import answers
from local.aws.server import moto_application

STOCK, STOCK_PARSE, STOCK_NAMES = answers._stock, answers._stock_parse, answers._stock_names

TEXT = st.text(max_size=3)
NAME = st.text(min_size=1, max_size=3)  # moto leaves out the level below a name that is empty
PLAIN = st.one_of(
    st.fixed_dictionaries({"S": TEXT}),
    st.fixed_dictionaries({"N": st.integers().map(str)}),
    st.fixed_dictionaries({"BOOL": st.booleans()}),
    st.just({"NULL": True}),
    st.fixed_dictionaries({"SS": st.lists(TEXT, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"NS": st.lists(st.integers().map(str), min_size=1, max_size=2)}),
    st.fixed_dictionaries({"B": st.binary(max_size=3)}),
    st.fixed_dictionaries({"BS": st.lists(st.binary(max_size=3), min_size=1, max_size=2)}),
    st.fixed_dictionaries({"N": st.integers()}),  # not as it is sent
)
ODD = st.one_of(
    st.just({"B": "YQ=="}),
    st.just({"BS": ["YQ==", "Yg=="]}),
    st.just({}),
    st.just({"S": None}),
    st.just({"BOOL": None}),
    st.just({"S": "a", "N": "1"}),
    st.just({"SS": ["a", None]}),
    st.just({"Unknown": "a"}),
)
"""What only a request may hold."""


def nested(plain: Any) -> Any:
    return st.recursive(
        plain,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"L": st.lists(inner, max_size=3)}),
            st.fixed_dictionaries({"M": st.dictionaries(NAME, inner, max_size=3)}),
        ),
        max_leaves=8,
    )


VALUES = nested(PLAIN)
SENT = nested(st.one_of(PLAIN.filter(lambda value: not value.keys() & {"B", "BS"}), ODD))


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    answers.install()
    yield
    put_stock_back()


def put_stock_back() -> None:
    BaseJSONSerializer._serialize_type_structure = STOCK  # type: ignore[method-assign]
    BaseJSONParser._parse_structure = STOCK_PARSE  # type: ignore[method-assign]
    vars(responses)["method_names_from_class"] = STOCK_NAMES


def answered(result: dict[str, Any], operation: str = "GetItem") -> str:
    model = get_service_model("dynamodb").operation_model(operation)
    return str(JSONSerializer(model, value_picker=XFormedAttributePicker()).serialize(result)["body"])


@given(st.dictionaries(st.sampled_from(["pk", "S", "AttributeValue", "lots"]), VALUES, max_size=3))
def test_an_item_is_answered_as_moto_does(item: dict[str, Any]) -> None:
    results: dict[str, dict[str, Any]] = {
        "GetItem": {"Item": item},
        "Query": {"Items": [item, item], "Count": 2, "LastEvaluatedKey": item},
        "BatchGetItem": {"Responses": {"accounts": [item]}, "UnprocessedKeys": {}},
    }
    put_stock_back()
    stock = {name: answered(result, name) for name, result in results.items()}
    answers.install()
    assert {name: answered(result, name) for name, result in results.items()} == stock


def read(operation: str, asked: dict[str, Any]) -> Any:
    model = get_service_model("dynamodb").operation_model(operation)
    sent: Any = {"body": json.dumps(asked).encode()}
    return JSONParser(model).parse(sent)


@given(st.dictionaries(st.sampled_from(["pk", "S", "AttributeValue", "lots"]), SENT, max_size=3))
def test_a_request_is_read_as_moto_does(item: dict[str, Any]) -> None:
    requests: dict[str, dict[str, Any]] = {
        "PutItem": {"TableName": "accounts", "Item": item},
        "UpdateItem": {"TableName": "accounts", "Key": item, "ExpressionAttributeValues": item},
        "TransactWriteItems": {"TransactItems": [{"Put": {"TableName": "accounts", "Item": item}}]},
    }
    put_stock_back()
    stock = {name: read(name, asked) for name, asked in requests.items()}
    answers.install()
    assert {name: read(name, asked) for name, asked in requests.items()} == stock


def test_a_value_as_it_is_sent_is_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def watched(parser: Any, shape: Any, value: Any) -> Any:
        seen.append(shape.name)
        return STOCK_PARSE(parser, shape, value)

    monkeypatch.setattr(answers, "_stock_parse", watched)
    read("PutItem", {"TableName": "accounts", "Item": {"pk": {"S": "a"}, "lots": {"L": [{"N": "1"}]}}})
    assert seen == ["PutItemInput"]


def test_an_item_as_it_is_sent_is_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def watched(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        seen.append(shape.name)
        STOCK(serializer, serialized, value, shape, key)

    monkeypatch.setattr(answers, "_stock", watched)
    answered({"Item": {"pk": {"S": "a"}, "lots": {"L": [{"M": {"used": {"N": "1"}}}]}}})
    assert seen == ["GetItemOutput"]


def test_a_class_is_asked_for_its_methods_once() -> None:
    first, second = (vars(responses)["method_names_from_class"](DynamoHandler) for _ in range(2))
    assert first == STOCK_NAMES(DynamoHandler)
    assert first is second


def test_a_host_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def listed() -> list[str]:
        asked.append("again")
        return ["sqs", "dynamodb"]

    monkeypatch.setattr(backends, "list_of_moto_modules", listed)
    application: Any = moto_application()
    found = [application.get_backend_for_host(host) for host in ("dynamodb", "sqs.us-east-1.amazonaws.com") * 2]
    assert found == ["dynamodb", "sqs"] * 2
    assert len(asked) == 2
