"""The page's language: English sentences are the keys, other languages in texts/*.json. https://docs.stripe.com/js/appendix/supported_locales"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "de", "es", "fr")
"""Of Stripe's forty; any other locale is shown in English."""
_FOLDER = Path(__file__).parent / "texts"
Translate = Callable[..., str]


@cache
def _texts(language: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if language != "en":
        found = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


def choose(locale: str | None, accept_language: str) -> str:
    """The language of a session's `locale`; with none, or `auto`, what the browser prefers."""
    if locale not in (None, "auto"):
        wanted = [str(locale)]
    else:
        wanted = [name for name, _ in sorted(_preferences(accept_language), key=lambda each: -each[1])]
    known = [name for name in (each.partition("-")[0].lower() for each in wanted) if name in LANGUAGES]
    return known[0] if known else "en"


def _preferences(accept_language: str) -> list[tuple[str, float]]:
    """Read Accept-Language; what is malformed counts for nothing. RFC 9110, section 12.5.4."""
    found = []
    for part in accept_language.split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            found.append((name.strip(), float(quality or 1)))
        except ValueError:
            continue
    return [each for each in found if each[0] and each[1] > 0]


def translator(language: str) -> Translate:
    """A function from an English sentence, with values for its {names}, to the same in a language."""
    known = _texts(language)

    def translate(sentence: str, **values: object) -> str:
        return known.get(sentence, sentence).format(**values) if values else known.get(sentence, sentence)

    return translate
