"""The page's languages: everything it says is translated, and the right language is chosen."""

import inspect
import re
from pathlib import Path

import pytest

from local.stripe.engine.buyers import instruments
from local.stripe.engine.payments import payment_intents
from local.stripe.web import pages, pay_form, texts
from local.stripe.web.money import money

TEMPLATES = Path(texts.__file__).parent / "templates"
SENTENCE = re.compile(r"""(?:_\(|box\("\w+", )(["'])(.*?)\1[,)]""")
RAISED = re.compile(r'InvalidDetails\(\s*"\w+", f?"[\w{}]+", "(.*?)"')
PERIODS = ("day", "week", "month", "year")


def sentences() -> set[str]:
    found = {match[2] for each in TEMPLATES.glob("*.html") for match in SENTENCE.finditer(each.read_text())}
    found |= {f"per {period}" for period in PERIODS} | {f"every {{count}} {period}s" for period in PERIODS}
    found |= set(pay_form.COUNTRIES.values()) | {pages.CHANGED, pages.UNKNOWN_CODE, "Complete", "Expired", "Unknown"}
    for module in (instruments, pay_form):
        found |= set(RAISED.findall(inspect.getsource(module)))
    for card in instruments.CARDS.values():
        found |= {card.failure[2]} if card.failure else set()
    return found - {'every {count} " + recurring.interval + "s', "per "}


@pytest.mark.parametrize("language", [language for language in texts.LANGUAGES if language != "en"])
def test_everything_is_translated_and_keeps_its_values(language):
    said = sentences()
    assert len(said) > 100
    known = texts._texts(language)
    assert said - known.keys() == set()
    for english, other in known.items():
        assert re.findall(r"\{\w+\}", english) == re.findall(r"\{\w+\}", other), english


def test_the_message_of_a_failed_authentication_is_known():
    message = re.search(r'"(We are unable to authenticate.*?)"', inspect.getsource(payment_intents))
    assert message
    assert message[1] in texts._texts("de")


@pytest.mark.parametrize(
    ("locale", "accepted", "language"),
    [
        (None, "", "en"),
        ("auto", "fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("auto", "en;q=0.5, de;q=0.7", "de"),
        ("auto", "pt-BR, es;q=0.4", "es"),
        ("auto", "xx;q=broken, ;;, de", "de"),
        ("de", "fr", "de"),
        ("fr-CA", "de", "fr"),
        ("ja", "de", "en"),
    ],
)
def test_the_session_decides_else_the_browser(locale, accepted, language):
    assert texts.choose(locale, accepted) == language


def test_amounts_are_written_as_the_language_writes_them():
    assert money(123_456, "usd") == "$1,234.56"
    assert money(123_456, "eur", "de") == "1.234,56\u00a0€"
    assert money(-500, "jpy", "fr") == "−500\u00a0JPY"
    assert money(1_234_560, "kwd") == "1,234.560 KWD", "three decimals, not two"
    assert money(-5, "bhd", "de") == "−0,005\u00a0BHD"
