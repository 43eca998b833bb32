"""The catalog, as the API answers it."""

from __future__ import annotations

from billing.api_models.catalog import CatalogAnswer, CurrencyAnswer, GivesAnswer, PriceAnswer
from billing.domain.catalog import Price


def catalog_answer(prices: list[Price]) -> CatalogAnswer:
    """The prices that can be bought: active, with an amount, and metadata that gives something."""
    return CatalogAnswer(
        prices=[
            PriceAnswer(
                price_id=price.id,
                lookup_key=price.lookup_key,
                product_id=price.product_id,
                product_name=price.product_name,
                description=price.description,
                unit_amount=price.unit_amount,
                currency=price.currency,
                type="recurring" if price.recurring else "one_time",
                interval=price.interval,
                interval_count=price.interval_count if price.recurring else None,
                currencies=[
                    CurrencyAnswer(currency=currency, unit_amount=amount) for currency, amount in price.options.items()
                ],
                gives=GivesAnswer(
                    credits=price.gives.credits or None,
                    credits_expire_days=price.gives.credits_expire_days,
                    level=price.gives.level,
                    level_days=price.gives.level_days,
                    plan=price.gives.plan,
                    plan_group=price.gives.group if price.recurring else None,
                ),
            )
            for price in prices
            if price.sellable and price.unit_amount is not None
        ]
    )
