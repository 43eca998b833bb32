"""`plumb catalog` and `plumb catalog apply` against the stand-in."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.operator import Operator
from tests.integration.purchase.shop import Shop

FILE = """
products:
  - key: applied
    name: Applied
    metadata: {{credits_amount: 70}}
    prices:
      - {{lookup_key: applied_once, currency: usd, unit_amount: {amount}, currency_options: {{eur: 650}}}}
      - {{lookup_key: applied_monthly, currency: usd, unit_amount: 900, recurring: month}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "plans.yaml"
    path.write_text(FILE.format(amount=700))
    return path


def price(shop: Shop, lookup_key: str) -> dict[str, Any]:
    (found,) = shop.stripe("GET", "prices", **{"lookup_keys[]": lookup_key})["data"]
    assert isinstance(found, dict)
    return found


def test_prices_with_what_they_give(plumb: Operator) -> None:
    lines = plumb("catalog").out.splitlines()
    (line,) = [line for line in lines if line.startswith("credits_2000_90d ")]
    assert " ".join(line.split()[2:]) == "2,000 credits, 90 days 15.00 usd 2000 credits for 90 days for sale"
    prices = {item["lookup_key"]: item for item in plumb("catalog", "--json").document["prices"]}
    assert prices["pro_monthly"]["gives"]["level"] == "PRO"
    assert (prices["pro_monthly"]["interval"], prices["pro_monthly"]["sellable"]) == ("month", True)


def test_broken_and_archived_ones_say_so(plumb: Operator, shop: Shop) -> None:
    product = shop.stripe("POST", "products", name="Odd", **{"metadata[entitlement_level]": "GOLD"})
    made = shop.stripe("POST", "prices", product=product["id"], currency="jpy", unit_amount=100, lookup_key="odd")
    try:
        told = plumb("catalog").out
        assert "broken: entitlement_level 'GOLD' is none of PRO, TEAM" in told
        assert "100 jpy" in told
    finally:
        shop.stripe("POST", f"prices/{made['id']}", active="false")
    assert made["id"] not in plumb("catalog").out
    (archived,) = [item for item in plumb("catalog", "--all", "--json").document["prices"] if item["id"] == made["id"]]
    assert (archived["active"], archived["problem"]) == (False, "entitlement_level 'GOLD' is none of PRO, TEAM")


def test_an_applied_file_makes_the_account_sell_what_it_says(plumb: Operator, shop: Shop, file: Path) -> None:
    """Shown, made, idempotent; another amount moves the lookup key; what is taken out is archived."""
    shown = plumb("catalog", "apply", str(file), "--dry-run", "--json").document
    assert [(c["action"], c["kind"], c["name"]) for c in shown["changes"]] == [
        ("create", "product", "applied"),
        ("create", "price", "applied_once"),
        ("create", "price", "applied_monthly"),
    ]
    assert shown["applied"] == 0
    unasked = plumb("catalog", "apply", str(file))
    assert (unasked.code, unasked.err) == (2, "Nothing was changed: pass --yes to do it.\n")
    assert plumb("catalog", "apply", str(file), "--yes", "--json").document["applied"] == 3
    assert plumb("catalog", "apply", str(file), "--yes", "--json").document["changes"] == []
    first = price(shop, "applied_once")

    file.write_text(FILE.format(amount=800))
    (change,) = plumb("catalog", "apply", str(file), "-y", "--json").document["changes"]
    assert (change["action"], change["id"]) == ("replace", first["id"])
    second = price(shop, "applied_once")
    assert (second["unit_amount"], second["product"]) == (800, first["product"])
    old = shop.stripe("GET", f"prices/{first['id']}")
    assert (old["active"], old["lookup_key"]) == (False, None)
    assert plumb("catalog", "apply", str(file), "-y").out == "Nothing to do: the account sells what the file says.\n"

    file.write_text("products: []")
    gone = plumb("catalog", "apply", str(file), "-y", "--json").document["changes"]
    assert sorted((c["action"], c["kind"]) for c in gone) == [("archive", "price")] * 2 + [("archive", "product")]
    assert shop.stripe("GET", f"products/{first['product']}")["active"] is False
    assert plumb("catalog", "apply", str(file), "-y", "--json").document["changes"] == []

    file.write_text(FILE.format(amount=800))
    back = plumb("catalog", "apply", str(file), "-y", "--json").document["changes"]
    assert [(c["action"], c["params"]) for c in back] == [("update", {"active": True})] * 3


def test_a_default_price_can_be_replaced(plumb: Operator, shop: Shop, file: Path) -> None:
    """Stripe archives no price that is its product's default."""
    plumb("catalog", "apply", str(file), "-y")
    first = price(shop, "applied_once")
    shop.stripe("POST", f"products/{first['product']}", default_price=first["id"])
    file.write_text(FILE.format(amount=first["unit_amount"] + 1))
    assert plumb("catalog", "apply", str(file), "-y").code == 0
    assert shop.stripe("GET", f"products/{first['product']}")["default_price"] == price(shop, "applied_once")["id"]


def test_a_wrong_file_changes_nothing(plumb: Operator, file: Path) -> None:
    file.write_text("products: [{key: a, name: A, prise: 1}]")
    result = plumb("catalog", "apply", str(file), "-y", "--json")
    assert (result.code, result.out) == (1, "")
    assert "products.0.prise: Extra inputs are not permitted" in result.err
