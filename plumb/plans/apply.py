"""Do the changes at Stripe, one after the other; what was done when it stops is not done again by the next run."""

from collections.abc import Iterable, Iterator
from typing import Any

import stripe

from plumb.plans.account import StripeAccount
from plumb.plans.changes import Change
from plumb.plans.file import Plan


def apply(client: stripe.StripeClient, planned: Iterable[Change], plan: Plan, there: StripeAccount) -> Iterator[Change]:
    """Do each change, and yield it when it is done. Raises what the SDK raises."""
    products = {
        product.key: found["id"]
        for product in plan.products
        if (found := there.product(product.key, [price.lookup_key for price in product.prices])) is not None
    }
    for change in planned:
        params: Any = dict(change.params)
        if change.kind == "product":
            if change.id is None:
                products[change.name] = client.v1.products.create(params).id
            else:
                client.v1.products.update(change.id, params)
        elif change.product is not None:
            _new_price(client, change, {**params, "product": products[change.product]})
        else:
            client.v1.prices.update(str(change.id), params)
        yield change


def _new_price(client: stripe.StripeClient, change: Change, params: Any) -> None:
    made = client.v1.prices.create(params)
    if change.default_of is not None:
        client.v1.products.update(change.default_of, {"default_price": made.id})
    if change.id is not None:
        client.v1.prices.update(change.id, {"active": False})
