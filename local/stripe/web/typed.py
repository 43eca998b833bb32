"""What a buyer has typed into a form of these pages."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

_LONGEST = 500
"""Characters of a field: no more of one is read."""


async def typed_into(request: Request) -> dict[str, str]:
    """The fields of a posted form by their names, without spaces around; a byte that is no UTF-8 is replaced."""
    body = (await request.body()).decode(errors="replace")
    return {name: value.strip()[:_LONGEST] for name, value in parse_qsl(body)}
