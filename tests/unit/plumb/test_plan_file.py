"""The file of plans: what it may say, and that everything else is refused before Stripe is asked."""

from pathlib import Path

import pytest

from plumb.errors import PlumbError
from plumb.plans.file import Recurring, read_plan

ROOT = Path(__file__).parents[3]
LEVELS = ("FREE", "PRO", "TEAM")
PRICE = "{lookup_key: one, currency: usd, unit_amount: 500}"


def read(tmp_path: Path, text: str) -> object:
    file = tmp_path / "plans.yaml"
    file.write_text(text)
    return read_plan(file, LEVELS)


def test_the_sample_is_right() -> None:
    plan = read_plan(ROOT / "docs/examples/catalog.yaml", LEVELS)
    assert [product.key for product in plan.products] == ["credits-500", "credits-2000", "pro"]
    assert plan.products[0].metadata == {"credits_amount": "500"}
    assert plan.products[0].prices[0].currency_options == {"eur": 450}
    assert [price.recurring for price in plan.products[2].prices] == [
        Recurring(interval="month"),
        Recurring(interval="year"),
    ]


def test_json_is_read_as_well(tmp_path: Path) -> None:
    assert read(tmp_path, '{"products": []}')


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("products: [", "can't be read"),
        ("[]", "valid dictionary"),
        ("products: [{key: a}]", "products.0.name: Field required"),
        ("products: [{key: a, name: A, price: 5}]", "products.0.price: Extra inputs are not permitted"),
        (f"products: [{{key: 'a b', name: A, prices: [{PRICE}]}}]", "products.0.key"),
        ("products: [{key: a, name: A, prices: [{lookup_key: x, currency: USD, unit_amount: 1}]}]", "currency"),
        ("products: [{key: a, name: A, prices: [{lookup_key: x, currency: usd, unit_amount: 1.5}]}]", "unit_amount"),
        ("products: [{key: a, name: A, prices: [{lookup_key: x, currency: usd, unit_amount: true}]}]", "unit_amount"),
        (
            "products: [{key: a, name: A, prices: [{lookup_key: x, currency: usd, unit_amount: 1, recurring: hour}]}]",
            "recurring.interval",
        ),
        ("products: [{key: a, name: A}, {key: a, name: B}]", "the product key a stands there twice"),
        (f"products: [{{key: a, name: A, prices: [{PRICE}, {PRICE}]}}]", "the lookup key one stands there twice"),
        (f"products: [{{key: a, name: A, prices: [{PRICE}]}}]", "one: gives neither credits nor a level"),
        (
            f"products: [{{key: a, name: A, metadata: {{credit_amount: 5}}, prices: [{PRICE}]}}]",
            "one: gives neither credits nor a level",
        ),
        (
            f"products: [{{key: a, name: A, metadata: {{credits_amout: 5, plan: a}}, prices: [{PRICE}]}}]",
            "a: credits_amout is none of credits_amount,",
        ),
        (
            f"products: [{{key: a, name: A, metadata: {{entitlement_level: GOLD}}, prices: [{PRICE}]}}]",
            "one: entitlement_level 'GOLD' is none of PRO, TEAM",
        ),
        (
            f"products: [{{key: a, name: A, metadata: {{credits_amount: 0}}, prices: [{PRICE}]}}]",
            "one: credits_amount must be a whole number",
        ),
        (f"products: [{{key: a, name: A, metadata: {{credits_amount: true}}, prices: [{PRICE}]}}]", "credits_amount"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(PlumbError) as caught:
        read(tmp_path, text)
    assert sentence in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PlumbError, match="can't be read"):
        read_plan(tmp_path / "none.yaml", LEVELS)
