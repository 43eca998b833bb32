"""What all bodies of the HTTP API share: JSON names are camelCase, times ISO 8601 UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel


def _to_the_second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


Time = Annotated[
    datetime,
    PlainSerializer(_to_the_second, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""In UTC, to the second: a ledger entry's own time has a fraction, which not every client can read."""


def _with_zone(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a time in ISO 8601")  # noqa: TRY004  pydantic reports a ValueError as a field that does not fit
    return datetime.fromisoformat(value)


Moment = Annotated[
    AwareDatetime, BeforeValidator(_with_zone), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A time in a request, as we answer it: ISO 8601 with its zone, and no number."""
Id = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255)]


# Validators are built when a body is first read or written (`defer_build`): a function imports the bodies of all of its
# routes, and its first request needs few of them. https://docs.pydantic.dev/latest/api/config/#pydantic.config.ConfigDict.defer_build


class Request(BaseModel):
    """Base of the bodies we accept: unknown fields are refused, and nothing is converted silently."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, frozen=True, defer_build=True)


class Answer(BaseModel):
    """Base of the bodies we answer."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)
