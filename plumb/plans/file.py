"""The file: YAML, or JSON, which is YAML too. Every field is checked before Stripe is asked for anything.

Metadata is checked by the very reader that a checkout uses (`parse_gives`), and a key that looks like one of the
catalog's but is none is refused: Stripe would take it, and everybody would ignore it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from billing.domain.catalog import KEYS, BrokenMetadata, Gives, parse_gives, speaking_metadata
from billing.domain.ids import LOOKUP_KEY
from plumb.errors import PlumbError
from plumb.given import unreadable

_FAMILIES = ("credits", "entitlement", "plan")
_MOST_PROBLEMS = 10


def _text(value: object) -> object:
    """A number of YAML as the text that Stripe keeps."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Metadata = dict[
    Annotated[str, StringConstraints(min_length=1, max_length=40)],
    Annotated[str, BeforeValidator(_text), StringConstraints(min_length=1, max_length=500)],
]
"""Stripe's limits: https://docs.stripe.com/api/metadata."""
Currency = Annotated[str, StringConstraints(pattern=r"^[a-z]{3}$")]
Amount = Annotated[int, Field(ge=0, le=99_999_999, strict=True)]
"""Minor units, at most eight digits (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts)."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Recurring(_Strict):
    """The period of a subscription's price."""

    interval: Literal["day", "week", "month", "year"]
    interval_count: Annotated[int, Field(ge=1, le=156)] = 1


def _recurring(value: object) -> object:
    """`recurring: month` is short for `{interval: month}`."""
    return {"interval": value} if isinstance(value, str) else value


class PlannedPrice(_Strict):
    """A price. Its lookup key is its identity: the same in every Stripe account, while ids differ."""

    lookup_key: Annotated[str, StringConstraints(pattern=f"^{LOOKUP_KEY.pattern}$")]
    currency: Currency
    unit_amount: Amount
    currency_options: dict[Currency, Amount] = {}
    recurring: Annotated[Recurring, BeforeValidator(_recurring)] | None = None
    tax_behavior: Literal["exclusive", "inclusive", "unspecified"] | None = None
    nickname: str | None = None
    metadata: Metadata = {}


class PlannedProduct(_Strict):
    """A product. Its key is kept in its metadata (`catalog_key`): product ids differ from account to account."""

    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=250)]
    description: str | None = None
    tax_code: str | None = None
    metadata: Metadata = {}
    prices: list[PlannedPrice] = []


class Plan(_Strict):
    """The whole file."""

    products: list[PlannedProduct]

    @model_validator(mode="after")
    def _named_once(self) -> Plan:
        for what, names in (
            ("product key", [product.key for product in self.products]),
            ("lookup key", [price.lookup_key for product in self.products for price in product.prices]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"the {what} {twice[0]} stands there twice")
        return self


def read_plan(path: Path, levels: tuple[str, ...]) -> Plan:
    """Read and check a file. Raises PlumbError with all that is wrong, a line each."""
    try:
        content = yaml.safe_load(path.read_text())
    except RecursionError as exc:
        raise PlumbError(f"{path} can't be read: it is nested too deeply.") from exc
    except (OSError, LookupError, ValueError, yaml.YAMLError) as exc:  # PyYAML lets the bare error of a bad date out
        raise unreadable(path, exc) from exc
    try:
        plan = Plan.model_validate(content)
    except ValidationError as exc:
        raise PlumbError(
            _invalid(path, (f"{_where(e['loc'])}{e['msg']}" for e in exc.errors(include_url=False)))
        ) from exc
    problems = list(_broken(plan, levels))
    if problems:
        raise PlumbError(_invalid(path, problems))
    return plan


def gives_of(product: PlannedProduct, price: PlannedPrice, levels: tuple[str, ...]) -> Gives:
    """What a price gives; raises BrokenMetadata."""
    return parse_gives(speaking_metadata(price.metadata, product.metadata), levels)


def _broken(plan: Plan, levels: tuple[str, ...]) -> Iterator[str]:
    for product in plan.products:
        for where, metadata in ((product.key, product.metadata), *((p.lookup_key, p.metadata) for p in product.prices)):
            for key in metadata:
                if key.partition("_")[0] in _FAMILIES and key not in KEYS:
                    yield f"{where}: {key} is none of {', '.join(KEYS)}"
        for price in product.prices:
            try:
                if gives_of(product, price, levels).nothing:
                    yield f"{price.lookup_key}: gives neither credits nor a level, so it could not be sold"
            except BrokenMetadata as exc:
                yield f"{price.lookup_key}: {exc}"


def _where(location: tuple[Any, ...]) -> str:
    return f"{'.'.join(map(str, location))}: " if location else ""


def _invalid(path: Path, problems: Any) -> str:
    listed = list(problems)
    more = [f"and {len(listed) - _MOST_PROBLEMS} more"] if len(listed) > _MOST_PROBLEMS else []
    return "\n  ".join([f"{path} can't be applied:", *listed[:_MOST_PROBLEMS], *more])
