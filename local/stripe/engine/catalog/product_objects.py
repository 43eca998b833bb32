"""Making products: by their own route, and in passing by a price's `product_data`."""

from __future__ import annotations

from typing import Any

from local.stripe.engine.world import Obj, World


def make(world: World, **values: Any) -> Obj:
    """Keep a new product and tell about it."""
    now = world.now()
    product = world.add(
        {
            "id": world.id("prod", 14),
            "object": "product",
            "active": True,
            "created": now,
            "default_price": None,
            "description": None,
            "images": [],
            "livemode": False,
            "marketing_features": [],
            "metadata": {},
            "name": "",
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": None,
            "tax_details": None,
            "type": "service",
            "unit_label": None,
            "updated": now,
            "url": None,
            **values,
        }
    )
    world.emit("product.created", product)
    return product
