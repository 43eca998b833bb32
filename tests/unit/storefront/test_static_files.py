"""The storefront's files keep the promises its content security policy and its readers rely on.

`default-src 'self'` blocks inline code and anything of another host, silently, in the buyer's browser only: so it is
checked here, without one.
"""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

STOREFRONT = Path(__file__).parents[3] / "storefront"
PAGES = sorted(STOREFRONT.glob("*.html"))
SCRIPTS = sorted(STOREFRONT.glob("assets/js/*.js"))
SVG_NAMESPACE = "http://www.w3.org/2000/svg"

# Each of these turns a string into markup or code: text from the API must never get there.
STRING_TO_CODE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|createContextualFragment"
)


class Page(HTMLParser):
    """What a page loads and what it runs inline."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self._raw: str | None = None
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._raw = tag if tag in {"script", "style"} else None

    def handle_data(self, data: str) -> None:
        if self._raw and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._raw = None

    def addresses(self) -> list[str]:
        return [value for _, attrs in self.tags for name, value in attrs.items() if name in {"src", "href"} and value]


def served_as(address: str) -> Path:
    """Find the file behind an address, as the storefront's server maps it."""
    pages = {
        "/": "index.html",
        "/account": "account.html",
        "/studio": "studio.html",
        "/checkout/pay": "pay.html",
        "/checkout/return": "return.html",
        "/checkout/canceled": "canceled.html",
    }
    path = address.partition("#")[0]
    return STOREFRONT / pages.get(path, path.lstrip("/"))


def test_the_pages_are_there():
    assert [page.stem for page in PAGES] == ["404", "account", "canceled", "index", "pay", "return", "studio"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_has_no_inline_code_or_style(path: Path):
    page = Page(path)
    assert page.inline == []
    inline = [(tag, name) for tag, attrs in page.tags for name in attrs if name.startswith("on") or name == "style"]
    assert inline == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_loads_and_links_only_what_is_there(path: Path):
    for address in Page(path).addresses():
        assert address.startswith(("/", "#")), f"{address} is of another host, or relative to an unknown address"
        assert address.startswith("#") or served_as(address).is_file(), f"{address} leads nowhere"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_can_be_read_by_everybody(path: Path):
    tags = Page(path).tags
    assert ("html", {"lang": "en"}) in tags
    assert [tag for tag, _ in tags].count("h1") == 1
    assert [tag for tag, _ in tags].count("main") == 1
    assert ("a", {"class": "skip", "href": "#main"}) in tags
    assert all(attrs.get("aria-hidden") == "true" for tag, attrs in tags if tag == "svg")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_never_turns_text_into_markup(path: Path):
    found = [line for line in path.read_text(encoding="utf-8").splitlines() if STRING_TO_CODE.search(line)]
    assert found == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_imports_only_its_neighbours(path: Path):
    for module in re.findall(r"""(?:from|import)\s+["']([^"']+)["']""", path.read_text(encoding="utf-8")):
        assert module.startswith("./"), f"{module} is not a file of this storefront"
        assert (path.parent / module).is_file(), f"{module} is missing"


def test_nothing_names_another_host_outside_a_comment():
    for path in (*SCRIPTS, *STOREFRONT.glob("assets/*")):
        if path.is_file():
            code = re.sub(r"/\*.*?\*/|<!--.*?-->|\s//[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            hosts = [url for url in re.findall(r"https?://[^\s\"'<>)]+", code) if url != SVG_NAMESPACE]
            assert hosts == [], path.name
