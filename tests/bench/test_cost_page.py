"""docs/cost.md is made of docs/cost.json, docs/bench.json and template.yaml; `make cost` writes it."""

from tests.bench import record, stored
from tests.bench.page import PAGE, rendered


def test_the_page_shows_what_is_stored() -> None:
    assert PAGE.read_text() == rendered(stored.read(), record.read())
