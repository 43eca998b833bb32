"""How a field of one of Stripe's objects is read, and what is raised where one does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from billing.domain.ids import STRIPE_ID, fits, required
from billing.errors import MalformedObject

type Object = Mapping[str, Any]
"""An object of Stripe as plain JSON."""


@contextmanager
def reading(kind: str, obj: Object) -> Iterator[None]:
    """Turn whatever goes wrong inside into MalformedObject with the object's kind and id."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise MalformedObject(
            f"a {kind} of Stripe can't be read", id=fits(obj.get("id"), STRIPE_ID), reason=repr(error)[:200]
        ) from error


def id_of(value: object, field: str, pattern: re.Pattern[str] = STRIPE_ID) -> str:
    """The id of something that may be expanded. Raises UnfitError."""
    return required(value.get("id") if isinstance(value, Mapping) else value, pattern, field)
