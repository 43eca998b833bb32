import pytest

from local.stripe.engine.errors import ApiError
from local.stripe.engine.form import decode_form


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        ("", {}),
        ("a=1&b=two+words", {"a": "1", "b": "two words"}),
        ("a=", {"a": ""}),
        ("metadata[order_id]=o1", {"metadata": {"order_id": "o1"}}),
        ("expand[]=a&expand[]=b", {"expand": ["a", "b"]}),
        ("a[b][]=1&a[b][]=2", {"a": {"b": ["1", "2"]}}),
        (
            "items[0][price]=p&items[0][quantity]=2&items[1][price]=q",
            {"items": {"0": {"price": "p", "quantity": "2"}, "1": {"price": "q"}}},
        ),
        ("created%5Bgte%5D=5", {"created": {"gte": "5"}}),
    ],
)
def test_a_form_with_brackets_becomes_nested(encoded, decoded):
    assert decode_form(encoded) == decoded


@pytest.mark.parametrize(
    "encoded", ["a=1&a[b]=2", "a[=1", "[a]=1", "a[][b]=1", "a[b]=1&a[]=2", "a" + "[b]" * 50 + "=1"]
)
def test_contradictions_are_refused(encoded):
    with pytest.raises(ApiError) as refused:
        decode_form(encoded)
    assert refused.value.status == 400
