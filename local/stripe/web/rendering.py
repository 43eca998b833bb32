"""Filling in the templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from local.stripe.web import texts
from local.stripe.web.money import money

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)
_TEMPLATES.filters["money"] = money


def render(name: str, language: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Fill a template in a language; never cached, since the page shows the state of a payment."""
    page = _TEMPLATES.get_template(name).render(_=texts.translator(language), language=language, **values)
    return HTMLResponse(page, status_code=status, headers={"Cache-Control": "no-store"})
