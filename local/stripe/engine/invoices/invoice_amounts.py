"""What discounts and tax make of an invoice: its lines and its sums.

https://docs.stripe.com/api/invoices/object; since 2025-03-31 taxes are under `taxes` and `total_taxes`:
https://docs.stripe.com/changelog/basil/2025-03-31/invoice-tax-configurations
"""

from __future__ import annotations

from local.stripe.engine.catalog import coupons, discounts, tax, tax_ids
from local.stripe.engine.catalog.amounts import Amounts
from local.stripe.engine.world import Obj, World


def reckon(world: World, subscription: Obj, customer: Obj, lines: list[Obj]) -> Obj:
    """Write discounts and taxes on the lines; return the members of the invoice that follow from them."""
    running = [each for each in subscription["discounts"] if discounts.runs(world, each)]
    for discount_id in running:
        _discount(world, world.need("discount", discount_id), lines)
    taxed = bool(subscription["automatic_tax"]["enabled"])
    country = tax.located(customer["address"]) if taxed else None
    if country is not None:
        business = bool(tax_ids.shown(world, customer["id"]))
        reason = tax.reason_for(country, customer["tax_exempt"], business=business)
        for line in lines:
            _tax(world, line, country, reason)
    return sums(lines) | {
        "discounts": running,
        "automatic_tax": automatic_tax(taxed, country),
    }


def automatic_tax(enabled: bool, country: str | None) -> Obj:
    """The member of that name: whether tax was reckoned, or what is missing for it."""
    status = ("complete" if country else "requires_location_inputs") if enabled else None
    return {
        "disabled_reason": None,
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": status,
    }


def _discount(world: World, discount: Obj, lines: list[Obj]) -> None:
    """Take a coupon off every line that may be discounted: a proration may not."""
    coupon = coupons.still_counts(world, discount["source"]["coupon"])
    wanted = [line for line in lines if line["discountable"]]
    left = [line["amount"] - sum(each["amount"] for each in line["discount_amounts"]) for line in wanted]
    products = [line["pricing"]["price_details"]["product"] for line in wanted]
    currency = wanted[0]["currency"] if wanted else ""
    for line, share in zip(wanted, discounts.shares(world, coupon, products, left, currency), strict=True):
        line["discount_amounts"].append({"amount": share, "discount": discount["id"]})
        line["pretax_credit_amounts"].append(
            {"amount": share, "credit_balance_transaction": None, "discount": discount["id"], "type": "discount"}
        )


def _tax(world: World, line: Obj, country: str, reason: str) -> None:
    price = world.need("price", line["pricing"]["price_details"]["price"])
    included = tax.inclusive(world, price, line["currency"])
    found = tax.reckon(line["amount"], _off(line), country, included=included, reason=reason)
    line["taxes"] = [entry(world, found, country, reason)]


def entry(world: World, found: Amounts, country: str, reason: str) -> Obj:
    """One tax of an invoice or of one of its lines."""
    return {
        "amount": found.tax,
        "tax_behavior": "inclusive" if found.inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": tax.rate(world, country, included=found.inclusive, reason=reason)["id"]},
        "taxability_reason": reason,
        "taxable_amount": found.taxable,
        "type": "tax_rate_details",
    }


def _off(line: Obj) -> int:
    return sum(each["amount"] for each in line["discount_amounts"])


def sums(lines: list[Obj]) -> Obj:
    """Add the lines up."""
    subtotal = sum(line["amount"] for line in lines)
    taxes = [each for line in lines for each in line["taxes"] or []]
    on_top = sum(each["amount"] for each in taxes if each["tax_behavior"] == "exclusive")
    all_tax = sum(each["amount"] for each in taxes)
    total = subtotal - sum(_off(line) for line in lines) + on_top
    return {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - (all_tax - on_top),
        "total": total,
        "total_discount_amounts": _added(lines, "discount_amounts", "discount"),
        "total_excluding_tax": total - all_tax,
        "total_pretax_credit_amounts": _added(lines, "pretax_credit_amounts", "discount"),
        "total_taxes": _added_taxes(taxes),
    }


def _added(lines: list[Obj], member: str, key: str) -> list[Obj]:
    found: dict[str, Obj] = {}
    for each in (each for line in lines for each in line[member]):
        known = found.setdefault(each[key], {**each, "amount": 0})
        known["amount"] += each["amount"]
    return list(found.values())


def _added_taxes(taxes: list[Obj]) -> list[Obj]:
    found: dict[tuple[str, str], Obj] = {}
    for each in taxes:
        key = (each["tax_rate_details"]["tax_rate"], each["taxability_reason"])
        known = found.setdefault(key, {**each, "amount": 0, "taxable_amount": 0})
        known["amount"] += each["amount"]
        known["taxable_amount"] += each["taxable_amount"]
    return list(found.values())
