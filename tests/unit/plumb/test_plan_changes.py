"""From what an account has to what the file says: each case as the calls that it makes."""

from typing import Any

from plumb.plans.account import StripeAccount
from plumb.plans.changes import Change, changes
from plumb.plans.file import Plan


def plan(**price: Any) -> Plan:
    one = {"lookup_key": "one", "currency": "usd", "unit_amount": 500, **price}
    product = {"key": "pack", "name": "Pack", "metadata": {"credits_amount": 5}, "prices": [one]}
    return Plan.model_validate({"products": [product]})


def product(**given: Any) -> dict[str, Any]:
    metadata = {"catalog_key": "pack", "credits_amount": "5"}
    made = {"id": "prod_1", "name": "Pack", "description": None, "tax_code": None, "active": True, "metadata": metadata}
    return {**made, "created": 1, "default_price": None, **given}


def price(**given: Any) -> dict[str, Any]:
    made = {"id": "price_1", "product": "prod_1", "lookup_key": "one", "currency": "usd", "unit_amount": 500}
    rest: dict[str, Any] = {
        "active": True,
        "nickname": None,
        "tax_behavior": "unspecified",
        "recurring": None,
        "metadata": {},
    }
    own = {"usd": {"unit_amount": 500}}
    return {**made, **rest, "currency_options": own, **given}


def there(*objects: dict[str, Any]) -> StripeAccount:
    return StripeAccount(
        {item["id"]: item for item in objects if item["id"].startswith("prod_")},
        {item["id"]: item for item in objects if item["id"].startswith("price_")},
    )


def told(found: list[Change]) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [(change.action, change.kind, change.id or change.name, dict(change.params)) for change in found]


def diff(*objects: dict[str, Any], **given: Any) -> list[tuple[str, str, str, dict[str, Any]]]:
    return told(list(changes(plan(**given), there(*objects))))


def test_an_account_that_is_as_the_file_says_needs_no_change() -> None:
    assert diff(product(), price()) == []


def test_in_an_empty_account_everything_is_created() -> None:
    metadata = {"credits_amount": "5", "catalog_key": "pack"}
    assert diff(recurring="month", currency_options={"eur": 450}) == [
        ("create", "product", "pack", {"name": "Pack", "metadata": metadata}),
        (
            "create",
            "price",
            "one",
            {
                "lookup_key": "one",
                "currency": "usd",
                "unit_amount": 500,
                "currency_options": {"eur": {"unit_amount": 450}},
                "recurring": {"interval": "month", "interval_count": 1},
            },
        ),
    ]


def test_an_interrupted_run_goes_on() -> None:
    (only,) = diff(product())
    assert only[:3] == ("create", "price", "one")


def test_another_amount_is_another_price_that_takes_the_lookup_key() -> None:
    (only,) = changes(plan(unit_amount=600), there(product(default_price="price_1"), price()))
    assert (only.action, only.id, only.product, only.default_of) == ("replace", "price_1", "pack", "prod_1")
    assert only.params["transfer_lookup_key"] is True
    assert only.params["unit_amount"] == 600


def test_what_else_makes_another_price() -> None:
    recurring = {"interval": "month", "interval_count": 1}
    assert [c[0] for c in diff(product(), price(), currency="eur")] == ["replace"]
    assert [c[0] for c in diff(product(), price(), recurring="month")] == ["replace"]
    assert [c[0] for c in diff(product(), price(recurring=recurring), recurring="month")] == []
    assert [
        c[0] for c in diff(product(), price(recurring=recurring), recurring={**recurring, "interval_count": 3})
    ] == ["replace"]
    assert [c[0] for c in diff(product(), price(), currency_options={"eur": 450})] == ["replace"]
    assert [c[0] for c in diff(product(), price(tax_behavior="inclusive"), tax_behavior="exclusive")] == ["replace"]
    assert [c[0] for c in diff(product(), product(id="prod_2", metadata={}), price(product="prod_2"))] == ["replace"]


def test_the_rest_is_updated_in_place() -> None:
    assert diff(product(name="Old", active=False), price(active=False), nickname="n", tax_behavior="exclusive") == [
        ("update", "product", "prod_1", {"name": "Pack", "active": True}),
        ("update", "price", "price_1", {"active": True, "nickname": "n", "tax_behavior": "exclusive"}),
    ]


def test_metadata_of_ours_goes_that_of_others_stays() -> None:
    metadata = {"catalog_key": "pack", "credits_amount": "9", "plan": "old", "team": "growth"}
    (only,) = diff(product(metadata=metadata), price())
    assert only == ("update", "product", "prod_1", {"metadata": {"credits_amount": "5", "plan": ""}})
    (only,) = diff(product(), price(metadata={"credits_amount": "9"}))
    assert only == ("update", "price", "price_1", {"metadata": {"credits_amount": ""}})


def test_a_product_without_our_key_is_taken_over_by_its_lookup_key() -> None:
    (only,) = diff(product(metadata={"credits_amount": "5"}), price())
    assert only == ("update", "product", "prod_1", {"metadata": {"catalog_key": "pack"}})


def test_what_the_file_no_longer_names_is_archived() -> None:
    gone = product(id="prod_2", metadata={"catalog_key": "gone"})
    found = diff(
        product(),
        price(),
        price(id="price_2", lookup_key="two"),
        price(id="price_3", lookup_key=None, active=False),
        gone,
        price(id="price_4", lookup_key="four", product="prod_2"),
    )
    assert found == [
        ("archive", "price", "price_2", {"active": False}),
        ("archive", "price", "price_4", {"active": False}),
        ("archive", "product", "prod_2", {"active": False}),
    ]


def test_products_of_others_are_left_alone() -> None:
    other = product(id="prod_2", metadata={})
    assert diff(product(), price(), other, price(id="price_2", lookup_key=None, product="prod_2")) == []
